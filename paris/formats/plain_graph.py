"""The graph of a trace in strings and numbers, which every writer of networkx takes.

Such formats hold only scalars: lists become text with spaces, absent values are omitted, and
booleans become 0 and 1 (readers disagree on how to spell a boolean). Text is printable, as XML
cannot hold every control character.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

import networkx as nx

from mda.answers.graph import flows_of, flows_of_edge
from mda.escaping import printable, shown
from mda.model import rtts_s
from paris.formats.studies_json import vertex_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.merging import Merged
    from mda.model import IPAddress, Vertex
    from mda.trace import Trace


def plain_graph(trace: Trace) -> nx.DiGraph[str]:
    """The trace's graph; vertices have the same names as in the native JSON."""
    about: dict[str, Any] = {
        "host": trace.plan.host,
        "source": str(trace.plan.source),
        "destination": str(trace.plan.destination),
        "complete": int(trace.is_complete),
    }
    plain: nx.DiGraph[str] = nx.DiGraph(**shown(about))
    if trace.certainty.miss_probability is not None:
        plain.graph["miss_probability"] = trace.certainty.miss_probability
    for vertex in trace.graph:
        plain.add_node(_name(vertex), **shown(_attributes(trace, vertex)))
    for near, far in trace.graph.edges:
        flows = flows_of_edge(trace.graph, near, far)
        plain.add_edge(_name(near), _name(far), flows=_spaced(flows), count=len(flows))
    return plain


def plain_merged(merged: Merged) -> nx.DiGraph[str]:
    """The graph of many traces; vertices have the same names as in its JSON.

    An edge that leads back has `leads_back` 1.
    """
    plain: nx.DiGraph[str] = nx.DiGraph(traces=len(merged.ends), diamonds=len(merged.diamonds))
    for vertex in merged.dag:
        plain.add_node(_name(vertex), **shown(_merged_attributes(merged, vertex)))
    edges = {edge: merged.dag.edges[edge]["seen_by"] for edge in merged.dag.edges}
    for edges_of_kind, leads_back in ((edges, 0), (merged.circles, 1)):
        for (near, far), seen_by in edges_of_kind.items():
            plain.add_edge(_name(near), _name(far), traces=_spaced(seen_by), count=len(seen_by),
                           leads_back=leads_back)  # fmt: skip
    return plain


def _merged_attributes(merged: Merged, vertex: Vertex) -> dict[str, str | int | float]:
    seen_by = merged.of_vertex(vertex)
    group = merged.groups.get(vertex, "")
    attributes: dict[str, str | int | float] = {
        "column": vertex.ttl,
        "traces": _spaced(seen_by),
        "count": len(seen_by),
        "sources": _listed(merged.sources(seen_by)),
        "destinations": _listed(merged.destinations(seen_by)),
        "silent": int(vertex.address is None and not group),
    }
    if vertex.address is not None:
        attributes["address"] = str(vertex.address)
    if group:
        attributes["group"] = group
        attributes["members"] = _listed(merged.members.get(vertex, ()))
    return attributes


def _listed(addresses: Iterable[IPAddress]) -> str:
    return " ".join(map(str, addresses))


def _name(vertex: Vertex) -> str:
    return printable(vertex_id(vertex))


def _attributes(trace: Trace, vertex: Vertex) -> dict[str, str | int | float]:
    attributes: dict[str, str | int | float] = {
        "ttl": vertex.ttl,
        "flows": _spaced(flows_of(trace.graph, vertex)),
        "silent": int(vertex.address is None),
        "is_destination": int(vertex.address == trace.plan.destination),
    }
    if vertex.address is not None:
        attributes["address"] = str(vertex.address)
    if times_s := rtts_s(trace.replies_at(vertex)):
        attributes["rtt_median_ms"] = 1000 * median(times_s)
    return attributes


def _spaced(flows: tuple[int, ...]) -> str:
    return " ".join(map(str, flows))
