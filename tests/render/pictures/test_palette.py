from __future__ import annotations

from itertools import combinations

import pytest

from render.pictures.palette import BANDS, DARK, FAINT_TEXT, INKS, LOOKS, MARK, TEXT
from render.words.vertices import Kind


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.1)."""
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color: str, other: str) -> float:
    dark, light = sorted((luminance(color), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("kind", Kind)
def test_text_is_readable_on_every_box(kind: Kind) -> None:
    # 4.5 is what WCAG 2.1 asks of small text.
    assert contrast(TEXT, LOOKS[kind].fill) >= 4.5
    assert contrast(FAINT_TEXT, LOOKS[kind].fill) >= 4.5


@pytest.mark.parametrize("kind", Kind)
def test_text_is_readable_in_the_dark(kind: Kind) -> None:
    for behind in (LOOKS[kind].fill, *BANDS):
        assert contrast(DARK[TEXT], DARK[behind]) >= 4.5
        assert contrast(DARK[FAINT_TEXT], DARK[behind]) >= 4.5
    assert contrast(DARK[MARK], DARK[LOOKS[kind].fill]) >= 4.5


@pytest.mark.parametrize("kind", Kind)
def test_every_colour_of_a_box_has_another_in_the_dark(kind: Kind) -> None:
    assert {LOOKS[kind].fill, LOOKS[kind].line} <= set(DARK)


def test_every_ink_has_another_colour_in_the_dark() -> None:
    assert {color for ink in INKS.values() for color in (ink.fill, ink.line) if color} <= set(DARK)


@pytest.mark.parametrize("band", BANDS)
def test_text_is_readable_on_every_band(band: str) -> None:
    assert contrast(FAINT_TEXT, band) >= 4.5


@pytest.mark.parametrize("pair", list(combinations(Kind, 2)))
def test_two_kinds_of_boxes_look_different(pair: tuple[Kind, Kind]) -> None:
    assert LOOKS[pair[0]] != LOOKS[pair[1]]
