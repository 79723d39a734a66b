"""A comparison as text: a column for each protocol."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Final

from render.words.comparison import share_and_rtt

if TYPE_CHECKING:
    from render.words.comparison import ComparisonWords

_WIDTH: Final = 80


def comparison_text(words: ComparisonWords) -> str:
    """The comparison for a terminal, ending with a newline: a column for each protocol."""
    head = ("hop", "interface", *words.protocols)
    rows = [
        (
            f"{ttl:2}{vertex.number.removeprefix(str(ttl))}",
            vertex.address,
            *map(share_and_rtt, vertex.seen.values()),
        )
        for ttl, vertices in words.hops.items()
        for vertex in vertices
        if not vertex.is_source
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    lines = [fill(line, _WIDTH, subsequent_indent="  ") for line in words.conclusions]
    return "\n".join([words.title, "", *table, "", *lines]) + "\n"
