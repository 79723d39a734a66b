"""What a picture is for, a row each: how large its text is, and whether it has sentences."""

from __future__ import annotations

from typing import Final, NamedTuple


class Size(NamedTuple):
    """How a picture for one purpose is made; all lengths are in points.

    Text is broken into lines of at most `line`. `has_prose` says whether sentences stand in it.
    """

    name: str
    line: float
    strong: float
    faint: float
    title: float
    pad: float
    gap: float  # between the boxes of a hop
    way: float  # between hops
    strip: float  # of round-trip times
    margin: float
    has_prose: bool


SCREEN: Final = Size(
    "screen", line=150, strong=11, faint=9, title=13, pad=5, gap=10, way=30, strip=48, margin=18,
    has_prose=True,
)  # fmt: skip
SLIDE: Final = Size(
    "slide", line=210, strong=16, faint=13, title=20, pad=7, gap=12, way=34, strip=60, margin=20,
    has_prose=False,
)  # fmt: skip
SIZES: Final = {size.name: size for size in (SCREEN, SLIDE)}
