"""A diagram in Graphviz's DOT language; equal traces give equal bytes."""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from render.pictures.bands import band_colours
from render.pictures.palette import (
    BACKGROUND,
    BANDS,
    DIAMOND_FILL,
    DIAMOND_LINE,
    EDGE,
    FAINT_EDGE,
    FAINT_TEXT,
    FALSE_EDGE,
    LOOKS,
    MARK,
    PARTIAL_EDGE,
    TEXT,
)
from render.words.vertices import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from render.pictures.diagram import Box, Column, Diagram, Group, Line

_FONT: Final = "Helvetica,Arial,sans-serif"
_ROOM_IN: Final = (
    0.3  # beside a column, times the root of its width: fans need room to be told apart
)
_NO_SPACE: Final = "\u200b"
_BAND_POINTS: Final = 32  # high: two lines
_CENTRES: Final = ", tailport=c, headport=c"  # dot 2.43 mistakes colours for arrows without
_STRONG_IN, _FAINT_IN = 0.09, 0.07  # breadth of a character, roughly


def to_dot(drawn: Diagram) -> str:
    """A diagram as DOT text, ending with a newline."""
    is_crowded = any(box.is_compact for column in drawn.columns for box in column.boxes)
    lines = [
        'digraph "paris-trace" {',
        f'  graph [rankdir=LR, newrank=true, splines=line, bgcolor="{BACKGROUND}", pad=0.3,'
        f" nodesep={0.07 if is_crowded else 0.16}, ranksep=0.35,"
        f' fontname="{_FONT}", fontcolor="{TEXT}", fontsize=13, tooltip="paris-trace"'
        f"{_title(drawn)}];",
        f'  node [fontname="{_FONT}", fontsize=11, fontcolor="{TEXT}", margin="0.09,0.05",'
        " height=0.25];",
        f'  edge [color="{EDGE}", arrowhead=none, tailport=e, headport=w];',
    ]
    bands = _bands(drawn.columns)
    for number, column in enumerate(drawn.columns):
        lines.append(f"  {_heading(number, column, bands[number])}")
        lines += [f"  {_box(box)}" for box in column.boxes]
        keys = (f"column {number}", *(box.key for box in column.boxes))
        lines.append(f"  {{ rank=same; {' '.join(map(_quoted, keys))} }}")
    for group in drawn.groups:
        lines += _group(group)
    for number, (near, far) in enumerate(pairwise(drawn.columns), 1):
        style = "style=invis"
        if near.network == far.network != "":
            style = (
                f'color="{bands[number]}", penwidth={_BAND_POINTS}, tooltip={_quoted(far.network)}'
            )
        lines.append(f'  "column {number - 1}" -> "column {number}" [{style}, weight=1000];')
    lines += [f"  {_line(line)}" for line in drawn.lines]
    lines += [f"  {line}" for line in _order(drawn)]
    lines.append("}")
    return "\n".join(lines) + "\n"


def _title(drawn: Diagram) -> str:
    """The title and the notes, as attributes of the graph."""
    if not drawn.title:
        return ""
    notes = "".join(f"{_html(line)}<br align='left'/>" for line in (*drawn.notes, *drawn.legends))
    return (
        f",\n    label=<<b>{_html(drawn.title)}</b><br align='left'/>"
        f"<font point-size='11'>{notes}<br/></font>>, labelloc=t, labeljust=l"
    )


def _bands(columns: Sequence[Column]) -> list[str]:
    """The colour of each column's band; empty for none."""
    networks = [column.network for column in columns]
    colours = band_colours(networks)
    return [BANDS[colours[network]] if network else "" for network in networks]


def _heading(number: int, column: Column, band: str) -> str:
    """The box that stands above a column."""
    text = "\n".join(filter(None, (column.heading, column.network)))
    look = "shape=plaintext"
    if band:
        look = f'shape=box, style=filled, color="{band}", height={_BAND_POINTS / 72:.2f}'
    return (
        f'"column {number}" [{look}, width={_breadth_in(column)}, fontsize=10,'
        f' fontcolor="{FAINT_TEXT}", label={_quoted(text)}, tooltip={_quoted(text)}];'
    )


def _breadth_in(column: Column) -> float:
    """Inches from the fan before a column to the one behind it."""
    boxes = (_box_breadth_in(box) for box in column.boxes)
    room = _ROOM_IN * math.sqrt(len(column.boxes)) if len(column.boxes) > 1 else 0.0
    return round(max(boxes) + 2 * room, 2)


def _box_breadth_in(box: Box) -> float:
    faint = [len(line) * _FAINT_IN for line in box.faint]
    strong = len(box.strong) * _STRONG_IN
    return strong + sum(faint) if box.is_compact else max(strong, *faint, 0.0)


def _box(box: Box) -> str:
    look = LOOKS[box.kind]
    between = "&#160; " if box.is_compact else "<br/>"
    faint = "".join(
        f"{between}<font color='{FAINT_TEXT}' point-size='9'>{_html(line)}</font>"
        for line in box.faint
    )
    border = ", peripheries=2" if box.kind in (Kind.DESTINATION, Kind.CLOSED) else ""
    return (
        f"{_quoted(box.key)} [label=<<b>{_html(box.strong)}</b>{faint}>, shape={look.shape},"
        f' style="{look.style}", fillcolor="{look.fill}", color="{look.line}"{border},'
        f" tooltip={_quoted(box.tip)}];"
    )


def _line(line: Line) -> str:
    style = ", style=dashed" if line.is_dashed else ""
    if line.is_dashed or line.is_partial:
        style += f', color="{PARTIAL_EDGE if line.is_partial else FAINT_EDGE}"'
    if line.mark:
        color = PARTIAL_EDGE if line.is_partial else MARK
        look = f"face='{_FONT}' color='{color}' point-size='9'"
        # Graphviz places labels beside the middle of a line, however thick that is.
        free = (
            f'border="0" cellborder="0" cellspacing="0" cellpadding="{math.ceil(line.width / 2)}"'
        )
        marked = f"<font {look}><b>{_html(line.mark)}</b></font>"
        style += f", label=<<table {free}><tr><td>{marked}</td></tr></table>>"
    if line.is_false:
        cross = f"<<font color='{FALSE_EDGE}'><b>\u00d7</b></font>>"
        style = f', style=dotted, color="{FALSE_EDGE}", constraint=false, label={cross}'
    return (
        f"{_quoted(line.near)} -> {_quoted(line.far)} [weight=20, penwidth={line.width:g}{style},"
        f" tooltip={_quoted(line.tip)}];"
    )


def _order(drawn: Diagram) -> Iterator[str]:
    """Invisible edges that keep headings on top, and boxes by address where crossings allow.

    Boxes with the same predecessors and successors can change places without changing a crossing.
    """
    near: dict[str, set[str]] = {}
    far: dict[str, set[str]] = {}
    for line in drawn.lines:
        far.setdefault(line.near, set()).add(line.far)
        near.setdefault(line.far, set()).add(line.near)
    inside = {key for group in drawn.groups for key in group.boxes}
    for number, column in enumerate(drawn.columns):
        twins: dict[tuple[frozenset[str], frozenset[str]], str] = {}
        for box in column.boxes:
            ends = frozenset(near.get(box.key, ())), frozenset(far.get(box.key, ()))
            above, below = twins.get(ends), box.key
            twins[ends] = box.key
            if above is None:
                yield f'"column {number}" -> {_quoted(below)} [style=invis, weight=0{_CENTRES}];'
                continue
            # Graphviz (2.43 and 14.1 alike) turns what lies side by side in a cluster around.
            first, second = (below, above) if box.key in inside else (above, below)
            yield f"{_quoted(first)} -> {_quoted(second)} [style=invis{_CENTRES}];"


def _group(group: Group) -> list[str]:
    members = "; ".join(_quoted(key) for key in group.boxes)
    return [
        f"  subgraph {_quoted('cluster ' + group.key)} {{",
        f'    graph [style="rounded,filled", fillcolor="{DIAMOND_FILL}", color="{DIAMOND_LINE}",'
        f' fontsize=10, fontcolor="{FAINT_TEXT}", labelloc=t, labeljust=l, margin=10,'
        f" label={_quoted(group.label)}, tooltip={_quoted(group.label)}];",
        f"    {members}",
        "  }",
    ]


def _quoted(text: str) -> str:
    """A DOT string; line breaks become breaks of the label."""
    lines = (_inert(line).replace("&", "&amp;") for line in text.split("\n"))
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def _html(text: str) -> str:
    """Text inside an HTML-like label."""
    return escape(_inert(text))


def _inert(text: str) -> str:
    """Text, printable as all words are, in which nothing means anything to Graphviz.

    Graphviz looks for escapes (one stands for the node's name) after it has resolved entities,
    and again after escapes, so a backslash stays active: an invisible space disarms it.
    """
    return text.replace("\\", f"\\{_NO_SPACE}")
