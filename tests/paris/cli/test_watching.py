"""Watches by the command: the table, the lines of JSON, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path

WATCH = ("--sim", "two-way", "--watch", "1", "--count", "5")


def test_the_table_follows_the_text_and_each_round_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "rounds.jsonl"
    file.write_text('{"cut')
    done = run(*WATCH, "--jsonl", str(file))
    assert done.returncode == 0
    assert "two-way: 5 rounds, 1 path, times in ms" in done.stdout
    _, *lines = file.read_text().splitlines()
    kinds = [json.loads(line)["type"] for line in lines]
    assert kinds == ["begin", *["round"] * 5, "end"]


@pytest.mark.parametrize(
    "words",
    [("--count", "5"), ("--jsonl", "x"), ("--until", "nonsense"), ("--watch", "0")],
    ids=lambda words: words[0],
)
def test_options_that_make_no_sense_are_refused(words: tuple[str, ...]) -> None:
    assert run("--sim", "two-way", *words).returncode == 2
