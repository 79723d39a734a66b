from __future__ import annotations

import pytest

from render.words.quantities import percent, printable


def test_a_percentage_below_100_is_never_shown_as_100() -> None:
    for nines in range(1, 8):
        assert percent(1 - 10**-nines) != "100 %"
    assert percent(1.0) == "100 %"


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\u202e", "\ud800"], ids=ascii
)
def test_unprintable_characters_are_escaped(character: str) -> None:
    shown = printable(f"a{character}b")
    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert shown.endswith("b")
