"""One host by several protocols or services, in words: what each of them sees, as one value."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import vertices_by_ttl
from mda.comparison import merged
from mda.escaping import shown
from mda.plan import Algorithm
from render.words.numbering import numbers
from render.words.quantities import count, median_ms, milliseconds, p_value
from render.words.services import ServiceWords, is_of_services, service_words
from render.words.summary import CUT_SHORT, ONE_FLOW, chance_missed, findings, withheld
from render.words.vertices import Kind, key_of, place, vertex_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.comparison import Comparison, View
    from mda.model import Vertex
    from render.words.vertices import VertexWords

_MOST_NAMED: Final = 6  # protocols, or vertices that only one protocol sees
_MOST_SEEN: Final = 3  # protocols that see a vertex
_PROMINENT: Final = (Kind.DESTINATION, Kind.CLOSED, Kind.REFUSING, Kind.BALANCER)


class ComparedVertex(NamedTuple):
    """A vertex of the common graph.

    `seen` holds what each protocol sees of it, by the protocol's name in the order of the
    comparison: its words there, or None where the protocol does not see it.
    """

    key: str
    number: str
    kind: Kind
    address: str
    is_source: bool
    seen: Mapping[str, VertexWords | None]

    @property
    def names(self) -> tuple[str, ...]:
        """The protocols that see it."""
        return tuple(name for name, words in self.seen.items() if words is not None)

    @property
    def name(self) -> str:
        """What lookups found of it, whoever sees it; empty for nothing."""
        return next((words.name for words in self.seen.values() if words is not None), "")

    @property
    def rtt(self) -> str:
        """The median round trip of all protocols in milliseconds, empty without one."""
        seen = (words.rtts_s for words in self.seen.values() if words is not None)
        return median_ms([rtt_s for rtts_s in seen for rtt_s in rtts_s])

    @property
    def seen_by(self) -> str:
        """Who sees it, in a few words."""
        if len(self.names) == len(self.seen):
            return "all"
        return (
            ", ".join(self.names)
            if len(self.names) <= _MOST_SEEN
            else (f"{len(self.names)} of {len(self.seen)}")
        )


class ComparedEdge(NamedTuple):
    """An edge of the common graph between the keys of its vertices; `names` see it."""

    near: str
    far: str
    names: tuple[str, ...]
    share: float  # of the protocols
    flows: float = 1.0  # the mean share of all flows of a protocol that take it
    is_silent: bool = False  # one of its ends is


class ComparisonWords(NamedTuple):
    """The words for a comparison, in a fixed order; `hops` are vertices by TTL.

    `services` are empty unless only services are compared.
    """

    title: str
    protocols: tuple[str, ...]
    hops: Mapping[int, tuple[ComparedVertex, ...]]
    edges: tuple[ComparedEdge, ...]
    services: tuple[ServiceWords, ...]
    conclusions: tuple[str, ...]


def comparison_words(comparison: Comparison) -> ComparisonWords:
    """The words for a comparison, all printable."""
    said = {view.name: _words_of(view, lane) for lane, view in enumerate(comparison.views)}
    number = numbers(comparison.graph)
    source = comparison.views[0].trace.origin
    words = ComparisonWords(
        title=_title(comparison),
        protocols=tuple(said),
        hops={
            ttl: tuple(
                _compared(vertex, number[vertex], said, is_source=vertex == source)
                for vertex in vertices
            )
            for ttl, vertices in vertices_by_ttl(comparison.graph).items()
        },
        edges=_edges(comparison),
        services=service_words(comparison) if is_of_services(comparison) else (),
        conclusions=tuple(_conclusions(comparison)),
    )
    return shown(words)


def _words_of(view: View, lane: int) -> dict[Vertex, VertexWords]:
    """What a view says of its vertices, by the vertex of the common graph."""
    return {merged(vertex, lane): words for vertex, words in vertex_words(view.trace).items()}


def _compared(
    vertex: Vertex,
    number: str,
    said: Mapping[str, Mapping[Vertex, VertexWords]],
    *,
    is_source: bool,
) -> ComparedVertex:
    seen = {name: words.get(vertex) for name, words in said.items()}
    kinds = {words.kind for words in seen.values() if words is not None}
    kind = next((kind for kind in (*_PROMINENT, *Kind) if kind in kinds), Kind.ROUTER)
    address = "*" if vertex.address is None else str(vertex.address)
    return ComparedVertex(key_of(vertex), number, kind, address, is_source, seen)


def _edges(comparison: Comparison) -> tuple[ComparedEdge, ...]:
    everywhere = len(comparison.views)
    flows: defaultdict[tuple[Vertex, Vertex], float] = defaultdict(float)
    for lane, view in enumerate(comparison.views):
        for (near, far), share in view.trace.edge_shares.items():
            passing = view.trace.vertex_shares[near] * share
            flows[merged(near, lane), merged(far, lane)] += passing / everywhere
    edges = []
    for near, far in comparison.graph.edges:
        names = comparison.of_edge(near, far)
        ends = key_of(near), key_of(far)
        is_silent = near.address is None or far.address is None
        share = len(names) / everywhere
        edges.append(ComparedEdge(*ends, names, share, flows[near, far], is_silent))
    return tuple(edges)


def _title(comparison: Comparison) -> str:
    """What was compared: the host, and by which protocols."""
    plan = comparison.views[0].trace.plan
    host = plan.target
    if plan.host != host:
        host = f"{plan.host} ({host})"
    if plan.network is not None:
        host += f" simulated, {plan.network}"
    return f"{host} by {_named([view.name for view in comparison.views])}"


def _named(things: list[str]) -> str:
    """The first of these, and how many there are beside."""
    more = len(things) - _MOST_NAMED
    return ", ".join(things[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def share_and_rtt(words: VertexWords | None) -> str:
    """What a protocol sees of a vertex: its share of the flows, and the round trip."""
    if words is None:
        return "-"
    share = f"{100 * words.share:.0f} %" if words.share < 0.995 else ""
    return "  ".join(filter(None, (share, f"{words.rtt} ms" if words.rtt else "")))


def _conclusions(comparison: Comparison) -> list[str]:
    """What each protocol found, and where they differ: a line each, of any length."""
    if is_of_services(comparison):
        lines = _together(comparison)
    else:
        lines = [f"{view.name}: {findings(view.trace)[0]}" for view in comparison.views]
        lines += [
            f"{view.name}: {chance_missed(view.trace)}"
            for view in comparison.views
            if view.trace.replies
        ]
        lines += _seen_alone(comparison)
    everywhere = len(comparison.views)
    if all(len(comparison.of_vertex(vertex)) == everywhere for vertex in comparison.graph):
        lines.append("all see the same interfaces")
    lines += [_slower(view) for view in comparison.views if view.differs_in_rtt]
    lines += [
        f"{view.name}: {CUT_SHORT[view.trace.stopped]}: unfinished"
        for view in comparison.views
        if not view.trace.is_complete
    ]
    lines += withheld(comparison.views[0].trace)  # all views have the same wire
    probes = sum(view.trace.probes_sent for view in comparison.views)
    duration_s = max(view.trace.duration_s for view in comparison.views)
    return [*lines, f"{count(probes, 'probe', 'probes')}, {duration_s:.2f} s"]


def _together(comparison: Comparison) -> list[str]:
    """What may be missing, in a line for all services of which the same holds."""
    holds: dict[str, list[str]] = {}
    for name, trace in ((view.name, view.trace) for view in comparison.views):
        if trace.plan.algorithm is Algorithm.PARIS:
            holds.setdefault(ONE_FLOW, []).append(name)
        elif trace.replies:
            holds.setdefault(chance_missed(trace), []).append(name)
    everywhere = len(comparison.views)
    return [
        line if len(names) == everywhere else f"{_named(names)}: {line}"
        for line, names in holds.items()
    ]


def _seen_alone(comparison: Comparison) -> list[str]:
    """The interfaces that only one protocol sees, in a line for each protocol."""
    lines = []
    for view in comparison.views:
        if vertices := _alone(comparison, view.name):
            lines.append(f"only {view.name} sees {_named(list(map(place, vertices)))}")
    return lines


def _alone(comparison: Comparison, name: str) -> list[Vertex]:
    """The interfaces that one protocol sees and no other."""
    return [
        vertex
        for vertex in comparison.graph
        if vertex.address is not None and comparison.of_vertex(vertex) == (name,)
    ]


def _slower(view: View) -> str:
    slower_s = view.slower_s or 0.0
    way = "slower" if slower_s > 0 else "faster"
    return (
        f"the destination replies to {view.name} {way} than to the others, by "
        f"{milliseconds(abs(slower_s))} ms ({p_value(view.rtt_probability)})"
    )
