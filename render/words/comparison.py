"""One host by several protocols, in words: what each of them sees, as one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import vertices_by_ttl
from mda.comparison import merged
from mda.escaping import shown
from render.words.numbering import numbers
from render.words.quantities import count, milliseconds, p_value
from render.words.summary import STOPPED, chance_missed, findings, withheld
from render.words.vertices import Kind, key_of, place, vertex_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.comparison import Comparison, View
    from mda.model import Vertex
    from render.words.vertices import VertexWords

_MOST_NAMED: Final = 6  # vertices that only one protocol sees
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


class ComparedEdge(NamedTuple):
    """An edge of the common graph between the keys of its vertices; `names` see it."""

    near: str
    far: str
    names: tuple[str, ...]
    share: float  # of the protocols


class ComparisonWords(NamedTuple):
    """The words for a comparison, in a fixed order; `hops` are vertices by TTL."""

    title: str
    protocols: tuple[str, ...]
    hops: Mapping[int, tuple[ComparedVertex, ...]]
    edges: tuple[ComparedEdge, ...]
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
        edges=tuple(_edge(comparison, near, far) for near, far in comparison.graph.edges),
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


def _edge(comparison: Comparison, near: Vertex, far: Vertex) -> ComparedEdge:
    names = comparison.of_edge(near, far)
    return ComparedEdge(key_of(near), key_of(far), names, len(names) / len(comparison.views))


def _title(comparison: Comparison) -> str:
    """What was compared: the host, and by which protocols."""
    plan = comparison.views[0].trace.plan
    host = plan.target
    if plan.host != host:
        host = f"{plan.host} ({host})"
    if plan.network is not None:
        host += f" simulated, {plan.network}"
    return f"{host} by {', '.join(view.name for view in comparison.views)}"


def share_and_rtt(words: VertexWords | None) -> str:
    """What a protocol sees of a vertex: its share of the flows, and the round trip."""
    if words is None:
        return "-"
    share = f"{100 * words.share:.0f} %" if words.share < 0.995 else ""
    return "  ".join(filter(None, (share, f"{words.rtt} ms" if words.rtt else "")))


def _conclusions(comparison: Comparison) -> list[str]:
    """What each protocol found, and where they differ: a line each, of any length."""
    lines = [f"{view.name}: {findings(view.trace)[0]}" for view in comparison.views]
    lines += [
        f"{view.name}: {chance_missed(view.trace)}"
        for view in comparison.views
        if view.trace.replies
    ]
    alone = {view.name: _alone(comparison, view.name) for view in comparison.views}
    for name, vertices in alone.items():
        if vertices:
            named = ", ".join(map(place, vertices[:_MOST_NAMED]))
            more = len(vertices) - _MOST_NAMED
            lines.append(f"only {name} sees {named}" + (f" and {more} more" if more > 0 else ""))
    everywhere = len(comparison.views)
    if all(len(comparison.of_vertex(vertex)) == everywhere for vertex in comparison.graph):
        lines.append("all see the same interfaces")
    lines += [_slower(view) for view in comparison.views if view.differs_in_rtt]
    lines += [
        f"{view.name}: {STOPPED[view.trace.stopped]}"
        for view in comparison.views
        if not view.trace.is_complete
    ]
    lines += withheld(comparison.views[0].trace)  # all views have the same wire
    probes = sum(view.trace.probes_sent for view in comparison.views)
    duration_s = max(view.trace.duration_s for view in comparison.views)
    return [*lines, f"{count(probes, 'probe', 'probes')}, {duration_s:.2f} s"]


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
