"""Text stays inside the outline of its box, also where corners are cut."""

from __future__ import annotations

import math
from itertools import pairwise, product

import pytest

from render.pictures.boxes import drawn, lines_of
from render.pictures.diagram import Box
from render.pictures.shapes import Path, Text
from render.pictures.sizes import SIZES, Size
from render.words.vertices import Kind

LONG = (
    "0.093 ms",
    "destination: port open",
    "back 3",
    "in the host's name",
    "OPEN AT A PROXY OR NAT",
)


@pytest.mark.parametrize("rows", range(len(LONG) + 1))
@pytest.mark.parametrize("kind", [Kind.REFUSING, Kind.CLOSED])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_text_stays_inside_cut_corners(size: Size, kind: Kind, rows: int) -> None:
    box = Box("2:a", kind, "203.0.113.9", LONG[len(LONG) - rows :], "", is_compact=False)
    shapes = drawn(lines_of(box, size, 400.0), 0.0, 0.0)
    front = next(shape for shape in shapes if isinstance(shape, Path))
    for text in shapes:
        if isinstance(text, Text):
            for x, y in product(
                (text.x, text.x + text.width), (text.y - text.size_pt * 0.7, text.y)
            ):
                assert is_inside(x, y, front), text.text


def is_inside(x: float, y: float, path: Path) -> bool:
    """Whether a point lies two points inside a convex outline, drawn clockwise, y downward."""
    return all(
        (far[0] - near[0]) * (y - near[1]) - (far[1] - near[1]) * (x - near[0])
        >= 2 * math.dist(near, far)
        for near, far in pairwise(path.points[::3])
    )
