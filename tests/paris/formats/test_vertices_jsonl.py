"""Lines of JSON say of each vertex what the table says."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from tests.support.commands import run
from tests.support.networks import GOLDEN_MMDB

if TYPE_CHECKING:
    from pathlib import Path


def test_each_line_is_a_row_of_the_table(tmp_path: Path) -> None:
    saved, table = tmp_path / "x.jsonl", tmp_path / "x.csv"
    words = ("-A", "--asn-file", str(GOLDEN_MMDB), "-o", str(saved), "-o", str(table))
    assert run("--sim", "silent-branch", "--mda", *words).returncode == 0
    found = [json.loads(line) for line in saved.read_text().splitlines()]
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [list(line) for line in found] == [list(row) for row in rows]
    for line, row in zip(found, rows, strict=True):
        assert line["successors"] == row["successors"].split()
        assert line["is_destination"] is bool(int(row["is_destination"]))
        for name in line.keys() - {"successors", "is_destination"}:
            assert ("" if line[name] is None else str(line[name])) == row[name], name
    assert any(line["address"] is None for line in found)
    assert found[0]["asn"] == "AS64500 Example A 192.0.2.0/24"


def test_rounds_need_a_watch_and_vertices_do_not() -> None:
    ran = run("--sim", "plain", "--jsonl", "x")
    assert ran.stderr == (
        "paris-trace: --jsonl requires --watch; -o FILE.jsonl has a line for each interface\n"
    )
