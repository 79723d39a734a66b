"""A multipath trace as scamper's tracelb holds it: nodes, links, and the probes on each link.

A link leads from one interface to the next one that answered, over silent hops. It has a set of
probes for each hop behind its near end. The source is not a node, so that the first hop, which no
link leads to, has no probes.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import count, pairwise
from typing import TYPE_CHECKING, NamedTuple

from mda.answers.graph import flows_of
from mda.model import Loss
from mda.variants import plain_outcomes
from paris.formats.scamper_terms import is_sayable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mda.model import IPAddress, Outcome, Vertex
    from mda.trace import Trace


class Link(NamedTuple):
    """A link between nodes by their places, and its probes hop by hop.

    `far` is None for the only link of a node behind which nobody answered.
    """

    near: int
    far: int | None
    sets: tuple[tuple[Outcome, ...], ...]


class Lattice(NamedTuple):
    """The nodes and their addresses in the order of hops, and the links in that of their ends.

    `left_out` are the probes that are on no link.
    """

    nodes: Mapping[Vertex, IPAddress]
    links: tuple[Link, ...]
    left_out: tuple[Outcome, ...]

    def links_from(self, near: int) -> tuple[Link, ...]:
        """The links of a node."""
        return tuple(link for link in self.links if link.near == near)


class _Span(NamedTuple):
    """A link before its probes are known."""

    near: Vertex
    far: Vertex | None
    hops: int

    @property
    def last_ttl(self) -> int:
        return self.near.ttl + self.hops

    @property
    def silent_hops(self) -> int:
        return self.hops if self.far is None else self.hops - 1


def lattice(trace: Trace) -> Lattice:
    """The lattice of a trace: each probe is on one link at most."""
    outcomes = sorted(
        filter(is_sayable, plain_outcomes(trace.outcomes)), key=lambda own: own.sent_at_s
    )
    nodes = {
        own: own.address
        for own in sorted(trace.dag, key=lambda own: own.sort_key)
        if own.address is not None and own != trace.origin
    }
    places = {node: place for place, node in enumerate(nodes)}
    met = _met(trace)
    spans = _spans(trace, nodes, met, outcomes)
    sets, left_out = _Homes(trace, nodes, spans, met).filled(outcomes)
    # scamper's programs of 2021 die of a silent hop without a probe.
    while hollow := {span for span, own in sets.items() if not all(own[: span.silent_hops])}:
        spans = [span for span in spans if span not in hollow]
        sets, left_out = _Homes(trace, nodes, spans, met).filled(outcomes)
    return Lattice(
        nodes,
        tuple(
            Link(
                places[span.near],
                None if span.far is None else places[span.far],
                tuple(map(tuple, own)),
            )
            for span, own in sets.items()
        ),
        tuple(left_out),
    )


def _met(trace: Trace) -> Mapping[int, list[Vertex]]:
    """The vertices that each flow met, stars too, in the order of hops."""
    met: defaultdict[int, list[Vertex]] = defaultdict(list)
    for vertex in sorted(trace.dag, key=lambda own: own.sort_key):
        for flow in flows_of(trace.dag, vertex):
            met[flow].append(vertex)
    return met


def _spans(
    trace: Trace,
    nodes: Iterable[Vertex],
    met: Mapping[int, list[Vertex]],
    outcomes: Iterable[Outcome],
) -> list[_Span]:
    """All links: the graph's edges, those over silent hops, and dead ends."""
    known = set(nodes)
    ends = {(near, far) for near, far in trace.dag.edges if {near, far} <= known}
    for vertices in met.values():
        ends.update(_over_silence(vertices, known))
    spans = [_Span(near, far, far.ttl - near.ttl) for near, far in ends]
    dead = known - {span.near for span in spans} - set(trace.arrivals)
    lost: defaultdict[Vertex, set[int]] = defaultdict(set)
    for outcome in outcomes:
        if isinstance(outcome, Loss):
            for node in dead.intersection(met.get(outcome.request.flow, ())):
                lost[node].add(outcome.request.ttl)
    for node, ttls in lost.items():
        hops = next(hops for hops in count() if node.ttl + hops + 1 not in ttls)
        spans += [_Span(node, None, hops)] if hops else []
    return sorted(
        spans,
        key=lambda own: (own.near.sort_key, own.far.sort_key if own.far else own.near.sort_key),
    )


def _over_silence(
    vertices: Iterable[Vertex], nodes: set[Vertex]
) -> Iterator[tuple[Vertex, Vertex]]:
    """The nodes between which a flow met one silent vertex after the other."""
    by_ttl: dict[int, list[Vertex]] = {}
    for vertex in vertices:
        by_ttl.setdefault(vertex.ttl, []).append(vertex)
    silent = {ttl for ttl, own in by_ttl.items() if all(star.address is None for star in own)}
    answering = [ttl for ttl in by_ttl if ttl not in silent]
    for near, far in pairwise(answering):
        if far - near > 1 and silent.issuperset(range(near + 1, far)):
            ends = (*by_ttl[near], *by_ttl[far])
            if len(ends) == 2 and nodes.issuperset(ends):
                yield ends


class _Homes:
    """Finds the link of each outcome, and its set there."""

    def __init__(
        self,
        trace: Trace,
        nodes: Iterable[Vertex],
        spans: list[_Span],
        met: Mapping[int, list[Vertex]],
    ) -> None:
        self._trace = trace
        self._spans = spans
        self._first_ttl = min((node.ttl for node in nodes), default=0)
        self._met = {flow: set(vertices) for flow, vertices in met.items()}
        self._into: defaultdict[Vertex | None, list[_Span]] = defaultdict(list)
        self._over: defaultdict[int, list[_Span]] = defaultdict(list)
        for span in spans:
            self._into[span.far].append(span)
            for ttl in range(span.near.ttl + 1, span.last_ttl + 1):
                self._over[ttl].append(span)

    def filled(
        self, outcomes: Iterable[Outcome]
    ) -> tuple[dict[_Span, list[list[Outcome]]], list[Outcome]]:
        """The sets of each link, and the outcomes that are on none."""
        sets: dict[_Span, list[list[Outcome]]] = {
            span: [[] for _ in range(span.hops)] for span in self._spans
        }
        left_out: list[Outcome] = []
        for outcome in outcomes:
            if (home := self.of(outcome)) is None:
                left_out.append(outcome)
            else:
                span, place = home
                sets[span][place].append(outcome)
        return sets, left_out

    def of(self, outcome: Outcome) -> tuple[_Span, int] | None:
        """The link, and the number of its set; None for a probe to the first hop.

        A probe from beyond the end of its path is with those that met the end.
        """
        flow, ttl, _ = outcome.request
        spans: list[_Span] = []
        if not isinstance(outcome, Loss):
            vertex = self._trace.vertex_of(outcome)
            spans, ttl = self._into.get(vertex, []), vertex.ttl
        nearer = range(ttl, self._first_ttl, -1)
        spans = spans or next((self._over[own] for own in nearer if own in self._over), [])
        if not spans:
            return None
        met = self._met.get(flow, set())
        span = max(
            spans,
            key=lambda own: ((own.near in met) + (own.far in met), own.near.ttl, -own.hops),
        )
        return span, min(ttl - span.near.ttl, span.hops) - 1
