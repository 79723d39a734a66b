"""Finds out whether a place in a picture is free."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Rectangle = tuple[float, float, float, float]  # left, top, right, foot

_TILE: Final = 48.0  # points: what lies in a tile is looked through


class Taken:
    """The rectangles that something lies in."""

    def __init__(self, rectangles: Iterable[Rectangle]) -> None:
        self._tiles: defaultdict[tuple[int, int], list[Rectangle]] = defaultdict(list)
        for own in rectangles:
            self.add(own)

    def add(self, own: Rectangle) -> None:
        """Something lies there from now on."""
        for tile in _tiles(own):
            self._tiles[tile].append(own)

    def meets(self, own: Rectangle) -> bool:
        """Whether something lies in a rectangle; edges may touch."""
        left, top, right, foot = own
        return any(
            left < end and begin < right and top < below and above < foot
            for tile in _tiles(own)
            for begin, above, end, below in self._tiles.get(tile, ())
        )


def _tiles(own: Rectangle) -> Iterator[tuple[int, int]]:
    left, top, right, foot = (int(side // _TILE) for side in own)
    for column in range(left, right + 1):
        for row in range(top, foot + 1):
            yield column, row
