"""A row for each vertex of a trace, which CSV and lines of JSON write."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, Final

from mda.answers.graph import flows_of
from mda.model import rtts_s
from paris.formats.studies_json import vertex_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import Vertex
    from mda.trace import Trace

COLUMNS: Final = (
    "host", "destination", "protocol", "dport", "started_at_unix_s", "hop", "vertex", "address",
    "name", "is_destination", "share", "flows", "probes", "lost", "replies", "rtt_min_ms",
    "rtt_median_ms", "rtt_max_ms", "successors",
)  # fmt: skip


def columns(trace: Trace) -> tuple[str, ...]:
    """The names of all columns."""
    return (*COLUMNS, *trace.facts)


def rows(trace: Trace) -> Iterator[dict[str, Any]]:
    """A row per vertex but the source, in the order of hops, named as in the native JSON.

    `share` is the share of all flows that meets the vertex, and `flows` counts those that did.
    `probes` met it, of which `lost` got no reply; a star, which may be several routers, has no such
    figures. Other lookups than that of names add a column each. What is not known is left out.
    """
    plan = trace.plan
    common = {
        "host": plan.host,
        "destination": str(plan.destination),
        "protocol": plan.probing.protocol,
        "dport": plan.probing.dport,
        "started_at_unix_s": trace.started_at_unix_s,
    }
    vertices = (vertex for vertex in trace.dag if vertex != trace.origin)
    return ({**common, **_row(trace, vertex)} for vertex in vertices)


def _row(trace: Trace, vertex: Vertex) -> dict[str, Any]:
    row: dict[str, Any] = {
        "hop": vertex.ttl,
        "vertex": vertex_id(vertex),
        "address": None if vertex.address is None else str(vertex.address),
        "is_destination": vertex in trace.arrivals,
        "share": trace.vertex_shares[vertex],
        "flows": len(flows_of(trace.dag, vertex)),
        "successors": list(map(vertex_id, trace.dag.successors(vertex))),
    }
    if vertex.address is not None:
        row["name"] = trace.names.get(vertex.address)
        row = {name: texts.get(vertex.address) for name, texts in trace.facts.items()} | row
    if answering := trace.answering.get(vertex):
        row |= {"probes": answering.asked, "lost": answering.lost}
    if replies := trace.replies_at(vertex):
        row["replies"] = len(replies)
    if rtts_ms := [1000 * rtt_s for rtt_s in rtts_s(replies)]:
        row |= {
            "rtt_min_ms": min(rtts_ms),
            "rtt_median_ms": median(rtts_ms),
            "rtt_max_ms": max(rtts_ms),
        }
    return row
