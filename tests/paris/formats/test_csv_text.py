"""Tables that any reader of CSV reads back, and that no spreadsheet computes."""

from __future__ import annotations

import csv
import io

import pytest

from paris.formats.csv_text import csv_text


def test_a_table_is_read_back_with_numbers_and_gaps() -> None:
    text = csv_text(("a", "b", "c"), [{"a": 1, "b": 'x, "y"', "c": None}, {"c": 0.5}])
    assert text.splitlines()[0] == "a,b,c"
    assert list(csv.reader(io.StringIO(text)))[1:] == [["1", 'x, "y"', ""], ["", "", "0.5"]]


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ('=1+1;"a",\n\x1b[2J', '\'=1+1\\x3b"a",\\n\\x1b[2J'),
        ("\uff1d1", "'\uff1d1"),
        ("-1", "'-1"),
        ("a\u202eb", "a\\u202eb"),
    ],
    ids=["formula", "wide equals sign", "minus", "bidirectional mark"],
)
def test_hostile_text_stays_text_in_its_cell(hostile: str, shown: str) -> None:
    text = csv_text((hostile,), [{hostile: hostile}])
    assert list(csv.reader(io.StringIO(text))) == [[shown], [shown]]
    assert len(text.splitlines()) == 2
