"""Boxes with their text, each laid out by itself: as lines, or as one line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from render.pictures.lettering import Run, bold, broken, shortened, wrapped
from render.pictures.shapes import Path, Text, circle, polygon, rectangle
from render.words.vertices import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from render.pictures.diagram import Box, Ring
    from render.pictures.shapes import Point
    from render.pictures.sizes import Size

_DOUBLE: Final = 2.4  # points between both lines of a destination
_SHEET: Final = 2.6  # by which the sheets of a stack show
_SPACE: Final = 0.5  # between runs of a row, times their size
_MOST_CUT: Final = 11.0  # off a corner: more would come too near to text of many rows
_ENDS: Final = (Kind.DESTINATION, Kind.CLOSED)


class Piece(NamedTuple):
    """A run of text and its look."""

    look: str
    run: Run


class Content(NamedTuple):
    """A box that is laid out.

    `rows` are lines of text, each of one or several pieces. `width` and `height` are those of the
    front; `behind` is how far the sheets of a stack show, and `ring` the radius of the ring, half
    of which lies in the box.
    """

    box: Box
    rows: tuple[tuple[Piece, ...], ...]
    width: float
    height: float
    behind: float
    ring: float
    runs_down: bool

    @property
    def along(self) -> float:
        """Points from where lines enter to where they leave."""
        return self.height if self.runs_down else self.width

    @property
    def across(self) -> float:
        """Points from side to side, without sheets."""
        return self.width if self.runs_down else self.height

    def as_long_as(self, along: float) -> Content:
        """The same box, longer on the way that packets take."""
        return self._replace(height=along) if self.runs_down else self._replace(width=along)


def lines_of(box: Box, size: Size, most: float) -> Content:
    """The box with its lines one below the other, at most `most` wide where words allow.

    Where pictures run down, short lines stand side by side.
    """
    ring = _radius(box.ring, size)
    room = most - 2 * size.pad - (0 if size.runs_down else ring)
    rows: list[tuple[Piece, ...]] = []
    for look, words in (("text", bold(box.strong, size.strong)), *_faint(box, size)):
        joined = (*rows[-1], Piece(look, words)) if rows and size.runs_down else ()
        if joined and _breadth(joined) <= room:
            rows[-1] = joined
        else:
            lines = broken(words, room) if size.runs_down else wrapped(words, room)
            rows += [(Piece(look, run),) for run in lines]
    if len(rows) > size.rows:
        last = rows[size.rows - 1][0]
        rows[size.rows - 1 :] = [(last._replace(run=last.run._replace(text="...")),)]
    return _framed(box, rows, size, ring)


def line_of(box: Box, size: Size, most: float) -> Content:
    """The box with all its text in one line; what is longer than `most` is cut."""
    pieces = [Piece("text", bold(box.strong, size.strong))]
    left = most - pieces[0].run.width
    for look, words in _faint(box, size):
        run = shortened(words, left - size.faint * _SPACE)
        if run.text:
            pieces.append(Piece(look, run))
            left -= run.width + size.faint * _SPACE
    return _framed(box, [tuple(pieces)], size, _radius(box.ring, size))


def _faint(box: Box, size: Size) -> list[Piece]:
    return [
        Piece("mark" if words in box.notes else "faint", Run(words, size.faint))
        for words in box.faint
    ]


def _radius(ring: Ring | None, size: Size) -> float:
    return 0.0 if ring is None else size.ring


def _framed(box: Box, rows: list[tuple[Piece, ...]], size: Size, ring: float) -> Content:
    double = _DOUBLE * 2 if box.kind in _ENDS else 0.0
    width = max(map(_breadth, rows)) + 2 * size.pad + double
    height = sum(map(_height, rows)) + 1.4 * size.pad + double
    if box.kind in (Kind.CLOSED, Kind.REFUSING):
        width += height * 0.25  # their corners are cut
    if size.runs_down:
        width, height = max(width, 2 * ring + 2), height + ring
    else:
        width, height = width + ring, max(height, 2 * ring + 2)
    behind = 2 * _SHEET if box.stands_for else 0.0
    return Content(box, tuple(rows), width, height, behind, ring, size.runs_down)


def _breadth(row: Iterable[Piece]) -> float:
    widths = [piece.run.width for piece in row]
    return sum(widths) + sum(piece.run.size_pt for piece in list(row)[1:]) * _SPACE


def _height(row: Iterable[Piece]) -> float:
    return max(piece.run.height for piece in row)


def drawn(content: Content, left: float, top: float) -> list[Path | Text]:
    """The shapes of a box whose front has its corner there: sheets, front, text, ring."""
    box, shapes = content.box, list[Path | Text]()
    sheets = int(content.behind / _SHEET)
    for sheet in range(sheets, 0, -1):
        right, down = (sheet * _SHEET, 0.0) if content.runs_down else (0.0, sheet * _SHEET)
        shapes.append(outline(box.kind, left + right, top + down, content.width, content.height))
    front = outline(box.kind, left, top, content.width, content.height)
    shapes.append(front._replace(look="went") if box.sign.startswith("-") else front)
    if box.sign.startswith("+"):
        shapes.append(front._replace(look="came"))
    if box.kind in _ENDS:
        inner = content.width - 2 * _DOUBLE, content.height - 2 * _DOUBLE
        shapes.append(outline(box.kind, left + _DOUBLE, top + _DOUBLE, *inner))
    width, height = content.width, content.height
    if content.runs_down:
        height -= content.ring
    else:
        width -= content.ring
    y = top + (height - sum(map(_height, content.rows))) / 2
    for row in content.rows:
        x = left + (width - _breadth(row)) / 2
        foot = max(piece.run.baseline for piece in row)
        for look, run in row:
            shapes.append(text(look, run, x, y + foot))
            x += run.width + run.size_pt * _SPACE
        y += _height(row)
    if box.ring is not None:
        middle = left + content.width, top + content.height / 2
        if content.runs_down:
            middle = left + content.width / 2, top + content.height
        shapes += ring(box.ring, *middle, content.ring)
    return shapes


def text(look: str, run: Run, x: float, y: float) -> Text:
    """A run of text whose letters stand on `y`."""
    return Text(look, x, y, run.width, run.size_pt, run.text, run.is_bold)


def outline(kind: Kind, left: float, top: float, width: float, height: float) -> Path:
    """The line round a box of a kind: its shape says the kind without its colour."""
    right, bottom = left + width, top + height
    if kind is Kind.DESTINATION:
        return rectangle(kind.value, left, top, width, height)
    if kind is Kind.REFUSING:
        cut = min(height * 0.25, width * 0.25, _MOST_CUT)
        return polygon(kind.value, [
            (left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut),
            (right - cut, bottom), (left + cut, bottom), (left, bottom - cut), (left, top + cut),
        ])  # fmt: skip
    if kind is Kind.CLOSED:
        cut, middle = min(height * 0.22, width * 0.22, _MOST_CUT), top + height / 2
        return polygon(kind.value, [
            (left + cut, top), (right - cut, top), (right, middle), (right - cut, bottom),
            (left + cut, bottom), (left, middle),
        ])  # fmt: skip
    round = min(height / 2, 10) if kind is Kind.SILENT else min(height / 4, 5)
    return rectangle(kind.value, left, top, width, height, round)


def ring(ring: Ring, x: float, y: float, radius: float) -> list[Path | Text]:
    """A disc with the number of ways; the open part of its rim is the share that may be unseen."""
    look = "ring" if ring.is_finished else "unfinished-ring"
    run = bold(str(ring.ways), radius * (1.05 if ring.ways < 100 else 0.98))
    return [
        circle("disc", x, y, radius),
        Path(look, arc(x, y, radius, ring.unseen)),
        text("text", run, x - run.width / 2, y + run.size_pt * 0.36),
    ]


def arc(x: float, y: float, radius: float, open: float) -> tuple[Point, ...]:
    """The rim of a circle but for a share of it, which is open around its top."""
    begin, sweep = -math.pi / 2 + math.pi * open, 2 * math.pi * (1 - open)
    steps = max(1, math.ceil(sweep / (math.pi / 2)))
    step = sweep / steps
    out = 4 / 3 * math.tan(step / 4) * radius
    points: list[Point] = []
    for number in range(steps + 1):
        angle = begin + number * step
        cos, sin = math.cos(angle), math.sin(angle)
        on = (x + radius * cos, y + radius * sin)
        before = (on[0] + out * sin, on[1] - out * cos)
        behind = (on[0] - out * sin, on[1] + out * cos)
        points += [on, behind] if not number else [before, on, behind]
    return tuple(points[:-1])
