from __future__ import annotations

from render.words.quantities import percent


def test_a_percentage_below_100_is_never_shown_as_100() -> None:
    for nines in range(1, 8):
        assert percent(1 - 10**-nines) != "100 %"
    assert percent(1.0) == "100 %"
