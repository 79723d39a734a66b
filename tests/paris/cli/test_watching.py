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
    assert ": 5 rounds, 1 path, times in ms" in done.stdout
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


def test_text_and_pictures_made_again_from_json_have_the_figures_of_the_rounds(
    tmp_path: Path,
) -> None:
    saved, dot = tmp_path / "trace.json", tmp_path / "trace.dot"
    done = run(*WATCH, "--mda", "-o", "-", "-o", str(saved), "-o", str(dot))
    assert ": 5 rounds, 2 paths, times in ms" in done.stdout
    assert run(str(saved), "-o", "-", program="paris-render").stdout == done.stdout
    assert dot.read_text().count("watched: 0 of 5 lost, p95 28.0 ms") == 2  # a router, and its link
    again = run(str(saved), "-o", "-", "--format", "dot", program="paris-render")
    assert again.stdout == dot.read_text()
