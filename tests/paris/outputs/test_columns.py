"""Text is as wide as the user or the terminal says."""

from __future__ import annotations

import pytest

from paris.outputs.columns import terminal_width
from tests.support.commands import run


@pytest.mark.parametrize(
    ("columns", "width"),
    [("100", 100), ("40", 40), ("7", 40), ("99999", 1000), ("0", 80), ("-4", 80), ("wide", 80)],
)
def test_columns_says_how_wide_text_is(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width(most=80) == width


def test_text_on_standard_output_is_as_wide_as_columns_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = {}
    for columns in ("", "60", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        for traced in (("--mda",), ("--compare", "udp,icmp")):
            shown[columns, traced] = run("--sim", "nested", "--seed", "1", *traced).stdout
            sentences = shown[columns, traced].rpartition("\n\n")[2].splitlines()
            assert max(map(len, sentences)) <= int(columns or 80)
    assert len(set(shown.values())) == len(shown)
