"""Tables of figures, fitted to windows."""

from __future__ import annotations

import pytest

from render.terminal.watch import watch_lines
from render.words.watch import WatchRow, WatchTable, WatchWords

ROWS = tuple(WatchRow(f"{hop}", f"198.51.100.{hop}", ("5", "0 %", "1.25")) for hop in range(1, 31))
WORDS = WatchWords(
    "host: 25 probes, 3 lost, times in ms", ("sent", "loss", "last"), (WatchTable("hop", ROWS),), ()
)


@pytest.mark.parametrize(
    ("width", "title"),
    [(80, WORDS.title), (36, WORDS.title), (35, "host: 25 probes, 3 lost"), (20, "host: 25 probes"),
     (8, "host: 25")],
)  # fmt: skip
def test_a_title_loses_whole_parts_where_the_window_is_narrow(width: int, title: str) -> None:
    assert watch_lines(WORDS, width)[0] == title


@pytest.mark.parametrize("width", [1, 10, 25, 80])
@pytest.mark.parametrize("height", [1, 2, 5, 24, 50])
def test_no_window_is_too_small(width: int, height: int) -> None:
    lines = watch_lines(WORDS, width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_lines_that_do_not_fit_are_counted() -> None:
    assert watch_lines(WORDS, 80, 12)[-2:] == [
        "8   198.51.100.8      5   0 %  1.25",
        "... 22 more lines",
    ]
