"""A difference as a picture: both graphs in one, and what came, went or changed."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from render.pictures.diagram import Box, Column, Diagram, Line, Seen, line_width, missed, ring_of
from render.words.comparison import share_and_rtt
from render.words.difference import Mark

if TYPE_CHECKING:
    from render.words.difference import ChangedEdge, ChangedVertex, DifferenceWords

_LEGEND: Final = "+ came, - went, ? perhaps by chance, ~ changed"
_DASHED: Final = "dashed: not there after; purple: not there before"
_NOT_AFTER: Final = (Mark.WENT, Mark.PERHAPS_WENT)
_NOT_BEFORE: Final = (Mark.CAME, Mark.PERHAPS_CAME)
_LINE_MARKS: Final = {Mark.CAME: "+", Mark.PERHAPS_CAME: "+?", Mark.PERHAPS_WENT: "?"}


def difference_diagram(words: DifferenceWords) -> Diagram:
    """Both graphs in one, everything in a fixed order."""
    return Diagram(
        words.title,
        (*words.sides, *words.changes, *words.doubts, _LEGEND),
        tuple(_column(ttl, vertices) for ttl, vertices in words.hops.items()),
        tuple(map(_line, words.edges)),
        (),
        legends=(_DASHED,),
        dashed="not there after",
        partial="not there before",
    )


def _column(ttl: int, vertices: tuple[ChangedVertex, ...]) -> Column:
    is_source = all(vertex.is_source for vertex in vertices)
    return Column("source" if is_source else f"hop {ttl}", tuple(map(_box, vertices)))


def _box(vertex: ChangedVertex) -> Box:
    seen = [
        f"{when} {share_and_rtt(own)}"
        for when, own in (("before", vertex.before), ("after", vertex.after))
        if own is not None and own.rtt
    ]
    faint = ("source",) if vertex.is_source else (*seen, *vertex.changes)
    latest = vertex.after or vertex.before
    ring = ring_of(() if latest is None else (latest.balancer,))
    tip = (vertex.address, *faint, "" if ring is None else missed(ring))
    return Box(
        key=vertex.key,
        kind=vertex.kind,
        strong=f"{vertex.mark.value} {vertex.address}".strip(),
        faint=faint,
        tip="\n".join(filter(None, tip)),
        is_compact=False,
        notes=vertex.changes,
        ring=ring,
        seen=tuple(
            Seen(when, own.share, own.rtts_s and (median(own.rtts_s),))
            for when, own in (("before", vertex.before), ("after", vertex.after))
            if own is not None
        ),
        sign=vertex.mark.value,
        likeness=(vertex.mark.value,),
    )


def _line(edge: ChangedEdge) -> Line:
    return Line(
        edge.near,
        edge.far,
        line_width(edge.share),
        edge.sentence,
        is_dashed=edge.mark in _NOT_AFTER,
        mark=_LINE_MARKS.get(edge.mark, ""),
        share=edge.share,
        is_partial=edge.mark in _NOT_BEFORE,
    )
