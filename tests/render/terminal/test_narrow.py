"""Text fits narrow windows: rows are broken between cells, and nothing is left out."""

from __future__ import annotations

import pytest

from render.terminal.narrow import broken, narrowed
from tests.render.samples import TRACES
from tests.support.commands import run
from tests.support.views import text_of

_WIDE_WORDS = {"marks", "networks"}  # have names and IPv6 addresses


@pytest.mark.parametrize("name", sorted(set(TRACES) - _WIDE_WORDS))
def test_no_line_of_a_trace_is_longer_than_forty_columns(name: str) -> None:
    assert max(map(len, text_of(TRACES[name], width=40).splitlines())) <= 40


@pytest.mark.parametrize("name", TRACES)
def test_narrow_text_has_the_same_words(name: str) -> None:
    headings = {"answers", "answer"}  # a column, or words of the notes

    def words(width: int) -> list[str]:
        shown = text_of(TRACES[name], width=width)
        for mark in "();":
            shown = shown.replace(mark, " ")
        return sorted(word for word in shown.split() if word not in headings)

    assert words(40) == words(79) == words(1000)


@pytest.mark.parametrize(
    "asked",
    [
        ("--mda", "--stats"),
        ("--mda", "--paths"),
        ("--mda", "--follow", "2"),
        ("--mda", "--classify"),
        ("--mda", "--mtu"),
        ("--classic",),
        ("--mda", "--watch", "--count", "2"),
        ("--ports", "ssh,https,ntp"),
        ("--compare", "udp,icmp,tcp"),
    ],
    ids=" ".join,
)
def test_only_commands_are_longer_than_the_window(
    asked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = run("--sim", "asymmetric", "--seed", "1", *asked).stdout.splitlines()
    too_long = [line for line in shown if len(line) > 40]
    assert all(line.startswith(" " * 8 + "paris-trace ") for line in too_long)
    assert len(shown) > 10


def test_a_row_is_broken_at_the_last_gap_that_fits_and_a_cell_never() -> None:
    row = " 1  192.0.2.254  a name of three words  12.0 ms"
    assert broken(row, 40) == [" 1  192.0.2.254  a name of three words", " " * 8 + "12.0 ms"]
    assert broken(row, 20) == [
        " 1  192.0.2.254",
        " " * 8 + "a name of three words",
        " " * 8 + "12.0 ms",
    ]
    assert broken(row, len(row)) == [row]


def test_rows_are_whole_from_the_usual_width_on() -> None:
    row = " 1  192.0.2.254  " + "x" * 90 + "  12.0 ms"
    assert broken(row, 80) == [row]
    assert len(broken(row, 79)) == 3


def test_colours_have_no_width() -> None:
    row = " 1  \x1b[1;32m192.0.2.254\x1b[0m  " + "x" * 20
    assert broken(row, 38) == [row]


def test_sentences_below_a_table_are_broken_between_words() -> None:
    assert narrowed(["  1  20 ms", "path 1 is faster than the others"], 20) == [
        "  1  20 ms",
        "path 1 is faster",
        "  than the others",
    ]
