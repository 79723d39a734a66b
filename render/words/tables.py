"""Rows under their heading, in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def table(
    head: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, left: Collection[int]
) -> list[str]:
    """The rows under their heading; the columns `left` to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def aligned(cells: tuple[str, ...]) -> str:
        padded = (
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return ("  " + "  ".join(padded)).rstrip()

    return [aligned(head), *map(aligned, rows)]
