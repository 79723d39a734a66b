"""A comparison as a picture: the common graph, and which protocol sees what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from render.pictures.diagram import Box, Column, Diagram, Line, line_width
from render.words.comparison import share_and_rtt
from render.words.vertices import Kind

if TYPE_CHECKING:
    from render.words.comparison import ComparedEdge, ComparedVertex, ComparisonWords
    from render.words.vertices import VertexWords

_LEGEND: Final = (
    "lines as wide as their share of the flows, dashed if silent; purple, with their names: only "
    "some protocols go there"
)
_REFUSING: Final = (Kind.REFUSING, Kind.CLOSED)
_MOST_NAMED: Final = 2  # protocols beside a line


def comparison_diagram(words: ComparisonWords) -> Diagram:
    """The common graph, everything in a fixed order."""
    return Diagram(
        words.title,
        (*(f"{own.name}: {own.state}" for own in words.services), *words.conclusions),
        tuple(_column(ttl, vertices) for ttl, vertices in words.hops.items()),
        tuple(map(_line, words.edges)),
        (),
        (_LEGEND,),
        dashed="silent",
    )


def _column(ttl: int, vertices: tuple[ComparedVertex, ...]) -> Column:
    is_source = all(vertex.is_source for vertex in vertices)
    return Column("source" if is_source else f"hop {ttl}", tuple(map(_box, vertices)))


def _box(vertex: ComparedVertex) -> Box:
    shown = tuple(
        f"{name} {share_and_rtt(words)}{_refusal(words)}"
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


def _refusal(words: VertexWords) -> str:
    """How a vertex ends the path of a protocol, other than as its destination."""
    return f", {words.notes[0]}" if words.kind in _REFUSING and words.notes else ""


def _line(edge: ComparedEdge) -> Line:
    return Line(
        edge.near,
        edge.far,
        line_width(edge.flows),
        f"seen by {', '.join(edge.names)}",
        is_dashed=edge.is_silent,
        mark=_names(edge),
        is_partial=edge.share < 1,
    )


def _names(edge: ComparedEdge) -> str:
    """The protocols that take a line which others do not."""
    if edge.share == 1:
        return ""
    more = len(edge.names) - _MOST_NAMED
    return ", ".join(edge.names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
