"""The boxes of a hop, laid out so that they have room beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from render.pictures.boxes import line_of, lines_of
from render.words.vertices import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from render.pictures.boxes import Content
    from render.pictures.diagram import Column
    from render.pictures.sizes import Size

_STEPS: Final = 5  # in which the breadth of boxes is found


def fitting(column: Column, size: Size, breadth: float) -> dict[str, Content]:
    """The boxes of a hop; those with addresses are equally long.

    Where pictures run down, boxes are as broad as their words need and `breadth` allows.
    """
    if size.runs_down:
        return _even(_narrow(column, size, breadth))
    return _even(
        line_of(box, size, size.line * 1.6) if box.is_compact else lines_of(box, size, size.line)
        for box in column.boxes
    )


def _narrow(column: Column, size: Size, breadth: float) -> list[Content]:
    """The boxes with the longest lines with which all of them fit, or with the shortest."""
    share, high = share_of(breadth, len(column.boxes), size), size.line
    for low in (high, share, share / 2):
        made = _lines(column, size, low)
        if _total(made, size) <= breadth:
            break
        high = low
    for _ in range(_STEPS if low < high else 0):
        most = (low + high) / 2
        tried = _lines(column, size, most)
        if _total(tried, size) <= breadth:
            low, made = most, tried
        else:
            high = most
    return made


def share_of(breadth: float, count: int, size: Size) -> float:
    """The breadth that each of `count` boxes has."""
    return max(2 * size.strong, (breadth + size.gap) / count - size.gap)


def _lines(column: Column, size: Size, most: float) -> list[Content]:
    return [lines_of(box, size, most) for box in column.boxes]


def _total(made: list[Content], size: Size) -> float:
    return sum(own.across + own.behind + size.gap for own in made) - size.gap


def _even(made: Iterable[Content]) -> dict[str, Content]:
    boxes = {own.box.key: own for own in made}
    longest = max(
        (own.along for own in boxes.values() if own.box.kind is not Kind.SILENT), default=0
    )
    return {
        key: own if own.box.kind is Kind.SILENT else own.as_long_as(longest)
        for key, own in boxes.items()
    }
