"""A merged graph as text: what it holds, and the vertices that most traces have in common."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Final

from render.terminal.columns import table
from render.terminal.narrow import WIDTH, broken

if TYPE_CHECKING:
    from render.words.merged import MergedWords

_MOST: Final = 20  # rows


def merged_text(words: MergedWords, width: int = WIDTH) -> str:
    """The merged graph for a terminal of `width` columns, ending with a newline."""
    vertices = [own for step in words.steps.values() for own in step if own.is_shared]
    most = sorted(vertices, key=lambda own: -len(own.seen_by))[:_MOST]
    rows = [
        (own.name, str(len(own.seen_by)), str(own.sources), str(own.destinations)) for own in most
    ]
    found = table(("shared by most", "traces", "sources", "destinations"), rows) if rows else []
    lines = [fill(line, width, subsequent_indent="  ") for line in words.conclusions]
    title = fill(words.title, width, subsequent_indent="  ")
    parts = [title], lines, [part for row in found for part in broken(row, width)]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"
