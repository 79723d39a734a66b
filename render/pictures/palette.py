"""Colours, one table for all pictures: told apart by colour-blind eyes and in grey.

From the set of Okabe and Ito (2008), tinted where they lie behind text. No meaning is carried by
colour alone: shape, dash or words say the same.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from render.words.vertices import Kind


class Look(NamedTuple):
    """How a kind of box is drawn: Graphviz shape and style, fill and line colours."""

    shape: str
    style: str
    fill: str
    line: str


class Ink(NamedTuple):
    """How shapes of a look are drawn: their fill and line; empty for none.

    `width` is that of the line in points, and `dash` the lengths of its dashes and gaps.
    """

    fill: str = ""
    line: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()


LOOKS: Final = {
    Kind.SOURCE: Look("box", "rounded,filled", "#e8e8e8", "#444444"),
    Kind.ROUTER: Look("box", "rounded,filled", "#ffffff", "#444444"),
    Kind.BALANCER: Look("box", "rounded,filled,bold", "#fff2cc", "#b07c00"),
    Kind.SILENT: Look("box", "rounded,dashed", "#ffffff", "#777777"),
    Kind.REFUSING: Look("octagon", "filled", "#fbe0d0", "#d55e00"),
    Kind.DESTINATION: Look("box", "filled", "#d5efe5", "#009e73"),
    Kind.CLOSED: Look("hexagon", "filled", "#fbe0d0", "#d55e00"),
}
TEXT: Final = "#1a1a1a"
FAINT_TEXT: Final = "#555555"
EDGE: Final = "#0072b2"
FAINT_EDGE: Final = "#9a9a9a"
FALSE_EDGE: Final = "#d55e00"
PARTIAL_EDGE: Final = "#8f3f71"  # of what is compared, only some goes there
MARK: Final = "#b03a00"  # beside an edge
DIAMOND_FILL: Final = "#eef5fb"
DIAMOND_LINE: Final = "#56b4e9"
BACKGROUND: Final = "#ffffff"
# Of networks: each has one of them, and is labelled as well.
BANDS: Final = ("#d9ecf7", "#fbe8c8", "#d6cbf6", "#ebc2c2")
# What stands in the place of these colours where a reader prefers the dark.
DARK: Final = {
    BACKGROUND: "#15181c",
    "white": "#15181c",  # as Graphviz may write it
    TEXT: "#f2f2f2",
    FAINT_TEXT: "#c2c7ce",
    "#e8e8e8": "#3a3f46",
    "#444444": "#b8bec6",
    "#fff2cc": "#4a3a08",
    "#b07c00": "#f0c75e",
    "#777777": "#a0a6ae",
    "#fbe0d0": "#4f2410",
    "#d55e00": "#ff9a5c",
    "#d5efe5": "#0d3f33",
    "#009e73": "#34c79c",
    EDGE: "#3f9bdb",
    FAINT_EDGE: "#878d95",
    PARTIAL_EDGE: "#f0a8d6",
    MARK: "#ffab73",
    DIAMOND_FILL: "#1a2733",
    DIAMOND_LINE: "#3f7fae",
    BANDS[0]: "#1b3443",
    BANDS[1]: "#3d3218",
    BANDS[2]: "#4a1f62",
    BANDS[3]: "#165a49",
}

_HEAVY: Final = (Kind.BALANCER, Kind.REFUSING, Kind.DESTINATION, Kind.CLOSED)
_SPOTS, _DASHES = (1.0, 2.6), (4.0, 3.0)
INKS: Final = {
    "page": Ink(BACKGROUND),
    **{f"band-{turn}": Ink(fill) for turn, fill in enumerate(BANDS)},
    "diamond": Ink(DIAMOND_FILL, DIAMOND_LINE, 0.6),
    "diamond-on-bands": Ink(line=DIAMOND_LINE),
    "edge": Ink(line=EDGE),
    "faint-edge": Ink(line=FAINT_EDGE, dash=_DASHES),
    "partial-edge": Ink(line=PARTIAL_EDGE),
    "faint-partial-edge": Ink(line=PARTIAL_EDGE, dash=_DASHES),
    "false-edge": Ink(line=FALSE_EDGE, width=1.4, dash=_SPOTS),
    "gap": Ink(line=FAINT_TEXT, width=1.2, dash=_SPOTS),
    "cross": Ink(line=FALSE_EDGE, width=1.6),
    **{
        kind.value: Ink(
            LOOKS[kind].fill, LOOKS[kind].line,
            1.6 if kind in _HEAVY else 1.0, (3.0, 2.2) if kind is Kind.SILENT else (),
        )
        for kind in Kind
    },
    "came": Ink(line=PARTIAL_EDGE, width=2.4),
    "went": Ink(BACKGROUND, FAINT_EDGE, 1.6, _DASHES),
    "disc": Ink(LOOKS[Kind.BALANCER].fill),
    "ring": Ink(line=LOOKS[Kind.BALANCER].line, width=2.2),
    "unfinished-ring": Ink(line=FALSE_EDGE, width=2.2, dash=(2.0, 1.4)),
    "axis": Ink(line=FAINT_EDGE, width=0.6),
    "delay": Ink(line=FAINT_TEXT),
    "dot": Ink(TEXT),
    # Of text the fill is the colour of the letters.
    "text": Ink(TEXT),
    "faint": Ink(FAINT_TEXT),
    "mark": Ink(MARK),
    "partial-mark": Ink(PARTIAL_EDGE),
}  # fmt: skip

# ANSI attributes for terminals; the text reads the same without them.
ANSI: Final = {
    Kind.DESTINATION: "1;32",
    Kind.CLOSED: "1;31",
    Kind.BALANCER: "1;33",
    Kind.SILENT: "2",
    Kind.REFUSING: "1;31",
}
