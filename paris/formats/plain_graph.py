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
    from mda.model import Vertex
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
