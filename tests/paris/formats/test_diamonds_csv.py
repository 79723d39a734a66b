"""One table of the diamonds of many files."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from paris.cli import render
from paris.cli.exits import guarded
from paris.cli.trace import main
from paris.errors import ExitCode
from paris.formats.diamonds_csv import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def saved(folder: Path, *names: str) -> list[str]:
    files = [str(folder / f"{name}.json") for name in names]
    for name, file in zip(names, files, strict=True):
        assert guarded("paris-trace", main, ["--sim", name, "--mda", "-o", file]) == 0
    return files


def test_every_diamond_has_a_row_in_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = saved(tmp_path, "nested", "series", "plain")
    capsys.readouterr()
    assert guarded("paris-render", render.main, ["--metrics", *files]) == ExitCode.REACHED
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert tuple(table[0]) == COLUMNS
    assert [(row["file"], row["number"], row["max_width"]) for row in table] == [
        (files[0], "1", "4"), (files[1], "1", "2"), (files[1], "2", "3"), (files[2], "", ""),
    ]  # fmt: skip
    assert table[0]["divergence"] == "198.51.100.1"
    assert table[0]["entropy_bits"] == "2.0"


def test_unreadable_files_are_named_and_the_others_are_in_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (good,) = saved(tmp_path, "two-way")
    bad, target = tmp_path / "bad.json", tmp_path / "all.csv"
    bad.write_text("{")
    capsys.readouterr()
    arguments = ["--metrics", str(bad), good, str(tmp_path / "none.json"), "-o", str(target)]
    assert guarded("paris-render", render.main, arguments) == ExitCode.USAGE
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 2
    assert all(line.startswith("paris-render: ") for line in complaints)
    assert len(list(csv.DictReader(io.StringIO(target.read_text())))) == 1


def test_a_table_goes_to_one_file_or_to_standard_output(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for arguments, words in (
        (["a.json", "b.json"], "only --diff, --merge and --metrics accept more than one FILE"),
        (["--metrics", "a.json", "-o", "x.csv", "-o", "y.csv"], "give one -o FILE"),
    ):
        assert guarded("paris-render", render.main, arguments) == ExitCode.USAGE
        assert words in capsys.readouterr().err
    missing = str(tmp_path / "no" / "x.csv")
    assert guarded("paris-render", render.main, ["--metrics", "a", "-o", missing]) == (
        ExitCode.OUTPUT
    )
