"""One host traced by several protocols: what each sees, in one graph, and where they differ."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from mda.answers.dag import Dag
from mda.answers.graph import vertices_by_ttl
from mda.model import Vertex, rtts_s
from mda.statistics.delays import whole_ns
from mda.statistics.differences import median_difference
from mda.statistics.inference import holm, matters
from mda.statistics.ranks import stratified_rank_probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress
    from mda.trace import Trace

LEVEL = 0.01  # round-trip times that differ so much by chance, with less than this, are reported


@dataclass(frozen=True, slots=True)
class View:
    """What one protocol sees; `name` is as the user wrote it ("tcp/443").

    `slower_s` is how much later the destination replies than to the other protocols: the median
    difference between two flows on one path, None without two such flows. `rtt_probability` is the
    probability of times that differ so much if all were alike (rank sums within paths, Holm).
    `usual_s` is the median time of the other protocols on these paths.
    """

    name: str
    trace: Trace
    slower_s: float | None
    rtt_probability: float
    usual_s: float | None

    @property
    def differs_in_rtt(self) -> bool:
        """Whether the destination replies to this protocol slower or faster than to the others."""
        if self.slower_s is None or self.usual_s is None:
            return False
        return self.rtt_probability <= LEVEL and matters(self.slower_s, self.usual_s)


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
    return Comparison(_views(named, graph), graph)


def merged(vertex: Vertex, lane: int) -> Vertex:
    """The vertex of the common graph that stands for a view's vertex."""
    if vertex.address is not None:
        return vertex
    return Vertex(vertex.ttl, None, vertex.star + 1000 * lane)


def _views(named: Sequence[tuple[str, Trace]], graph: Dag) -> tuple[View, ...]:
    wide = [ttl for ttl, vertices in vertices_by_ttl(graph).items() if len(vertices) > 1]
    times = [_times_by_path(trace, wide) for _, trace in named]
    compared = []
    for own, by_path in enumerate(times):
        others = [other for lane, other in enumerate(times) if lane != own]
        strata = [
            (found, [time_s for other in others for time_s in other.get(path, ())])
            for path, found in by_path.items()
        ]
        usual = [time_s for _, beside in strata for time_s in beside]
        compared.append((
            median_difference(strata),
            stratified_rank_probability(strata),
            median(usual) if usual else None,
        ))  # fmt: skip
    adjusted = holm([chance for _, chance, _ in compared])
    return tuple(
        View(name, trace, slower_s, chance, usual_s)
        for (name, trace), (slower_s, _, usual_s), chance in zip(
            named, compared, adjusted, strict=True
        )
    )


def _times_by_path(trace: Trace, wide: Sequence[int]) -> dict[object, list[float]]:
    """The destination's round-trip time of each flow, in seconds, by the path that the flow takes.

    A flow gives one time, the median: its replies are not independent of each other. A path is
    known by the flow's interface at each of the hops `wide`, where there are several; a flow that
    lacks one of them is left out.
    """
    met: defaultdict[int, defaultdict[int, set[IPAddress]]] = defaultdict(lambda: defaultdict(set))
    times: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for reply in trace.replies:
        flow, ttl = reply.request.flow, trace.vertex_of(reply).ttl
        met[flow][ttl].add(reply.responder)
        if reply.ends_path and reply.is_from(trace.plan.destination):
            times[flow, ttl] += rtts_s([reply])
    by_path: defaultdict[object, list[float]] = defaultdict(list)
    for flow, ttl in sorted(times):
        branches = [met[flow][hop] for hop in wide if hop < ttl]
        is_nearest = not any((flow, nearer) in times for nearer in range(ttl))
        if is_nearest and all(len(interfaces) == 1 for interfaces in branches):
            path = ttl, tuple(interface for interfaces in branches for interface in interfaces)
            by_path[path].append(whole_ns(median(times[flow, ttl])))
    return dict(by_path)
