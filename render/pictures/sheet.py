"""A diagram as a sheet: title, headings, bands, diamonds, lines, boxes, delays and legend."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from render.pictures.abridging import abridged
from render.pictures.bands import band_colours
from render.pictures.boxes import drawn as drawn_box
from render.pictures.boxes import text
from render.pictures.delays import delays
from render.pictures.free import Taken
from render.pictures.headings import headings
from render.pictures.layout import layout
from render.pictures.legend import GAP, diamond_look, legend
from render.pictures.lettering import Run, bold, shortened, wrapped
from render.pictures.shapes import Group, Path, Sheet, at, moved, polyline, rectangle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from render.pictures.diagram import Diagram, Line
    from render.pictures.layout import Layout
    from render.pictures.shapes import Point, Text
    from render.pictures.sizes import Size

_INSIDE: Final = 12.0  # by which lines go on under a box, whose corners may be cut
_LEAST_PROSE: Final = 560.0  # the breadth that sentences may take
_PLACES: Final = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9)  # of a mark on its line
_CROSS: Final = 4.0
_BESIDE_GAP: Final = 5.0


def sheet(drawn: Diagram, size: Size) -> Sheet:
    """The whole picture. Without a title it has no sentences and no legend."""
    if size.runs_down and not _has_delays(drawn):
        size = size._replace(breadth=size.breadth + size.strip)
    drawn = abridged(drawn, size)
    laid = layout(drawn, size)
    part = _Part(laid, size, has_names=any(column.network for column in drawn.columns))
    groups = [
        *_bands(drawn, part), *_tints(drawn, part), *_lines(part), *_gaps(part), *_boxes(part),
        *_headings(drawn, part), *delays(drawn, laid, size, part.foot + size.gap),
    ]  # fmt: skip
    deep = part.foot + size.gap + (size.strip if _has_delays(drawn) else 0.0)
    left, top, breadth, depth = part.area(part.ends, (part.top - part.heading, deep))
    foot = size.margin
    above: list[Group] = []
    if drawn.title:
        breadth = max(breadth, 0 if size.runs_down else _LEAST_PROSE)
        above, foot = _prose(drawn, size, breadth, foot)
    shifted = [_moved(group, size.margin - left, foot - top) for group in groups]
    foot += depth
    if drawn.title:
        below, foot = legend(
            drawn,
            size,
            breadth,
            foot + size.gap,
            has_tints=bool(laid.tints),
            has_gaps=bool(laid.gaps),
        )
        shifted += [_moved(group, size.margin, 0) for group in below]
    return Sheet(breadth + 2 * size.margin, foot + size.margin, (*above, *shifted), size.scale)


class _Part:
    """The graph, from `top` to `foot` across, and the headings before it, `heading` points deep.

    `ends` is where it begins and ends along.
    """

    def __init__(self, laid: Layout, size: Size, *, has_names: bool) -> None:
        self.laid, self.size = laid, size
        self.line = Run("", size.faint).height
        spare = max(0.0, size.breadth - (laid.across[1] - laid.across[0])) / 2
        self.top, self.foot = laid.across[0] - size.pad - spare, laid.across[1] + size.pad + spare
        self.heading = (1 + has_names) * self.line + size.pad
        if size.runs_down:
            self.heading = size.side + size.pad
        begin, end = (laid.spans[0][0], laid.spans[-1][1]) if laid.spans else (0.0, 0.0)
        self.ends = begin - size.way / 2, end + size.way / 2

    def at(self, along: float, across: float) -> Point:
        """Where that is in the picture."""
        return (across, along) if self.size.runs_down else (along, across)

    def area(
        self, along: tuple[float, float], across: tuple[float, float]
    ) -> tuple[float, float, float, float]:
        """Left, top, width and height of what lies between."""
        left, top = self.at(along[0], across[0])
        width, height = self.at(along[1] - along[0], across[1] - across[0])
        return left, top, width, height

    def way(self, hop: int) -> tuple[float, float]:
        """Where the room of a hop begins and ends: amid the ways beside it."""
        spans = self.laid.spans
        begin = (
            spans[0][0] - self.size.way / 2 if not hop else (spans[hop - 1][1] + spans[hop][0]) / 2
        )
        last = hop + 1 == len(spans)
        end = spans[hop][1] + self.size.way / 2 if last else (spans[hop][1] + spans[hop + 1][0]) / 2
        return begin, end


def _has_delays(drawn: Diagram) -> bool:
    return any(box.rtts_s for column in drawn.columns for box in column.boxes)


def _moved(group: Group, right: float, down: float) -> Group:
    return group._replace(shapes=tuple(moved(own, right, down) for own in group.shapes))


def _prose(drawn: Diagram, size: Size, breadth: float, top: float) -> tuple[list[Group], float]:
    """The title and the notes, and where they end."""
    shapes = []
    rows = [bold(drawn.title, size.title)]
    for note in drawn.notes if size.has_prose else ():
        rows += wrapped(Run(note, size.faint + 1), breadth)
    for number, row in enumerate(rows):
        look = "faint" if number else "text"
        fit = shortened(row, breadth)
        shapes.append(text(look, fit, size.margin, top + fit.baseline))
        top += row.height + (0 if number else size.pad)
    return [Group("title", "", tuple(shapes))], top + size.gap


def _bands(drawn: Diagram, part: _Part) -> Iterator[Group]:
    """A band behind neighbouring hops of the same network, with its name."""
    colours = band_colours([column.network for column in drawn.columns])
    for network, run in groupby(enumerate(drawn.columns), lambda own: own[1].network):
        hops = [hop for hop, _ in run]
        if not network:
            continue
        begin, end = part.way(hops[0])[0], part.way(hops[-1])[1]
        area = part.area((begin + 1, end - 1), (part.top - part.heading, part.foot))
        shapes: list[Path | Text] = [rectangle(f"band-{colours[network]}", *area)]
        if not part.size.runs_down:
            run_of = shortened(Run(network, part.size.faint), end - begin - 6)
            foot = part.top - part.line - part.size.pad * 0.75 + run_of.baseline
            shapes.append(text("faint", run_of, (begin + end - run_of.width) / 2, foot))
        yield Group("network", network, tuple(shapes))


def _headings(drawn: Diagram, part: _Part) -> Iterator[Group]:
    top = part.top - part.heading
    for (begin, end), runs in zip(part.laid.spans, headings(drawn, part.size), strict=True):
        shapes = []
        y = (begin + end - sum(run.height for run in runs)) / 2
        for run in runs:
            x, foot = (begin + end - run.width) / 2, top + part.size.pad / 4 + run.baseline
            if part.size.runs_down:
                x, foot = top + part.size.pad, y + run.baseline
                y += run.height
            shapes.append(text("faint", run, x, foot))
        yield Group("heading", "", tuple(shapes))


def _tints(drawn: Diagram, part: _Part) -> Iterator[Group]:
    look = diamond_look(drawn)
    for tint in part.laid.tints:
        left, top, width, height = part.area(tint.along, tint.across)
        shapes: list[Path | Text] = [rectangle(look, left, top, width, height, 6)]
        if not part.size.runs_down:
            run = shortened(Run(tint.group.label, part.size.faint), width - 8)
            shapes.append(text("faint", run, left + 4, top + 1 + run.baseline))
        yield Group("diamond", tint.group.label, tuple(shapes))


def _gaps(part: _Part) -> Iterator[Group]:
    """Dots where no link from a hop to the next is known, as behind balancers per packet."""
    middle = (part.top + part.foot) / 2
    for hop in part.laid.gaps:
        begin, end = part.laid.spans[hop][1], part.laid.spans[hop + 1][0]
        ends = (begin + _BESIDE_GAP, end - _BESIDE_GAP)
        dots = polyline("gap", [part.at(along, middle) for along in ends])
        yield Group("gap", GAP, (dots,))


def _boxes(part: _Part) -> Iterator[Group]:
    for key, content in part.laid.contents.items():
        left, top = part.at(part.laid.edges(key)[0], part.laid.extent(key)[0])
        shapes = tuple(drawn_box(content, left, top))
        yield Group("vertex", content.box.tip, shapes, content.box.stands_for or (key,))


def _lines(part: _Part) -> Iterator[Group]:
    """The lines, the wide ones first; then the marks on them, each where there is room."""
    laid = part.laid
    taken = Taken(
        (*part.at(laid.edges(key)[0], laid.extent(key)[0]),
         *part.at(laid.edges(key)[1], laid.extent(key)[1]))
        for key in laid.contents
    )  # fmt: skip
    marks = []
    order = sorted(range(len(laid.chains)), key=lambda n: (-laid.chains[n][0].width, n))
    for number in order:
        line, chain = laid.chains[number]
        points = [part.at(*point) for point in _points(laid, number, chain)]
        look = _look(line)
        shapes: list[Path | Text] = [Path(look, tuple(points), width=line.width)]
        if line.is_false:
            shapes += _cross(at(points[3:7], 0.5))
        yield Group("edge", line.tip, tuple(shapes), (line.near, line.far))
        if line.mark:
            marks.append(_mark(line, points[3:7], part.size, taken))
    if marks:
        yield from marks


def _look(line: Line) -> str:
    if line.is_false:
        return "false-edge"
    if line.is_partial:
        return "faint-partial-edge" if line.is_dashed else "partial-edge"
    return "faint-edge" if line.is_dashed else "edge"


def _points(laid: Layout, number: int, chain: Sequence[str]) -> list[Point]:
    """A line from under its first box to under its last, with a curve from hop to hop.

    Each point is along and across.
    """
    begin, edge = laid.edges(chain[0])
    port = laid.ports[number, chain[0]][1]
    points = [(max(begin, edge - _INSIDE), port)]
    for near, far in pairwise(chain):
        start = (laid.edges(near)[1], laid.ports[number, near][1])
        end = (laid.edges(far)[0], laid.ports[number, far][0])
        middle = (start[0] + end[0]) / 2
        points += [points[-1], start, start, (middle, start[1]), (middle, end[1]), end]
    begin, edge = laid.edges(chain[-1])
    last = (min(edge, begin + _INSIDE), points[-1][1])
    return [*points, points[-1], last, last]


def _cross(middle: Point) -> list[Path | Text]:
    x, y = middle
    return [
        polyline("cross", [(x - _CROSS, y - _CROSS), (x + _CROSS, y + _CROSS)]),
        polyline("cross", [(x - _CROSS, y + _CROSS), (x + _CROSS, y - _CROSS)]),
    ]


def _mark(line: Line, curve: Sequence[Point], size: Size, taken: Taken) -> Group:
    """The mark of a line on a plate amid it, or beside its middle where another one lies."""
    run = bold(line.mark, size.faint)
    half = (run.width / 2 + 2, run.height / 2)
    plates = []
    for place in _PLACES:
        x, y = at(curve, place)
        plates.append((x - half[0], y - half[1], x + half[0], y + half[1]))
    left, top, right, foot = next((own for own in plates if not taken.meets(own)), plates[0])
    taken.add((left, top, right, foot))
    return Group("mark", line.tip, (
        rectangle("page", left, top, right - left, foot - top, 2),
        text("partial-mark" if line.is_partial else "mark", run, left + 2, top + run.baseline),
    ), (line.near, line.far))  # fmt: skip
