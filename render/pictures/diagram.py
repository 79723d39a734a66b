"""A trace as boxes in columns and lines between them: what to draw, in no language yet."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from render.words.quantities import percent
from render.words.vertices import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from render.words.balancers import BalancerWords
    from render.words.paths import PathWords
    from render.words.trace import DiamondWords, EdgeWords, FalseLink, HopWords, TraceWords
    from render.words.vertices import VertexWords

_CROWDED: Final = 8  # from this many boxes in a column on, each takes one line
_MOST_PATHS: Final = 4  # that are named in a box
_THINNEST, _THICKEST = 0.8, 7.0  # points
_FALSE_WIDTH: Final = 1.4
_NETWORK_LEGEND: Final = "bands: the network that numbered the interfaces"
_MARKED: Final = "no longer packets, in bytes, get over this link"
_FALSE_LEGEND: Final = "dotted with a cross: inferred by a classic traceroute, and not there"
_LEGEND: Final = (
    "lines as wide as their share of the flows, dashed if silent or unasked; tinted: a diamond"
)


class Ring(NamedTuple):
    """What stands round the place where a box's lines part.

    `ways` is how many are known. `unseen` is the share of the box's flows that a branch may have
    and still be missed. It is unfinished if the measurement ended before it was to.
    """

    ways: int
    unseen: float
    is_finished: bool


class Seen(NamedTuple):
    """What a measurement saw of a vertex: its share of the flows, and its median round trip."""

    by: str
    share: float
    rtts_s: tuple[float, ...]


class Box(NamedTuple):
    """A vertex. `strong` and `faint` are its lines of text; `tip` shows when it is pointed at.

    `number` names it where there is no room for more. `share` is that of all flows, and `rtts_s`
    has its median round trip. A stack `stands_for` the vertices of these keys, and has a round trip
    for each. Both are 0 and empty where what is drawn has no flows. Where several measurements are
    drawn in one, `seen` has what each of them saw instead. `sign` is what `strong` begins with
    before the address, and `likeness` what else boxes of a stack have in common.
    """

    key: str
    kind: Kind
    strong: str
    faint: tuple[str, ...]
    tip: str
    is_compact: bool
    number: str = ""
    notes: tuple[str, ...] = ()  # those of `faint` that make it unlike others
    share: float = 1.0
    rtts_s: tuple[float, ...] = ()
    ring: Ring | None = None
    stands_for: tuple[str, ...] = ()
    seen: tuple[Seen, ...] = ()
    sign: str = ""
    likeness: tuple[str, ...] = ()


class Line(NamedTuple):
    """An edge, `width` points wide, with a `mark`; `tip` shows when it is pointed at.

    `share` is that of all flows; it is 0 where the width means something else.
    """

    near: str
    far: str
    width: float
    tip: str
    is_dashed: bool
    mark: str = ""
    is_false: bool = False  # inferred by a classic traceroute, and not there
    share: float = 0.0
    is_partial: bool = False  # of what is compared, only some goes there


class Column(NamedTuple):
    """The boxes of a hop, by address, under their heading.

    Neighbours with the same `network` are joined by a band; empty for none. `beginning` is what
    the addresses of all boxes begin with, where boxes have only their ends.
    """

    heading: str
    boxes: tuple[Box, ...]
    network: str = ""
    beginning: str = ""


class Group(NamedTuple):
    """A diamond: the keys of the boxes between its two ends, and its size in words.

    No box is in the `boxes` of two groups: Graphviz 2.43 dies of it. `every` has those too that
    are in the group of another diamond inside.
    """

    key: str
    label: str
    boxes: tuple[str, ...]
    every: tuple[str, ...]


class Diagram(NamedTuple):
    """Everything to draw. `columns` are the hops, left to right; `title`, `notes` lines of text.

    Without a title there are no notes either. `legends` are sentences for pictures that cannot
    draw their legend; `dashed` and `partial` are what such lines are, `widths` and `marked` what
    widths and marks of lines say.
    """

    title: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]
    legends: tuple[str, ...] = ()
    dashed: str = "silent or unasked"
    widths: str = "share of the flows"
    partial: str = "only some protocols go there"
    marked: str = ""


def diagram(words: TraceWords) -> Diagram:
    """The picture of a trace, everything in a fixed order."""
    marks = _marks(words)
    return Diagram(
        words.title,
        (words.probing, *_verdict(words), *words.findings),
        tuple(_column(hop, marks) for hop in words.hops),
        (*map(_line, words.edges), *map(_false_line, words.false_links)),
        _groups(words.diamonds),
        tuple(_legends(words)),
        marked=_MARKED,
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
        Group(f"diamond {place + 1}", diamond.size, boxes, diamond.vertices)
        for place, diamond in enumerate(diamonds)
        if (boxes := tuple(key for key in diamond.vertices if owner[key] == place))
    )


def _marks(words: TraceWords) -> dict[str, list[str]]:
    """What stands in boxes beside the words of their vertex: paths, and the verdict at the ends."""
    marks: defaultdict[str, list[str]] = defaultdict(list)
    through: defaultdict[str, list[PathWords]] = defaultdict(list)
    for path in words.paths:
        for key in path.vertices:
            through[key].append(path)
    told = set()
    for key, paths in through.items():
        if len(paths) == len(words.paths):
            continue
        numbers = " ".join(str(path.number) for path in paths)
        said = f"path {numbers}" if len(paths) == 1 else f"paths {numbers}"
        (only, *others) = paths
        if not others and only.difference and only.number not in told:
            told.add(only.number)
            said += f": {only.difference}"
        marks[key].append(said if len(paths) <= _MOST_PATHS else f"{len(paths)} paths")
    if words.verdict is not None:
        for key in _ends(words):
            marks[key].append(words.verdict.word)
    return marks


def _ends(words: TraceWords) -> list[str]:
    """The boxes that the verdict is about: where the service answers, or else the last ones."""
    every = [vertex for hop in words.hops for vertex in hop.vertices]
    for kinds in ((Kind.DESTINATION, Kind.CLOSED), (Kind.REFUSING,)):
        if found := [vertex.key for vertex in every if vertex.kind in kinds]:
            return found
    return [vertex.key for vertex in words.hops[-1].vertices] if words.hops else []


def _column(hop: HopWords, marks: Mapping[str, list[str]]) -> Column:
    width = len(hop.vertices)
    heading = f"hop {hop.ttl}" if width == 1 else f"hop {hop.ttl}: {width} wide"
    boxes = (
        _box(vertex, tuple(marks.get(vertex.key, ())), is_compact=width > _CROWDED)
        for vertex in hop.vertices
    )
    return Column("source" if hop.is_source else heading, tuple(boxes), hop.network)


def _box(vertex: VertexWords, marks: tuple[str, ...], *, is_compact: bool) -> Box:
    rtt = f"{vertex.rtt} ms" if vertex.rtt else ""
    share = f"{percent(round(vertex.share, 2))} of flows" if vertex.share < 0.995 else ""
    balancer = vertex.balancer
    notes = (*vertex.notes, *(balancer.marks if balancer is not None else ()), *marks)
    source = ("source",) if vertex.kind is Kind.SOURCE else ()
    faint = (vertex.name, ", ".join(filter(None, (rtt, share))), *source, *notes)
    ring = ring_of((balancer,))
    tip = (
        vertex.address, vertex.name, *vertex.details, *source, *notes,
        "" if ring is None else missed(ring),
    )  # fmt: skip
    return Box(
        key=vertex.key,
        kind=vertex.kind,
        strong=vertex.address,
        faint=tuple(filter(None, faint)),
        tip="\n".join(filter(None, tip)),
        is_compact=is_compact,
        number=vertex.number,
        notes=notes,
        share=vertex.share,
        rtts_s=(median(vertex.rtts_s),) if vertex.rtts_s else (),
        ring=ring,
    )


def ring_of(balancers: Iterable[BalancerWords | None]) -> Ring | None:
    """The ring of a vertex: of all measurements, the most ways and the most that may be unseen."""
    known = [own for own in balancers if own is not None]
    if not known:
        return None
    return Ring(
        max(own.ways for own in known),
        max(own.unseen for own in known),
        all(own.is_finished for own in known),
    )


def missed(ring: Ring) -> str:
    """What a ring says."""
    said = f"a branch with less than {percent(round(ring.unseen, 2))} of its flows may be unseen"
    return said if ring.is_finished else f"{said}; not fully explored"


def line_width(share: float) -> float:
    """The width of a line that takes a share of the flows, in points."""
    return round(_THINNEST + (_THICKEST - _THINNEST) * share, 2)


def _line(edge: EdgeWords) -> Line:
    return Line(
        edge.near, edge.far, line_width(edge.share), edge.sentence, edge.is_uncertain, edge.mark,
        share=edge.share,
    )  # fmt: skip


def _false_line(link: FalseLink) -> Line:
    return Line(link.near, link.far, _FALSE_WIDTH, link.sentence, is_dashed=False, is_false=True)


def _legends(words: TraceWords) -> list[str]:
    """What lines and tints mean, where there are any."""
    return [
        legend
        for legend, is_needed in (
            (_LEGEND, words.diamonds),
            (_FALSE_LEGEND, words.false_links),
            (f"MTU: {_MARKED}", any(edge.mark for edge in words.edges)),
            (_NETWORK_LEGEND, any(hop.network for hop in words.hops)),
        )
        if is_needed
    ]
