"""What a picture is made of, whichever language draws it: paths and text, in groups with tips.

Lengths are in points, x to the right and y down.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[float, float]
_ROUND: Final = 0.5523  # how far the controls of a quarter of a circle lie from its ends


class Path(NamedTuple):
    """Cubic Bézier curves: a start, then for each curve two controls and its end.

    `look` names a row of the palette; `width` is that of the stroke, None for that of the look.
    """

    look: str
    points: tuple[Point, ...]
    is_closed: bool = False
    width: float | None = None


class Text(NamedTuple):
    """A line of text from `x` on, whose letters stand on `y`, in `size_pt`, `width` wide."""

    look: str
    x: float
    y: float
    width: float
    size_pt: float
    text: str
    is_bold: bool = False


class Group(NamedTuple):
    """Shapes that stand for one thing, such as a vertex; `tip` says all that is known of it.

    `keys` are those of the vertices that a box stands for, or of both ends of a line.
    """

    name: str
    tip: str
    shapes: tuple[Path | Text, ...]
    keys: tuple[str, ...] = ()


class Sheet(NamedTuple):
    """A whole picture, to be drawn `scale` times as large; later groups lie on earlier ones."""

    width: float
    height: float
    groups: tuple[Group, ...]
    scale: float = 1.0


def polyline(look: str, points: Sequence[Point], width: float | None = None) -> Path:
    """Straight lines from point to point."""
    return Path(look, _straight(points), width=width)


def polygon(look: str, points: Sequence[Point]) -> Path:
    """Straight lines from point to point and back to the first."""
    return Path(look, _straight([*points, points[0]]), is_closed=True)


def _straight(points: Sequence[Point]) -> tuple[Point, ...]:
    return (points[0], *(own for near, far in pairwise(points) for own in (near, far, far)))


def rectangle(look: str, left: float, top: float, width: float, height: float, round: float = 0,
              ) -> Path:  # fmt: skip
    """A rectangle, with `round` as the radius of its corners; the path begins amid its top."""
    radius = min(round, width / 2, height / 2)
    right, bottom, out = left + width, top + height, radius * (1 - _ROUND)
    if not radius:
        return polygon(look, [(left, top), (right, top), (right, bottom), (left, bottom)])
    start = (left + width / 2, top)
    points: list[Point] = [start]
    for enters, first, second, leaves in (
        ((right - radius, top), (right - out, top), (right, top + out), (right, top + radius)),
        ((right, bottom - radius), (right, bottom - out), (right - out, bottom),
         (right - radius, bottom)),
        ((left + radius, bottom), (left + out, bottom), (left, bottom - out),
         (left, bottom - radius)),
        ((left, top + radius), (left, top + out), (left + out, top), (left + radius, top)),
    ):  # fmt: skip
        points += [points[-1], enters, enters, first, second, leaves]
    return Path(look, (*points, points[-1], start, start), is_closed=True)


def circle(look: str, x: float, y: float, radius: float) -> Path:
    """A circle around a point."""
    return rectangle(look, x - radius, y - radius, 2 * radius, 2 * radius, radius)


def at(corners: Sequence[Point], share: float) -> Point:
    """The point of a curve, given as its four points, from 0 at its start to 1 at its end."""
    line = list(corners)
    while len(line) > 1:  # de Casteljau's algorithm
        line = [_between(near, far, share) for near, far in pairwise(line)]
    return line[0]


def moved(shape: Path | Text, right: float, down: float) -> Path | Text:
    """The shape at another place."""
    if isinstance(shape, Text):
        return shape._replace(x=shape.x + right, y=shape.y + down)
    return shape._replace(points=tuple((x + right, y + down) for x, y in shape.points))


def _between(near: Point, far: Point, share: float) -> Point:
    return near[0] + (far[0] - near[0]) * share, near[1] + (far[1] - near[1]) * share
