"""Which colour the band of each network has: one for a network, wherever in a picture it stands."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from render.pictures.palette import BANDS

if TYPE_CHECKING:
    from collections.abc import Sequence


def band_colours(networks: Sequence[str]) -> dict[str, int]:
    """For each network of the hops in turn, the place of its colour in `BANDS`; "" has none.

    Bands next to each other differ, unless one network has neighbours of all other colours.

    >>> band_colours(["A", "A", "B", "C", "", "A"])
    {'A': 0, 'B': 1, 'C': 2}
    """
    bands = [network for network, _ in groupby(filter(None, networks))]
    beside = defaultdict[str, list[str]](list)
    for near, far in pairwise(bands):
        beside[near].append(far)
        beside[far].append(near)
    colours: dict[str, int] = {}
    for network in dict.fromkeys(bands):
        taken = Counter(colours[other] for other in beside[network] if other in colours)
        colours[network] = min(range(len(BANDS)), key=taken.__getitem__)
    return colours
