from __future__ import annotations

import pytest

from mda.findings.flow_shares import edge_shares, vertex_shares
from tests.render.samples import TRACES


@pytest.mark.parametrize("name", TRACES)
def test_the_shares_of_the_edges_from_a_vertex_add_up_to_one(name: str) -> None:
    graph, shares = TRACES[name].graph, edge_shares(TRACES[name].dag)
    assert set(shares) == set(graph.edges)
    for near in graph:
        out = [share for (tail, _), share in shares.items() if tail == near]
        assert not out or sum(out) == pytest.approx(1)


@pytest.mark.parametrize("name", TRACES)
def test_the_shares_of_the_vertices_of_a_hop_add_up_to_one_at_most(name: str) -> None:
    by_ttl: dict[int, float] = {}
    for vertex, share in vertex_shares(TRACES[name].dag).items():
        by_ttl[vertex.ttl] = by_ttl.get(vertex.ttl, 0.0) + share
    assert all(0 < whole < 1 + 1e-9 for whole in by_ttl.values())
