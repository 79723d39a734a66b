"""The legend of a picture: what its shapes, colours and lines mean, those that are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from render.pictures.boxes import outline, ring, text
from render.pictures.diagram import Ring
from render.pictures.lettering import Run, bold
from render.pictures.shapes import Group, Sheet, moved, polyline, rectangle
from render.words.vertices import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from render.pictures.diagram import Diagram
    from render.pictures.shapes import Path, Text
    from render.pictures.sizes import Size

_KINDS: Final = {
    Kind.ROUTER: "answers",
    Kind.BALANCER: "balancer",
    Kind.SILENT: "silent",
    Kind.REFUSING: "refuses",
    Kind.DESTINATION: "destination",
    Kind.CLOSED: "destination, closed",
}
GAP: Final = "which links there are is not known"
_WIDTH: Final = 22.0  # of a sample
_SHARES: Final = (1.2, 5.0)  # widths of lines

Shapes = list["Path | Text"]


def diamond_look(drawn: Diagram) -> str:
    """The look of diamonds, which cover no band: its borders are seen in them, too."""
    return "diamond-on-bands" if any(column.network for column in drawn.columns) else "diamond"


def legend(
    drawn: Diagram, size: Size, breadth: float, top: float, *, has_tints: bool, has_gaps: bool
) -> tuple[list[Group], float]:
    """Samples with their words in rows as broad as the picture, and where they end."""
    row = max(Run("", size.faint).height, 12.0, 2 * size.ring) + 3
    x, y = 0.0, top
    shapes: Shapes = []
    for sample, words in _rows(drawn, size, has_tints=has_tints, has_gaps=has_gaps):
        run = Run(words, size.faint)
        if x and x + _WIDTH + 5 + run.width > breadth:
            x, y = 0.0, y + row
        shapes += [moved(own, x, y + row / 2) for own in sample]
        shapes.append(text("faint", run, x + _WIDTH + 5, y + row / 2 + size.faint * 0.35))
        x += _WIDTH + 5 + run.width + 14
    return [Group("legend", "", tuple(shapes))], y + row


def legend_sheet(drawn: Diagram, size: Size, breadth: float, picture: Sheet) -> Sheet:
    """The legend of a picture, as another picture."""
    names = {group.name for group in picture.groups}
    groups, foot = legend(
        drawn, size, breadth, 0.0, has_tints="diamond" in names, has_gaps="gap" in names
    )
    return Sheet(breadth, foot, tuple(groups))


def _rows(
    drawn: Diagram, size: Size, *, has_tints: bool, has_gaps: bool
) -> Iterator[tuple[Shapes, str]]:
    """Samples around the left end of their middle, and their words."""
    boxes = [box for column in drawn.columns for box in column.boxes]
    kinds = {box.kind for box in boxes}
    for kind, words in _KINDS.items():
        if kind in kinds:
            width = 10.0 if kind is Kind.SILENT else _WIDTH
            yield [outline(kind, (_WIDTH - width) / 2, -5, width, 10)], words
    if any(box.ring is not None for box in boxes):
        sample = ring(Ring(2, 0.2, is_finished=True), _WIDTH / 2, 0, size.ring)
        yield sample, "ways on; the gap is the share that may be unseen"
    if any(box.ring is not None and not box.ring.is_finished for box in boxes):
        sample = ring(Ring(2, 0.2, is_finished=False), _WIDTH / 2, 0, size.ring)
        yield sample, "not fully explored"
    thin, thick = _SHARES
    yield (
        [
            polyline("edge", [(0, -3), (_WIDTH, -3)], thin),
            polyline("edge", [(0, 3), (_WIDTH, 3)], thick),
        ],
        f"width: {drawn.widths}",
    )
    if any(line.is_dashed for line in drawn.lines):
        yield [polyline("faint-edge", [(0, 0), (_WIDTH, 0)], 1.6)], drawn.dashed
    if any(line.is_partial for line in drawn.lines):
        yield [polyline("partial-edge", [(0, 0), (_WIDTH, 0)], 1.6)], drawn.partial
    if any(line.mark for line in drawn.lines if not line.is_partial) and drawn.marked:
        run = bold("MTU", size.faint)
        yield [text("mark", run, (_WIDTH - run.width) / 2, size.faint * 0.35)], drawn.marked
    if has_gaps:
        yield [polyline("gap", [(0, 0), (_WIDTH, 0)])], GAP
    if any(line.is_false for line in drawn.lines):
        yield (
            [polyline("false-edge", [(0, 0), (_WIDTH, 0)])],
            ("inferred by a classic traceroute, and not there"),
        )
    if has_tints:
        yield [rectangle(diamond_look(drawn), 0, -5, _WIDTH, 10, 3)], "a diamond"
    if any(column.network for column in drawn.columns):
        yield [rectangle("band-0", 0, -5, _WIDTH, 10)], ("the network that numbered the interfaces")
