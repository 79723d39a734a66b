from __future__ import annotations

from ipaddress import ip_address

import pytest

from mda.answers.dag import Dag
from mda.findings.flow_shares import edge_shares, vertex_shares
from mda.model import Vertex
from tests.render.samples import TRACES


@pytest.mark.parametrize("name", TRACES)
def test_the_shares_of_the_edges_from_a_vertex_add_up_to_one(name: str) -> None:
    graph, shares = TRACES[name].graph, edge_shares(TRACES[name].dag, {})
    assert set(shares) == set(graph.edges)
    for near in graph:
        out = [share for (tail, _), share in shares.items() if tail == near]
        assert not out or sum(out) == pytest.approx(1)


@pytest.mark.parametrize("name", TRACES)
def test_the_shares_of_the_vertices_of_a_hop_add_up_to_one_at_most(name: str) -> None:
    by_ttl: dict[int, float] = {}
    for vertex, share in vertex_shares(TRACES[name].dag, {}).items():
        by_ttl[vertex.ttl] = by_ttl.get(vertex.ttl, 0.0) + share
    assert all(0 < whole < 1 + 1e-9 for whole in by_ttl.values())


def test_flows_first_asked_further_away_do_not_distort_the_shares_of_a_split() -> None:
    near, left, right = (Vertex(ttl, ip_address(f"198.51.100.{n}")) for ttl, n in (
        (1, 1), (2, 2), (2, 3),
    ))  # fmt: skip
    # Of the flows that were first asked at TTL 3, only those of the right branch were asked here.
    to_left, to_right, later = (0, 1, 2), (3, 4, 5), tuple(range(6, 20))
    graph = Dag(
        {
            near: {"flows": (0, 3)},
            left: {"flows": to_left},
            right: {"flows": (*to_right, *later)},
        },
        {(near, left): {"flows": (0,)}, (near, right): {"flows": (3,)}},
    )
    first_asked = dict.fromkeys((*to_left, *to_right), 2) | dict.fromkeys(later, 3)
    assert edge_shares(graph, first_asked) == {(near, left): 0.5, (near, right): 0.5}
    assert edge_shares(graph, {})[near, left] == 0.15
