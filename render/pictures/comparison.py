"""One host by several protocols, as text and as a picture: what each of them sees."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Final

from mda.answers.graph import vertices_by_ttl
from mda.comparison import merged
from render.pictures.diagram import Box, Column, Diagram, Line, key_of
from render.words.labels import (
    Kind,
    VertexWords,
    at_most,
    count,
    milliseconds,
    p_value,
    vertex_words,
)
from render.words.summary import findings, place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mda.comparison import Comparison, View
    from mda.model import Vertex

    Words = Mapping[Vertex, VertexWords]

_WIDTH: Final = 80
_MOST_NAMED: Final = 6  # vertices that only one protocol sees
_THINNEST, _THICKEST = 1.0, 4.0
_LEGEND: Final = "thick: every protocol goes there; thin and dashed: only those that the tip names"


def comparison_text(comparison: Comparison) -> str:
    """The comparison for a terminal, ending with a newline: a column for each protocol."""
    words = _words(comparison)
    head = ("hop", "interface", *(view.name for view in comparison.views))
    rows = []
    for ttl, vertices in vertices_by_ttl(comparison.graph).items():
        for number, vertex in enumerate(vertices, start=1):
            if not comparison.graph.in_degree(vertex) and vertex == _origin(comparison):
                continue
            label = f"{ttl:2}" if len(vertices) == 1 else f"{ttl:2}.{number}"
            cells = (_cell(one.get(vertex)) for one in words)
            rows.append((label, "*" if vertex.address is None else str(vertex.address), *cells))
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    lines = [fill(line, _WIDTH, subsequent_indent="  ") for line in _conclusions(comparison)]
    return "\n".join([_title(comparison), "", *table, "", *lines]) + "\n"


def comparison_diagram(comparison: Comparison) -> Diagram:
    """The common graph, everything in a fixed order."""
    words = _words(comparison)
    columns = []
    for ttl, vertices in vertices_by_ttl(comparison.graph).items():
        boxes = tuple(_box(comparison, vertex, words) for vertex in vertices)
        is_source = vertices == [_origin(comparison)]
        columns.append(Column("source" if is_source else f"hop {ttl}", boxes))
    return Diagram(
        _title(comparison),
        (*_conclusions(comparison), _LEGEND),
        tuple(columns),
        tuple(_line(comparison, near, far) for near, far in comparison.graph.edges),
        (),
    )


def _words(comparison: Comparison) -> list[Words]:
    """For each view, the words for each of its vertices, by the vertex of the common graph."""
    found: list[Words] = []
    for lane, view in enumerate(comparison.views):
        words = vertex_words(view.trace, view.trace.names)
        found.append({merged(vertex, lane): one for vertex, one in words.items()})
    return found


def _origin(comparison: Comparison) -> Vertex:
    return comparison.views[0].trace.origin


def _title(comparison: Comparison) -> str:
    plan = comparison.views[0].trace.plan
    host = str(plan.destination)
    if plan.host != host:
        host = f"{plan.host} ({host})"
    if plan.network is not None:
        host += f" simulated, {plan.network}"
    return f"{host} by {', '.join(view.name for view in comparison.views)}"


def _cell(one: VertexWords | None) -> str:
    if one is None:
        return "-"
    share = f"{100 * one.share:.0f} %" if one.share < 0.995 else ""
    return "  ".join(part for part in (share, f"{one.rtt} ms" if one.rtt else "") if part)


def _conclusions(comparison: Comparison) -> list[str]:
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


def _box(comparison: Comparison, vertex: Vertex, words: Sequence[Words]) -> Box:
    names = comparison.of_vertex(vertex)
    known = [(view.name, one[vertex]) for view, one in zip(comparison.views, words, strict=True)
             if vertex in one]  # fmt: skip
    kinds = {one.kind for _, one in known}
    kind = next((kind for kind in (*_PROMINENT, *Kind) if kind in kinds), Kind.ROUTER)
    shown = tuple(f"{name} {_cell(one)}" for name, one in known if one.rtt)
    return Box(
        key=key_of(vertex),
        kind=kind,
        strong="*" if vertex.address is None else str(vertex.address),
        faint=shown if vertex != _origin(comparison) else ("source",),
        tip=f"seen by {', '.join(names)}",
        is_compact=False,
    )


_PROMINENT: Final = (Kind.DESTINATION, Kind.REFUSING, Kind.BALANCER)


def _line(comparison: Comparison, near: Vertex, far: Vertex) -> Line:
    names = comparison.of_edge(near, far)
    share = len(names) / len(comparison.views)
    return Line(
        near=key_of(near),
        far=key_of(far),
        width=round(_THINNEST + (_THICKEST - _THINNEST) * share, 2),
        tip=f"seen by {', '.join(names)}",
        is_dashed=share < 1,
    )
