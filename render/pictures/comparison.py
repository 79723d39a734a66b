"""A comparison as a picture: the common graph, and which protocol sees what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from render.pictures.diagram import Box, Column, Diagram, Line
from render.words.comparison import share_and_rtt

if TYPE_CHECKING:
    from render.words.comparison import ComparedEdge, ComparedVertex, ComparisonWords

_THINNEST, _THICKEST = 1.0, 4.0
_LEGEND: Final = "thick: every protocol goes there; thin and dashed: only some of them"


def comparison_diagram(words: ComparisonWords) -> Diagram:
    """The common graph, everything in a fixed order."""
    return Diagram(
        words.title,
        (*(f"{own.name}: {own.state}" for own in words.services), *words.conclusions, _LEGEND),
        tuple(_column(ttl, vertices) for ttl, vertices in words.hops.items()),
        tuple(map(_line, words.edges)),
        (),
    )


def _column(ttl: int, vertices: tuple[ComparedVertex, ...]) -> Column:
    is_source = all(vertex.is_source for vertex in vertices)
    return Column("source" if is_source else f"hop {ttl}", tuple(map(_box, vertices)))


def _box(vertex: ComparedVertex) -> Box:
    shown = tuple(
        f"{name} {share_and_rtt(words)}"
        for name, words in vertex.seen.items()
        if words is not None and words.rtt
    )
    return Box(
        key=vertex.key,
        kind=vertex.kind,
        strong=vertex.address,
        faint=("source",) if vertex.is_source else (*filter(None, (vertex.name,)), *shown),
        tip=f"seen by {', '.join(vertex.names)}",
        is_compact=False,
    )


def _line(edge: ComparedEdge) -> Line:
    width = round(_THINNEST + (_THICKEST - _THINNEST) * edge.share, 2)
    tip = f"seen by {', '.join(edge.names)}"
    return Line(edge.near, edge.far, width, tip, is_dashed=edge.share < 1)
