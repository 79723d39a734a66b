"""GraphML: networkx reads back the same graph."""

from __future__ import annotations

import io

import networkx as nx
import pytest

import paris
from paris.formats import graphml
from paris.formats.studies_json import vertex_id


@pytest.mark.parametrize("network", ["two-way", "silent-branch", "unequal-length"])
def test_networkx_reads_the_same_graph_from_graphml(network: str) -> None:
    trace = paris.trace(network=network, multipath=True)
    read = nx.read_graphml(io.BytesIO(graphml.write(trace).encode()))
    assert list(read.nodes) == [vertex_id(vertex) for vertex in trace.graph]
    assert list(read.edges) == [(vertex_id(a), vertex_id(b)) for a, b in trace.graph.edges]
    for vertex in trace.graph:
        attributes = read.nodes[vertex_id(vertex)]
        assert attributes["ttl"] == vertex.ttl
        assert attributes["silent"] == (vertex.address is None)
        assert attributes.get("address") == (str(vertex.address) if vertex.address else None)
