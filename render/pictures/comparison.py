"""A comparison as a picture: the common graph, and which protocol sees what."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from render.pictures.diagram import Box, Column, Diagram, Line, Seen, line_width, missed, ring_of
from render.words.comparison import share_and_rtt
from render.words.vertices import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    seen = {name: words for name, words in vertex.seen.items() if words is not None}
    shown = tuple(
        f"{name} {share_and_rtt(words)}{_refusal(words)}"
        for name, words in seen.items()
        if words.rtt
    )
    notes = _balancing(seen)
    ring = ring_of(words.balancer for words in seen.values())
    tip = (f"seen by {', '.join(vertex.names)}", *notes, "" if ring is None else missed(ring))
    return Box(
        key=vertex.key,
        kind=vertex.kind,
        strong=vertex.address,
        faint=("source",) if vertex.is_source else (*filter(None, (vertex.name,)), *shown, *notes),
        tip="\n".join(filter(None, tip)),
        is_compact=False,
        notes=notes,
        ring=ring,
        seen=tuple(
            Seen(name, words.share, words.rtts_s and (median(words.rtts_s),))
            for name, words in seen.items()
        ),
        likeness=(*seen, *map(_refusal, seen.values())),
    )


def _balancing(seen: Mapping[str, VertexWords]) -> tuple[str, ...]:
    """How a vertex splits flows: once where all protocols that see it say the same."""
    said = {
        name: f"splits {', '.join((f'{own.ways} ways', *own.marks))}"
        for name, words in seen.items()
        if (own := words.balancer) is not None
    }
    if len(said) == len(seen) and len({*said.values()}) == 1:
        return tuple(said.values())[:1]
    return tuple(f"{name} {words}" for name, words in said.items())


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
        share=edge.flows,
        is_partial=edge.share < 1,
    )


def _names(edge: ComparedEdge) -> str:
    """The protocols that take a line which others do not."""
    if edge.share == 1:
        return ""
    more = len(edge.names) - _MOST_NAMED
    return ", ".join(edge.names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
