"""One host traced by several protocols: what each sees, in one graph, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from mda.answers.dag import Dag
from mda.model import Vertex
from mda.statistics.inference import holm, rank_probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.trace import Trace

LEVEL = 0.01  # round-trip times that differ so much by chance, with less than this, are reported


@dataclass(frozen=True, slots=True)
class View:
    """What one protocol sees; `name` is as the user wrote it ("tcp/443").

    `slower_s` is how far the destination's median round-trip time lies above that of the other
    protocols; None if the destination does not reply to this protocol or to no other one.
    `rtt_probability` is the probability of times that differ so much if all were alike (rank sum,
    Holm).
    """

    name: str
    trace: Trace
    slower_s: float | None
    rtt_probability: float

    @property
    def differs_in_rtt(self) -> bool:
        """Whether the destination replies to this protocol slower or faster than to the others."""
        return self.slower_s is not None and self.rtt_probability <= LEVEL


@dataclass(frozen=True, slots=True)
class Comparison:
    """All views, and one graph of all of them.

    In `graph` each vertex and edge has `seen_by`: the names of the views that have it, in order.
    Stars of different views are different vertices.
    """

    views: tuple[View, ...]
    graph: Dag

    def of_vertex(self, vertex: Vertex) -> tuple[str, ...]:
        """The views that have a vertex."""
        names: tuple[str, ...] = self.graph.nodes[vertex]["seen_by"]
        return names

    def of_edge(self, near: Vertex, far: Vertex) -> tuple[str, ...]:
        """The views that have an edge."""
        names: tuple[str, ...] = self.graph.edges[near, far]["seen_by"]
        return names


def compare(named: Sequence[tuple[str, Trace]]) -> Comparison:
    """Compare traces of one host, each given with the name of its protocol."""
    vertices: dict[Vertex, list[str]] = {}
    edges: dict[tuple[Vertex, Vertex], list[str]] = {}
    for lane, (name, trace) in enumerate(named):
        for vertex in trace.dag:
            vertices.setdefault(merged(vertex, lane), []).append(name)
        for near, far in trace.dag.edges:
            edges.setdefault((merged(near, lane), merged(far, lane)), []).append(name)
    graph = Dag(
        {vertex: {"seen_by": tuple(names)} for vertex, names in vertices.items()},
        {edge: {"seen_by": tuple(names)} for edge, names in edges.items()},
    )
    return Comparison(_views(named), graph)


def merged(vertex: Vertex, lane: int) -> Vertex:
    """The vertex of the common graph that stands for a view's vertex."""
    if vertex.address is not None:
        return vertex
    return Vertex(vertex.ttl, None, vertex.star + 1000 * lane)


def _views(named: Sequence[tuple[str, Trace]]) -> tuple[View, ...]:
    rtts = [_at_destination(trace) for _, trace in named]
    chances, slower_s = [], list[float | None]()
    for own, found in enumerate(rtts):
        others = [rtt_s for lane, rtts_s in enumerate(rtts) if lane != own for rtt_s in rtts_s]
        chances.append(rank_probability(found, others))
        slower_s.append(median(found) - median(others) if found and others else None)
    return tuple(
        View(name, trace, slower, chance)
        for (name, trace), slower, chance in zip(named, slower_s, holm(chances), strict=True)
    )


def _at_destination(trace: Trace) -> list[float]:
    """The round-trip times of the destination's own replies, in seconds."""
    return [
        reply.rtt_s
        for reply in trace.replies
        if reply.ends_path and reply.responder == trace.plan.destination
    ]
