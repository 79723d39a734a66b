"""What a picture is for, a row each: how large its text is, which way it runs, what is in it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Size(NamedTuple):
    """How a picture for one purpose is made; all lengths are in points.

    With `runs_down` each hop is a row, so that a column of a page holds long paths; else each is a
    column. `room` is the breadth that the boxes of a hop share, None for as much as they need; text
    is broken into lines of at most `line`. `has_prose` says whether sentences stand in the picture,
    and `has_dark` whether it is dark where its reader prefers that. More than `fold` branches that
    are alike become one box.
    """

    name: str
    about: str
    runs_down: bool
    room: float | None
    line: float
    strong: float
    faint: float
    title: float
    pad: float
    gap: float  # between the boxes of a hop
    way: float  # between hops
    stroke: float  # times the widths of the screen
    strip: float  # of round-trip times
    margin: float
    has_prose: bool
    has_dark: bool
    fold: int


SCREEN: Final = Size(
    "screen", "for browsers, with every finding", runs_down=False, room=None, line=150,
    strong=11, faint=9, title=13, pad=5, gap=10, way=30, stroke=1, strip=48, margin=18,
    has_prose=True, has_dark=True, fold=12,
)  # fmt: skip
SLIDE: Final = Size(
    "slide", "large text, no sentences", runs_down=False, room=None, line=150,
    strong=16, faint=13, title=20, pad=7, gap=12, way=34, stroke=1.5, strip=60, margin=20,
    has_prose=False, has_dark=True, fold=6,
)  # fmt: skip
# A column of a page is 8.5 cm = 241 points wide; 6 points are the least that is read with ease.
PAPER: Final = Size(
    "paper", "8.5 cm wide, downwards, text of 6 points and more, no sentences",
    runs_down=True, room=172, line=90,
    strong=7, faint=6.2, title=7.5, pad=2.2, gap=5, way=13, stroke=0.55, strip=30, margin=2,
    has_prose=False, has_dark=False, fold=8,
)  # fmt: skip
SIZES: Final = {size.name: size for size in (SCREEN, SLIDE)}
