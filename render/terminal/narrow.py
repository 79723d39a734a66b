"""Tables in narrow text: their rows are broken between cells, and never inside one."""

from __future__ import annotations

import re
from textwrap import fill
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 80  # columns of text, unless the terminal or the user says otherwise
_GAP: Final = re.compile(r"(?<=\S)(\s{2,})(?=\S)")
_COLOR: Final = re.compile(r"\x1b\[[0-9;]*m")
_INDENT: Final = " " * 8  # of what is below its row


def narrowed(lines: Sequence[str], width: int) -> list[str]:
    """The lines of a table, each at most `width` characters long if no cell is longer.

    From the usual width on, rows stay whole, as wide as long names and IPv6 make them: a line of a
    file is then an interface. Lines that are not indented are sentences.
    """
    return [
        part
        for line in lines
        for part in (
            fill(line, width, subsequent_indent="  ", break_on_hyphens=False).splitlines()
            if not line.startswith(" ")
            else broken(line, width)
        )
    ]


def broken(row: str, width: int) -> list[str]:
    """The row as one line, or as several in narrow text. Codes of colours have no width."""
    if width >= WIDTH or _length(row) <= width:
        return [row]
    first, *others = _GAP.split(row)
    lines = [first]
    for gap, cell in zip(others[::2], others[1::2], strict=True):
        if _length(lines[-1] + gap + cell) <= width:
            lines[-1] += gap + cell
        else:
            lines.append(_INDENT + cell)
    return lines


def _length(text: str) -> int:
    return len(_COLOR.sub("", text))
