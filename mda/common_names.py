"""Two traces of a host whose vertices have common names: stars that stand for each other are one.

A star has no address to know it by: it is the one of the other trace with most of the same vertices
before it, and at least one. The sources are one, whatever their addresses.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from mda.answers.dag import in_order
from mda.model import Vertex, rtts_s

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mda.answers.dag import Edge
    from mda.findings.refusals import Refused
    from mda.trace import Trace

#: A way to a vertex: the vertices that a flow meets at some hops, None where it was not probed.
Way: TypeAlias = "tuple[Vertex | None, ...]"


class NamedTrace:
    """A trace, and the common name of each of its vertices: `names`."""

    def __init__(self, trace: Trace, names: Mapping[Vertex, Vertex]) -> None:
        self.trace = trace
        self.names = names

    @cached_property
    def vertices(self) -> tuple[Vertex, ...]:
        """All vertices."""
        return tuple(map(self.names.__getitem__, self.trace.dag))

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All edges."""
        return tuple((self.names[near], self.names[far]) for near, far in self.trace.dag.edges)

    @cached_property
    def _behind(self) -> Mapping[Vertex, Sequence[Vertex]]:
        found: defaultdict[Vertex, list[Vertex]] = defaultdict(list)
        for near, far in self.edges:
            found[near].append(far)
        return found

    def successors(self, vertex: Vertex) -> Sequence[Vertex]:
        """The vertices that an edge leads to from one."""
        return self._behind.get(vertex, ())

    @cached_property
    def flows(self) -> Mapping[Edge, int]:
        """The flows that are seen to take an edge, 0 for one that is not there."""
        return Counter(
            {
                (self.names[near], self.names[far]): flows
                for (near, far), flows in self.trace.edge_draws.items()
            }
        )

    @cached_property
    def shares(self) -> Mapping[Edge, float]:
        """For each edge, the share of all flows that take it."""
        return {
            (self.names[near], self.names[far]): self.trace.vertex_shares[near] * share
            for (near, far), share in self.trace.edge_shares.items()
        }

    @cached_property
    def drawn(self) -> Mapping[Vertex, int]:
        """The flows through a vertex of which it is known how they go on."""
        return Counter(
            {
                self.names[known.vertex]: known.flows
                for known in self.trace.certainty.vertices
                if known.vertex in self.names
            }
        )

    @cached_property
    def per_packet(self) -> frozenset[Vertex]:
        """The vertices that split single flows."""
        return frozenset(map(self.names.__getitem__, self.trace.per_packet))

    def ended(self, refused: Refused | None) -> set[int]:
        """The flows that somebody refuses, or with None those that reach the destination."""
        if refused is None:
            arrivals = set(self.trace.arrivals)
            found = (own for own in self.trace.replies if self.trace.vertex_of(own) in arrivals)
        else:
            found = (
                own for own in self.trace.replies if own.ends_path and own.responder == refused.by
            )
        return {own.request.flow for own in found}

    def asked(self, ttl: int) -> set[int]:
        """The flows that were probed at a TTL, or further away."""
        return {own.request.flow for own in self.trace.outcomes if own.request.ttl >= ttl}

    def repeated(self, near: Vertex) -> int:
        """The replies from behind a vertex to flows that had a reply from there before."""
        met: Counter[int] = Counter()
        for vertex, name in self.names.items():
            if name == near:
                for far in self.trace.dag.successors(vertex):
                    through = set(self.trace.dag.edges[vertex, far]["flows"])
                    replies = self.trace.replies_at(far)
                    met.update(own.request.flow for own in replies if own.request.flow in through)
        return sum(replies - 1 for replies in met.values())

    def times_s(self, hops: Sequence[int]) -> Mapping[Vertex, Mapping[Way, Sequence[float]]]:
        """The round trips to each interface in seconds, by the way there through some `hops`.

        They are one for each flow, the median: its replies depend on each other.
        """
        met: defaultdict[int, dict[int, Vertex]] = defaultdict(dict)
        times_s: defaultdict[tuple[Vertex, int], list[float]] = defaultdict(list)
        for reply in self.trace.replies:
            vertex, flow = self.trace.vertex_of(reply), reply.request.flow
            met[flow][vertex.ttl] = vertex
            times_s[vertex, flow] += rtts_s([reply])
        found: defaultdict[Vertex, defaultdict[Way, list[float]]]
        found = defaultdict(lambda: defaultdict(list))
        for (vertex, flow), own in times_s.items():
            way = tuple(met[flow].get(ttl) for ttl in hops if ttl < vertex.ttl)
            found[vertex][way].append(median(own))
        return found


def named_alike(earlier: Trace, later: Trace) -> tuple[NamedTrace, NamedTrace]:
    """Both traces with common names, those of the earlier one where it has the vertex."""
    names: dict[Vertex, Vertex] = {}
    for vertex in in_order(later.dag):
        name = earlier.origin if vertex == later.origin else vertex
        if vertex.address is None:
            near = {names[own] for own in later.dag.predecessors(vertex)}
            star = _same_star(earlier, vertex.ttl, near, names.values())
            name = star or _free_star(vertex.ttl, (*earlier.dag, *names.values()))
        names[vertex] = name
    return NamedTrace(earlier, {own: own for own in earlier.dag}), NamedTrace(later, names)


def _same_star(
    trace: Trace, ttl: int, near: Iterable[Vertex], taken: Iterable[Vertex]
) -> Vertex | None:
    """The star at a TTL that is not `taken` and has most of the vertices `near` before it."""
    alike = {
        star: len(set(near).intersection(trace.dag.predecessors(star)))
        for star in trace.dag
        if star.address is None and star.ttl == ttl and star not in taken
    }
    return max(filter(alike.get, alike), key=alike.__getitem__, default=None)


def _free_star(ttl: int, taken: Iterable[Vertex]) -> Vertex:
    """A star at a TTL that is not `taken`."""
    numbers = [own.star for own in taken if own.address is None and own.ttl == ttl]
    return Vertex(ttl, None, max(numbers, default=-1) + 1)
