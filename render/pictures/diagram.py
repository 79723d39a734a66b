"""A trace as boxes in columns and lines between them: what to draw, in no language yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from render.words.quantities import percent
from render.words.vertices import Kind

if TYPE_CHECKING:
    from render.words.trace import DiamondWords, EdgeWords, FalseLink, HopWords, TraceWords
    from render.words.vertices import VertexWords

_CROWDED: Final = 8  # from this many boxes in a column on, each takes one line
_THINNEST, _THICKEST = 0.8, 7.0  # points
_FALSE_WIDTH: Final = 1.4
_NETWORK_LEGEND: Final = "bands: the network that numbered the interfaces"
_MARK_LEGEND: Final = "MTU: no longer packets, in bytes, get over this link"
_FALSE_LEGEND: Final = "dotted with a cross: inferred by a classic traceroute, and not there"
_LEGEND: Final = (
    "lines as wide as their share of the flows, dashed if silent or unasked; tinted: a diamond"
)


class Box(NamedTuple):
    """A vertex. `strong` and `faint` are its lines of text; `tip` shows when it is pointed at."""

    key: str
    kind: Kind
    strong: str
    faint: tuple[str, ...]
    tip: str
    is_compact: bool


class Line(NamedTuple):
    """An edge, `width` points wide, with a `mark`; `tip` shows when it is pointed at."""

    near: str
    far: str
    width: float
    tip: str
    is_dashed: bool
    mark: str = ""
    is_false: bool = False  # inferred by a classic traceroute, and not there
    is_partial: bool = False  # of what is compared, only some goes there


class Column(NamedTuple):
    """The boxes of a hop, by address, under their heading.

    Neighbours with the same `network` are joined by a band; empty for none.
    """

    heading: str
    boxes: tuple[Box, ...]
    network: str = ""


class Group(NamedTuple):
    """A diamond: the keys of the boxes between its two ends, and its size in words.

    No box is in two groups: Graphviz 2.43 dies of it.
    """

    key: str
    label: str
    boxes: tuple[str, ...]


class Diagram(NamedTuple):
    """Everything to draw. `columns` are the hops, left to right; `title`, `notes` lines of text.

    Without a title there are no notes either.
    """

    title: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]


def diagram(words: TraceWords) -> Diagram:
    """The picture of a trace, everything in a fixed order."""
    return Diagram(
        words.title,
        (words.probing, *_verdict(words), *words.findings, *_legends(words)),
        tuple(map(_column, words.hops)),
        (*map(_line, words.edges), *map(_false_line, words.false_links)),
        _groups(words.diamonds),
    )


def _verdict(words: TraceWords) -> list[str]:
    """The verdict on the service, and each cause with what speaks for it."""
    if words.verdict is None:
        return []
    causes = (f"{own.part} {own.standing}: {own.evidence}" for own in words.verdict.causes)
    return [f"{words.verdict.word}  {words.verdict.sentence}", *causes]


def _groups(diamonds: tuple[DiamondWords, ...]) -> tuple[Group, ...]:
    """The diamonds; a box that several share is in the last of them, which begins nearest to it."""
    owner = {key: place for place, diamond in enumerate(diamonds) for key in diamond.vertices}
    return tuple(
        Group(f"diamond {place + 1}", diamond.size, boxes)
        for place, diamond in enumerate(diamonds)
        if (boxes := tuple(key for key in diamond.vertices if owner[key] == place))
    )


def _column(hop: HopWords) -> Column:
    width = len(hop.vertices)
    heading = f"hop {hop.ttl}" if width == 1 else f"hop {hop.ttl}: {width} wide"
    boxes = (_box(vertex, is_compact=width > _CROWDED) for vertex in hop.vertices)
    return Column("source" if hop.is_source else heading, tuple(boxes), hop.network)


def _box(vertex: VertexWords, *, is_compact: bool) -> Box:
    rtt = f"{vertex.rtt} ms" if vertex.rtt else ""
    share = f"{percent(round(vertex.share, 2))} of flows" if vertex.share < 0.995 else ""
    notes = ("source", *vertex.notes) if vertex.kind is Kind.SOURCE else vertex.notes
    faint = (vertex.name, ", ".join(filter(None, (rtt, share))), *notes)
    tip = (vertex.address, vertex.name, *vertex.details, *notes)
    return Box(
        key=vertex.key,
        kind=vertex.kind,
        strong=vertex.address,
        faint=tuple(filter(None, faint)),
        tip="\n".join(filter(None, tip)),
        is_compact=is_compact,
    )


def _line(edge: EdgeWords) -> Line:
    return Line(
        edge.near, edge.far, line_width(edge.share), edge.sentence, edge.is_uncertain, edge.mark
    )


def line_width(share: float) -> float:
    """The width of a line that takes a share of all flows, in points."""
    return round(_THINNEST + (_THICKEST - _THINNEST) * share, 2)


def _false_line(link: FalseLink) -> Line:
    return Line(link.near, link.far, _FALSE_WIDTH, link.sentence, is_dashed=False, is_false=True)


def _legends(words: TraceWords) -> list[str]:
    """What lines and tints mean, where there are any."""
    return [
        legend
        for legend, is_needed in (
            (_LEGEND, words.diamonds),
            (_FALSE_LEGEND, words.false_links),
            (_MARK_LEGEND, any(edge.mark for edge in words.edges)),
            (_NETWORK_LEGEND, any(hop.network for hop in words.hops)),
        )
        if is_needed
    ]
