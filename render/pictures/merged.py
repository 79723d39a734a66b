"""A merged graph as a picture: every vertex of many traces once, lines as wide as their traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from render.pictures.diagram import Box, Column, Diagram, Line, line_width
from render.words.vertices import Kind

if TYPE_CHECKING:
    from render.words.merged import MergedEdge, MergedVertex, MergedWords

_CROWDED: Final = 8  # from this many boxes in a column on, each takes one line
_DASHED: Final = "silent, or leads back"
_LEGEND: Final = "lines as wide as the share of the traces that have them, dashed if silent"
_BACK: Final = "back"


def merged_diagram(words: MergedWords) -> Diagram:
    """The merged graph, everything in a fixed order."""
    return Diagram(
        words.title,
        words.conclusions,
        tuple(_column(column, vertices) for column, vertices in words.steps.items()),
        tuple(map(_line, words.edges)),
        (),
        legends=(_LEGEND,),
        dashed=_DASHED,
        widths="share of the traces",
    )


def _column(column: int, vertices: tuple[MergedVertex, ...]) -> Column:
    """A column: a vertex is one step behind the farthest of those before it."""
    is_source = all(vertex.kind is Kind.SOURCE for vertex in vertices)
    is_compact = len(vertices) > _CROWDED
    boxes = (_box(vertex, is_compact=is_compact) for vertex in vertices)
    return Column("sources" if is_source else f"step {column}", tuple(boxes))


def _box(vertex: MergedVertex, *, is_compact: bool) -> Box:
    return Box(
        key=vertex.key,
        kind=vertex.kind,
        strong=vertex.name,
        faint=(vertex.sentences[0],),
        tip="\n".join((vertex.name, *vertex.sentences)),
        is_compact=is_compact,
        number=vertex.number,
        share=0.0,
        likeness=tuple(map(str, vertex.seen_by)),
    )


def _line(edge: MergedEdge) -> Line:
    """A line; one that leads back is drawn from left to right all the same, with a mark."""
    near, far = (edge.far, edge.near) if edge.leads_back else (edge.near, edge.far)
    return Line(
        near,
        far,
        line_width(edge.share),
        edge.sentence,
        is_dashed=edge.is_silent or edge.leads_back,
        mark=_BACK if edge.leads_back else "",
    )
