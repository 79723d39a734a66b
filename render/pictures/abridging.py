"""Addresses of a crowded hop that begin alike: the beginning once, and of each box the end."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from render.pictures.fitting import share_of
from render.pictures.lettering import bold, wrapped
from render.words.vertices import Kind

if TYPE_CHECKING:
    from render.pictures.diagram import Column, Diagram
    from render.pictures.sizes import Size

_MOST_LINES: Final = 2  # of an address, beyond which it is hard to read
_PIECES: Final = re.compile(r"[^.:]+[.:]*")


def abridged(drawn: Diagram, size: Size) -> Diagram:
    """The diagram with what its boxes have room for, where they share the breadth of a page."""
    if not size.runs_down:
        return drawn
    return drawn._replace(columns=tuple(_column(column, size) for column in drawn.columns))


def _column(column: Column, size: Size) -> Column:
    named = [
        box.strong for box in column.boxes if not box.stands_for and box.kind is not Kind.SILENT
    ]
    if len(named) < 2 or _have_room(named, len(column.boxes), size):
        return column
    pieces = [_PIECES.findall(own)[:-1] for own in named]
    alike = takewhile(lambda own: len({*own}) == 1, zip(*pieces, strict=False))
    beginning = "".join(piece for piece, *_ in alike).rstrip(".:")
    if not beginning:
        return column
    return column._replace(
        beginning=f"{beginning} ...",
        boxes=tuple(
            box._replace(strong=box.strong.removeprefix(beginning)) for box in column.boxes
        ),
    )


def _have_room(named: list[str], count: int, size: Size) -> bool:
    room = share_of(size.breadth, count, size) - 2 * size.pad
    return all(len(wrapped(bold(own, size.strong), room)) <= _MOST_LINES for own in named)
