"""A difference as text: a row for each vertex, before and after, and what changed in sentences."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from render.terminal.columns import table
from render.terminal.text import WIDTH
from render.words.comparison import share_and_rtt

if TYPE_CHECKING:
    from render.words.difference import DifferenceWords


def difference_text(words: DifferenceWords, width: int = WIDTH) -> str:
    """The difference for a terminal of `width` columns, ending with a newline."""
    rows = [
        (
            vertex.mark.value,
            f"{ttl:2}{vertex.number.removeprefix(str(ttl))}",
            vertex.address,
            share_and_rtt(vertex.before),
            share_and_rtt(vertex.after),
            "; ".join(vertex.changes),
        )
        for ttl, vertices in words.hops.items()
        for vertex in vertices
        if not vertex.is_source
    ]
    found = table(("", "hop", "interface", "before", "after", "change"), rows)
    parts = (words.sides, found, words.changes, words.doubts)
    lines = [words.title]
    for part in parts:
        if part:
            filled = (fill(line, width, subsequent_indent="  ") for line in part)
            lines += ["", *(part if part is found else filled)]
    return "\n".join(lines) + "\n"
