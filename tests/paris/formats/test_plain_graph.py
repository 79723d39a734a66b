"""The graph in plain values: every writer of networkx takes it, and it reads back equal."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Final

import networkx as nx
import pytest

import paris
from mda.loading import load
from paris.formats.studies_json import vertex_id
from paris.outputs.registry import FORMATS
from tests.support.graphs import EDGES, READERS

if TYPE_CHECKING:
    from mda.trace import Trace

# What formats add to nodes and edges: their names, and numbers.
ADDED: Final = {"label", "id", "name", "value", "source", "target"}


def written(trace: Trace, suffix: str) -> bytes:
    row = next(row for row in FORMATS if row.suffix == suffix)
    text: str = load(row.trace)(trace, None)
    return text.encode()


@pytest.fixture(params=["two-way", "silent-branch", "unequal-length"])
def trace(request: pytest.FixtureRequest) -> Trace:
    return paris.trace(network=request.param, multipath=True)


@pytest.mark.parametrize("suffix", READERS)
def test_networkx_reads_the_same_graph_from_each_format(suffix: str, trace: Trace) -> None:
    plain, read = paris.plain_graph(trace), READERS[suffix](written(trace, suffix))
    kept = [
        [
            ((*ends,), {name: value for name, value in attributes.items() if name not in ADDED})
            for *ends, attributes in members
        ]
        for graph in (plain, read)
        for members in (graph.nodes(data=True), graph.edges(data=True))
    ]
    assert kept[:2] == kept[2:]
    if suffix != "gexf":  # which has no place for it
        assert plain.graph.items() <= read.graph.items()


def test_the_plain_graph_has_the_vertices_and_edges_of_the_trace(trace: Trace) -> None:
    plain = paris.plain_graph(trace)
    assert list(plain.nodes) == [vertex_id(vertex) for vertex in trace.graph]
    assert list(plain.edges) == [(vertex_id(a), vertex_id(b)) for a, b in trace.graph.edges]
    for vertex in trace.graph:
        attributes = plain.nodes[vertex_id(vertex)]
        assert attributes["ttl"] == vertex.ttl
        assert attributes["silent"] == (vertex.address is None)
        assert attributes.get("address") == (str(vertex.address) if vertex.address else None)


def test_every_writer_of_networkx_takes_the_plain_graph(trace: Trace) -> None:
    plain = paris.plain_graph(trace)
    for write in (nx.write_graphml, nx.write_gexf, nx.write_gml, nx.write_edgelist):
        write(plain, io.BytesIO())
    json.dumps(nx.node_link_data(plain, **EDGES))
    json.dumps(nx.cytoscape_data(plain))
    json.dumps(nx.adjacency_data(plain))


def test_gexf_bears_the_day_of_the_measurement(trace: Trace) -> None:
    dated = trace.replace(started_at_unix_s=86400.0)
    assert b'lastmodifieddate="1970-01-02"' in written(dated, "gexf")


def test_cytoscape_gets_an_object_for_what_is_said_of_the_whole_graph(trace: Trace) -> None:
    assert json.loads(written(trace, "cyjs"))["data"]["host"] == trace.plan.host
