"""A comparison as text: a column for each protocol."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Final

from mda.answers.graph import vertices_by_ttl
from render.words.comparison import conclusions, origin, share_and_rtt, title, words_of_views

if TYPE_CHECKING:
    from mda.comparison import Comparison

_WIDTH: Final = 80


def comparison_text(comparison: Comparison) -> str:
    """The comparison for a terminal, ending with a newline: a column for each protocol."""
    words = words_of_views(comparison)
    head = ("hop", "interface", *(view.name for view in comparison.views))
    rows = []
    for ttl, vertices in vertices_by_ttl(comparison.graph).items():
        for number, vertex in enumerate(vertices, start=1):
            if not comparison.graph.in_degree(vertex) and vertex == origin(comparison):
                continue
            label = f"{ttl:2}" if len(vertices) == 1 else f"{ttl:2}.{number}"
            cells = (share_and_rtt(one.get(vertex)) for one in words)
            rows.append((label, "*" if vertex.address is None else str(vertex.address), *cells))
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    lines = [fill(line, _WIDTH, subsequent_indent="  ") for line in conclusions(comparison)]
    return "\n".join([title(comparison), "", *table, "", *lines]) + "\n"
