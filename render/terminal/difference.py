"""A difference as text: a row for each vertex, before and after, and what changed in sentences."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from render.terminal.columns import table
from render.terminal.narrow import WIDTH, broken
from render.words.comparison import share_and_rtt

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    parts = (
        _filled(words.sides, width),
        [part for row in found for part in broken(row, width)],
        _filled(words.changes, width),
        _filled(words.doubts, width),
    )
    lines = _filled([words.title], width)
    for part in parts:
        if part:
            lines += ["", *part]
    return "\n".join(lines) + "\n"


def _filled(sentences: Sequence[str], width: int) -> list[str]:
    return [fill(line, width, subsequent_indent="  ") for line in sentences]
