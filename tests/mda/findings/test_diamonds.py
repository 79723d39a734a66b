"""Diamonds and their metrics, against graphs small enough to count by hand."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest

from mda.findings.diamonds import Diamond, diamonds
from mda.model import NOBODYS, Vertex
from tests.support.drive import SOURCE, interface, vertex


def graph(*paths: str) -> nx.DiGraph[Vertex]:
    """A graph of paths such as "1 2 4": interface numbers from TTL 1 on, after the source."""
    built: nx.DiGraph[Vertex] = nx.DiGraph()
    for path in paths:
        hops = [vertex(ttl, int(number)) for ttl, number in enumerate(path.split(), start=1)]
        nx.add_path(built, [Vertex(0, SOURCE), *hops])
    return built


def only(*paths: str) -> Diamond:
    (diamond,) = diamonds(graph(*paths))
    return diamond


def test_a_plain_path_has_no_diamond() -> None:
    assert diamonds(graph("1 2 3 4")) == ()


def test_two_branches_make_a_diamond_of_width_two_and_length_two() -> None:
    diamond = only("1 2 4", "1 3 4")
    assert (diamond.divergence, diamond.convergence) == (vertex(1, 1), vertex(3, 4))
    assert diamond.hops == ((vertex(2, 2), vertex(2, 3)),)
    assert (diamond.max_width, diamond.max_length, diamond.min_length) == (2, 2, 2)
    assert diamond.is_symmetric
    assert not diamond.is_meshed
    assert (diamond.width_asymmetry, diamond.paths) == (0, 2)


def test_two_diamonds_in_series_are_two() -> None:
    first, second = diamonds(graph("1 2 4 5 7", "1 3 4 6 7"))
    assert (first.divergence, first.convergence) == (vertex(1, 1), vertex(3, 4))
    assert (second.divergence, second.convergence) == (vertex(3, 4), vertex(5, 7))


def test_a_diamond_inside_another_belongs_to_the_outer_one() -> None:
    diamond = only("1 2 4 7", "1 2 5 7", "1 3 6 7")
    assert (diamond.max_width, diamond.max_length, diamond.paths) == (3, 3, 3)
    assert diamond.width_asymmetry == 1  # one vertex of hop 2 has two successors, one has one
    assert not diamond.is_meshed


def test_branches_that_cross_completely_are_meshed() -> None:
    full = only("1 2 4 6", "1 2 5 6", "1 3 4 6", "1 3 5 6")
    assert full.is_meshed
    assert full.meshed_ratio == pytest.approx(1 / 3)
    assert full.paths == 4
    assert full.width_asymmetry == 0


def test_a_crossing_from_a_narrower_to_a_wider_hop_is_meshed() -> None:
    # Hop 2 has two vertices, hop 3 three: meshed as one of hop 3 has two predecessors.
    assert only("1 2 4 7", "1 2 5 7", "1 3 5 7", "1 3 6 7").is_meshed


def test_branches_of_different_length_meet_at_the_destination() -> None:
    diamond = only("1 2 9", "1 3 4 9")
    assert diamond.convergence == vertex(4, 9)
    assert (diamond.max_length, diamond.min_length) == (3, 2)
    assert not diamond.is_symmetric
    assert diamond.paths == 2


def test_branches_that_never_meet_have_no_convergence() -> None:
    diamond = only("1 2", "1 3")
    assert diamond.convergence is None
    assert (diamond.max_width, diamond.max_length, diamond.paths) == (2, 1, 2)


def test_the_number_of_paths_is_exact_up_to_10_to_the_40() -> None:
    mesh: nx.DiGraph[Vertex] = graph("1")
    hops = [[vertex(1, 1)]]
    for ttl in range(2, 42):
        hops.append([vertex(ttl, 100 * ttl + n) for n in range(10)])
    hops.append([vertex(42, 9999)])
    for near, far in pairwise(hops):
        mesh.add_edges_from((a, b) for a in near for b in far)
    (diamond,) = diamonds(mesh)
    assert diamond.paths == 10**40
    assert interface(9999) == diamond.convergence.address  # type: ignore[union-attr]


def test_routers_that_share_the_address_of_nobody_are_no_common_end() -> None:
    """A balancer's successors have the address at which the branches meet, and are others."""
    near, *branches, far = (
        Vertex(ttl, NOBODYS, interface=name)
        for ttl, name in ((1, "eth0"), (2, "eth1"), (2, "eth2"), (3, "eth3"))
    )
    built: nx.DiGraph[Vertex] = nx.DiGraph()
    for branch in branches:
        nx.add_path(built, [Vertex(0, SOURCE), near, branch, far])
    (diamond,) = diamonds(built)
    assert (diamond.convergence, diamond.hops) == (far, (tuple(branches),))
    assert diamond.max_width == 2
