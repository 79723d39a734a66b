"""What a picture is for, a row each: how large it is, which way it runs, and what is in it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Size(NamedTuple):
    """How a picture for one purpose is made; all lengths are in points, before `scale`.

    With `runs_down` each hop is a row, so that long paths fit a page; else each is a column. The
    boxes of a hop share `breadth` then, and `side` is that of the headings beside them. Text is
    broken into lines of at most `line`. `has_prose` says whether sentences stand in it. More than
    `fold` branches that are alike are one stack, and hops with more boxes than `room` as well.
    """

    name: str
    line: float
    strong: float
    faint: float
    title: float
    ring: float  # its radius
    pad: float
    gap: float  # between the boxes of a hop
    way: float  # between hops
    strip: float  # of round-trip times
    margin: float
    has_prose: bool
    rows: int = 9  # of text in a box, at most
    runs_down: bool = False
    breadth: float = 0.0
    side: float = 0.0
    scale: float = 1.0
    fold: int = 12
    room: int | None = None
    dpi: int = 192  # of PNG


SCREEN: Final = Size(
    "screen", line=150, strong=11, faint=9, title=13, ring=7.02, pad=5, gap=10, way=30, strip=48,
    margin=18, has_prose=True,
)  # fmt: skip
SLIDE: Final = Size(
    "slide", line=210, strong=16, faint=13, title=20, ring=10.14, pad=7, gap=12, way=34, strip=60,
    margin=20, has_prose=False,
)  # fmt: skip
# A column of a page is 8.5 cm wide, 241 points; text of less than 6 points is hard to read.
PAPER: Final = Size(
    "paper", line=160, strong=11, faint=9.4, title=11.5, ring=9.5, pad=3, gap=5, way=20, strip=37,
    margin=3, has_prose=False, rows=18, runs_down=True, breadth=262, side=52, scale=0.65, fold=8,
    room=8, dpi=300,
)  # fmt: skip
SIZES: Final = {size.name: size for size in (SCREEN, SLIDE, PAPER)}
