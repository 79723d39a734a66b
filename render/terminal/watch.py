"""A watch as lines of text that fit a window. They are ASCII, for any terminal."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from render.words.watch import WatchTable, WatchWords

_GAP: Final = 2  # columns between two figures
_FEWEST: Final = 8  # characters of a place, however narrow the window


def watch_lines(words: WatchWords, width: int, height: int | None = None) -> list[str]:
    """The lines, at most `width` characters each; with `height`, at most so many.

    Figures that do not fit beside each other are left out, the last ones first, and so are parts of
    the title. Where there are too
    many lines the events stay, the latest first, and the hops before paths and links.
    """
    events = [line for event in words.events for line in _wrapped(event, width)]
    body: list[str] = []
    for table in words.tables:
        if table.rows:
            body += ["", *_table(table, words.figures, width)]
    title = words.title
    while len(title) > width and ", " in title:
        title = title.rpartition(", ")[0]
    title = title[:width]
    if height is not None:
        events = events[-(height // 3) :] if height >= 3 else []
        room = height - 1 - len(events) - bool(events)
        if len(body) > room:
            hidden = len(body) - max(room - 1, 0)
            body = [*body[: max(room - 1, 0)], f"... {hidden} more lines"[:width]][: max(room, 0)]
    return [title, *body, *([""] if events else []), *events]


def _table(table: WatchTable, figures: tuple[str, ...], width: int) -> list[str]:
    longest = max(len(row.place) for row in table.rows)
    widths = [
        max(len(name), *(len(row.figures[place]) for row in table.rows)) + _GAP
        for place, name in enumerate(figures)
    ]
    head = max(len(table.kind), *(len(row.number) for row in table.rows)) + 1
    shown = len(widths)
    while shown > 2 and head + longest + sum(widths[:shown]) > width:
        shown -= 1
    room = max(_FEWEST, min(longest, width - head - sum(widths[:shown])))
    lines = [(table.kind, "", figures), *table.rows]
    return [
        (
            f"{number:<{head}}{_cut(place, room):<{room}}"
            + "".join(f"{cells[at]:>{widths[at]}}" for at in range(shown))
        )[:width]
        for number, place, cells in lines
    ]


def _cut(text: str, most: int) -> str:
    """A text whose end says more than its beginning."""
    return text if len(text) <= most else ".." + text[2 - most :]


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, max(width, _FEWEST), subsequent_indent="  ", break_on_hyphens=False)
