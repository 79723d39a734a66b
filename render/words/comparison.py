"""One host by several protocols, in words: what each of them sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.comparison import merged
from render.words.labels import at_most, count, milliseconds, p_value, vertex_words
from render.words.summary import findings, place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.comparison import Comparison, View
    from mda.model import Vertex
    from render.words.labels import VertexWords

    Words = Mapping[Vertex, VertexWords]

_MOST_NAMED: Final = 6  # vertices that only one protocol sees


def words_of_views(comparison: Comparison) -> list[Words]:
    """For each view, the words for each of its vertices, by the vertex of the common graph."""
    found: list[Words] = []
    for lane, view in enumerate(comparison.views):
        words = vertex_words(view.trace, view.trace.names)
        found.append({merged(vertex, lane): one for vertex, one in words.items()})
    return found


def origin(comparison: Comparison) -> Vertex:
    """The vertex that all protocols start at."""
    return comparison.views[0].trace.origin


def title(comparison: Comparison) -> str:
    """What was compared: the host, and by which protocols."""
    plan = comparison.views[0].trace.plan
    host = str(plan.destination)
    if plan.host != host:
        host = f"{plan.host} ({host})"
    if plan.network is not None:
        host += f" simulated, {plan.network}"
    return f"{host} by {', '.join(view.name for view in comparison.views)}"


def share_and_rtt(one: VertexWords | None) -> str:
    """What a protocol sees of a vertex: its share of the flows, and the round trip."""
    if one is None:
        return "-"
    share = f"{100 * one.share:.0f} %" if one.share < 0.995 else ""
    return "  ".join(part for part in (share, f"{one.rtt} ms" if one.rtt else "") if part)


def conclusions(comparison: Comparison) -> list[str]:
    """What each protocol found, and where they differ: a line each, of any length."""
    lines = [f"{view.name}: {findings(view.trace)[0]}" for view in comparison.views]
    lines += [
        f"{view.name}: chance that a branch was missed: "
        f"{at_most(view.trace.certainty.miss_probability)} (assuming even splits)"
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
