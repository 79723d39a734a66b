from __future__ import annotations

from itertools import combinations

import pytest

from render.pictures.palette import (
    BANDS,
    DARK,
    EDGE,
    FAINT_EDGE,
    FAINT_TEXT,
    INKS,
    LOOKS,
    MARK,
    PARTIAL_EDGE,
    TEXT,
)
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


# What eyes without one kind of cones see of linear red, green and blue: Machado et al. (2009).
EYES = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red cones": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
                     (-0.003882, -0.048116, 1.051998)),
    "no green cones": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                       (-0.011820, 0.042940, 0.968881)),
    "no blue cones": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
                      (0.004733, 0.691367, 0.303900)),
}  # fmt: skip


def lab(color: str, eye: str) -> tuple[float, float, float]:
    """CIE L*a*b* of what an eye sees."""
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, linear, strict=True))))
        for row in EYES[eye]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (own ** (1 / 3) if own > 0.008856 else 7.787 * own + 16 / 116 for own in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("is_dark", [False, True])
def test_every_eye_tells_lines_that_came_stayed_and_went_apart(eye: str, *, is_dark: bool) -> None:
    lines = [DARK[own] if is_dark else own for own in (EDGE, PARTIAL_EDGE, FAINT_EDGE)]
    for own, other in combinations(lines, 2):
        distance = sum((a - b) ** 2 for a, b in zip(lab(own, eye), lab(other, eye), strict=True))
        assert distance**0.5 > 20  # 2 is just noticeable


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("is_dark", [False, True])
def test_every_eye_tells_bands_apart(eye: str, *, is_dark: bool) -> None:
    bands = [DARK[own] if is_dark else own for own in BANDS]
    for own, other in combinations(bands, 2):
        distance = sum((a - b) ** 2 for a, b in zip(lab(own, eye), lab(other, eye), strict=True))
        assert distance**0.5 > 12  # 2 is just noticeable


@pytest.mark.parametrize("is_dark", [False, True])
def test_every_line_and_mark_stands_out_from_its_ground(*, is_dark: bool) -> None:
    # 3 is what WCAG 2.1 asks of graphics, 4.5 of small text.
    def seen(color: str) -> str:
        return DARK[color] if is_dark else color

    ground = seen(INKS["page"].fill)
    for look in ("edge", "partial-edge", "false-edge", "delay", "ring", "came"):
        assert contrast(seen(INKS[look].line), ground) >= 3, look
    for look in ("text", "faint", "mark", "partial-mark"):
        assert contrast(seen(INKS[look].fill), ground) >= 4.5, look
