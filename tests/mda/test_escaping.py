from __future__ import annotations

import subprocess
from typing import NamedTuple

import pytest

from mda.escaping import printable, shell_word, shown

ODD = ["two words", "it's", '"', "$(id)", "`id`", "a;b", "-o", "", "*", "~", "a\\b", "\x1b[2J",
       "a\nb", "\u202e", "\x7f'\\", "caf\u00e9", "\udcff"]  # fmt: skip


class Pair(NamedTuple):
    name: str
    rtt_s: float


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\u202e", "\ud800"], ids=ascii
)
def test_unprintable_characters_are_escaped(character: str) -> None:
    escaped = printable(f"a{character}b")
    assert escaped.isprintable()
    assert escaped.startswith("a\\")
    assert escaped.endswith("b")


def test_every_text_in_a_value_becomes_printable_and_nothing_else_changes() -> None:
    value = Pair("\x1b", 0.5), {"\n": (None, 1, "\t")}, "plain"
    assert shown(value) == (Pair("\\x1b", 0.5), {"\\n": (None, 1, "\\t")}, "plain")
    assert isinstance(shown(value)[0], Pair)


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_a_shell_reads_a_word_as_it_was_and_a_terminal_shows_it(text: str) -> None:
    word = shell_word(text)
    assert word.isprintable()
    command = f"printf %s {word}"
    said = subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout
    assert said == text.encode(errors="surrogateescape")
