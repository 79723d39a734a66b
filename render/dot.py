"""A diagram in Graphviz's DOT language; equal traces give equal bytes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from render.diagram import Box, Diagram, Group, Line, diagram
from render.labels import printable
from render.palette import (
    BACKGROUND,
    DIAMOND_FILL,
    DIAMOND_LINE,
    EDGE,
    FAINT_EDGE,
    FAINT_TEXT,
    LOOKS,
    TEXT,
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress
    from mda.trace import Trace

_FONT: Final = "Helvetica,Arial,sans-serif"


def dot(trace: Trace, *, names: Mapping[IPAddress, str]) -> str:
    """The picture of a trace as DOT text, ending with a newline."""
    return to_dot(diagram(trace, names))


def to_dot(drawn: Diagram) -> str:
    """A diagram as DOT text."""
    foot = "".join(f"{_html(line)}<br align='left'/>" for line in drawn.footer)
    lines = [
        'digraph "paris-trace" {',
        "  graph [rankdir=LR, newrank=true, splines=line,"
        f' bgcolor="{BACKGROUND}", fontname="{_FONT}",'
        f' fontcolor="{TEXT}", fontsize=13, nodesep=0.16, ranksep=0.8, pad=0.3,'
        f' tooltip="paris-trace",',
        f"    label=<<b>{_html(drawn.title)}</b><br align='left'/><font point-size='11'>{foot}"
        "</font>>, labelloc=b, labeljust=l];",
        f'  node [fontname="{_FONT}", fontsize=11, fontcolor="{TEXT}", margin="0.09,0.05",'
        " height=0.3];",
        f'  edge [fontname="{_FONT}", fontsize=9, fontcolor="{FAINT_TEXT}", color="{EDGE}",'
        " arrowhead=none, tailport=e, headport=w];",
    ]
    for number, (heading, boxes) in enumerate(drawn.columns):
        lines.append(
            f'  "column {number}" [shape=plaintext, fontsize=10, fontcolor="{FAINT_TEXT}",'
            f" label={_quoted(heading)}, tooltip={_quoted(heading)}];"
        )
        lines += [f"  {_box(box)}" for box in boxes]
        same = " ".join(_quoted(key) for key in (f"column {number}", *(box.key for box in boxes)))
        lines.append(f"  {{ rank=same; {same} }}")
    for number in range(1, len(drawn.columns)):
        lines.append(f'  "column {number - 1}" -> "column {number}" [style=invis];')
    for group in drawn.groups:
        lines += _group(group)
    lines += [f"  {_line(line)}" for line in drawn.lines]
    lines.append("}")
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    look = LOOKS[box.kind]
    strong = "silent" if box.kind is Kind.SILENT else box.strong
    between = " " if box.is_compact else "<br/>"
    faint = "".join(
        f"{between}<font color='{FAINT_TEXT}' point-size='9'>{_html(line)}</font>"
        for line in box.faint
        if not (box.kind is Kind.SILENT and line.startswith("silent") and box.is_compact)
    )
    border = ", peripheries=2" if box.kind is Kind.DESTINATION else ""
    return (
        f"{_quoted(box.key)} [label=<<b>{_html(strong)}</b>{faint}>, shape={look.shape},"
        f' style="{look.style}", fillcolor="{look.fill}", color="{look.line}"{border},'
        f" tooltip={_quoted(box.tip)}];"
    )


def _line(line: Line) -> str:
    style = f', style=dashed, color="{FAINT_EDGE}"' if line.is_dashed else ""
    label = f", label={_quoted(line.label)}" if line.label else ""
    return (
        f"{_quoted(line.near)} -> {_quoted(line.far)} [penwidth={line.width:g}{label}{style},"
        f" tooltip={_quoted(line.tip)}, labeltooltip={_quoted(line.tip)}];"
    )


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
    lines = (printable(line) for line in text.split("\n"))
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def _html(text: str) -> str:
    """Text inside an HTML-like label."""
    return escape(printable(text))
