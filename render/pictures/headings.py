"""The text that heads a hop: above it where it is a column, and beside it where it is a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from render.pictures.lettering import Run, bold, broken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from render.pictures.diagram import Column, Diagram
    from render.pictures.sizes import Size


def headings(drawn: Diagram, size: Size) -> list[list[Run]]:
    """The lines of each hop; beside a row, with what begins there."""
    if not size.runs_down:
        return [[bold(column.heading, size.faint)] for column in drawn.columns]
    begun = _begun(drawn)
    return [
        [
            *(
                line
                for words in column.heading.split(": ")
                for line in broken(bold(words, size.faint), size.side)
            ),
            *(
                line
                for words in (column.beginning, *begun[hop], _network(drawn.columns, hop))
                if words
                for line in broken(Run(words, size.faint), size.side)
            ),
        ]
        for hop, column in enumerate(drawn.columns)
    ]


def _begun(drawn: Diagram) -> list[tuple[str, ...]]:
    """The labels of the diamonds that begin at each hop, each once."""
    left = {group.key: group for group in drawn.groups}
    begun = []
    for column in drawn.columns:
        keys = {box.key for box in column.boxes}
        found = [group for group in left.values() if not keys.isdisjoint(group.every)]
        for group in found:
            del left[group.key]
        begun.append(tuple(dict.fromkeys(group.label for group in found)))
    return begun


def _network(columns: Sequence[Column], hop: int) -> str:
    """The network of a hop, if that before it has another."""
    own = columns[hop].network
    return "" if hop and columns[hop - 1].network == own else own
