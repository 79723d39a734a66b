"""Bands of networks in whole pictures: a network has one colour, and its neighbours others."""

from __future__ import annotations

import re
from itertools import pairwise

from render.pictures.bands import band_colours
from render.pictures.dot import to_dot
from render.pictures.palette import BANDS, INKS
from render.pictures.sheet import sheet
from render.pictures.sizes import SIZES
from tests.support.traces import assembled, hops, numbered, outcomes
from tests.support.views import diagram_of

# A way through A and B that comes back to each, past C and a hop of no network.
NETWORKS = ["A", "A", "B", "C", "A", "", "B", "A"]
_HOPS = hops(*numbered("198.51.100.", 1, len(NETWORKS) - 1), "203.0.113.9", flows=6)
_PLAIN = diagram_of(assembled(outcomes(_HOPS)))
_SOURCE, *_OTHERS = _PLAIN.columns
DRAWN = _PLAIN._replace(
    columns=(
        _SOURCE,
        *(own._replace(network=network) for own, network in zip(_OTHERS, NETWORKS, strict=True)),
    )
)


def check(bands: list[tuple[str, str]]) -> None:
    """Bands in turn, each a network and its colour."""
    assert len(set(bands)) == len({network for network, _ in bands}) == 3
    assert all(near[1] != far[1] for near, far in pairwise(bands) if near[0] != far[0])


def test_a_network_has_one_colour_in_a_drawing() -> None:
    groups = sheet(DRAWN, SIZES["screen"]).groups
    bands = [(own.tip, INKS[own.shapes[0].look].fill) for own in groups if own.name == "network"]
    assert [network for network, _ in bands] == ["A", "B", "C", "A", "B", "A"]
    check(bands)


def test_a_network_has_one_colour_in_dot() -> None:
    headings = re.findall(r'color="(#\w{6})", height.*label="hop \d\\n(\w)"', to_dot(DRAWN))
    assert [network for _, network in headings] == list(filter(None, NETWORKS))
    check([(network, colour) for colour, network in headings])


def test_with_neighbours_of_every_colour_a_network_still_has_one() -> None:
    every = [str(number) for number in range(len(BANDS) + 1)]
    way = [
        end for number, near in enumerate(every) for far in every[number:] for end in (near, far)
    ]
    colours = band_colours(way)
    assert colours.keys() == set(every)
    assert set(colours.values()) == set(range(len(BANDS)))
