"""A diagram in Mermaid's language, which issue trackers draw; equal traces give equal text."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from render.pictures.palette import (
    DIAMOND_FILL,
    DIAMOND_LINE,
    EDGE,
    FALSE_EDGE,
    LOOKS,
    PARTIAL_EDGE,
    TEXT,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from render.pictures.diagram import Box, Diagram, Group, Line

_SAFE: Final = frozenset(" .,:/@_()+=-")  # beside letters and digits, inside quotes


def to_mermaid(drawn: Diagram) -> str:
    """A diagram as the text of a Mermaid flowchart, ending with a newline."""
    boxes = [box for column in drawn.columns for box in column.boxes]
    names = {box.key: f"n{number}" for number, box in enumerate(boxes)}
    lines = ["---", f"title: {json.dumps(drawn.title)}", "---"] if drawn.title else []
    lines.append("flowchart LR")
    lines += [f"  {_box(box, names[box.key])}" for box in boxes]
    for number, group in enumerate(drawn.groups):
        lines += _group(group, f"d{number}", names)
    lines += [f"  {_line(line, names)}" for line in drawn.lines]
    if drawn.notes:
        lines.append(f"  notes[{_quoted(drawn.notes)}]:::notes")
    lines += [f"  {line}" for line in _looks(drawn, boxes)]
    return "\n".join(lines) + "\n"


def _box(box: Box, name: str) -> str:
    return f"{name}[{_quoted((box.strong, *box.faint))}]:::{box.kind.value}"


def _group(group: Group, name: str, names: dict[str, str]) -> list[str]:
    members = (f"    {names[key]}" for key in group.boxes)
    return [f"  subgraph {name} [{_quoted((group.label,))}]", *members, "  end"]


def _line(line: Line, names: dict[str, str]) -> str:
    arrow = "-.-x" if line.is_false else "-.->" if line.is_dashed else "-->"
    mark = f"|{_quoted((line.mark,))}|" if line.mark else ""
    return f"{names[line.near]} {arrow}{mark} {names[line.far]}"


def _looks(drawn: Diagram, boxes: Iterable[Box]) -> Iterator[str]:
    """The colours of what is drawn, and the widths of its lines, by their places in the text."""
    for kind in sorted({box.kind for box in boxes}, key=lambda kind: kind.value):
        look = LOOKS[kind]
        dash = ",stroke-dasharray:4" if "dashed" in look.style else ""
        ink = f"fill:{look.fill},stroke:{look.line},color:{TEXT}"
        yield f"classDef {kind.value} {ink}{dash}"
    if drawn.notes:
        yield "classDef notes fill:none,stroke:none,text-align:left"
    for number in range(len(drawn.groups)):
        yield f"style d{number} fill:{DIAMOND_FILL},stroke:{DIAMOND_LINE},color:{TEXT}"
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(drawn.lines):
        colour = FALSE_EDGE if line.is_false else PARTIAL_EDGE if line.is_partial else EDGE
        alike[f"stroke-width:{line.width:g}px,stroke:{colour}"].append(place)
    for look_of_lines, places in alike.items():
        yield f"linkStyle {','.join(map(str, places))} {look_of_lines}"


def _quoted(lines: Iterable[str]) -> str:
    """Lines of text in quotes, in which nothing means anything to Mermaid, Markdown or HTML."""
    return '"' + "<br>".join("".join(map(_inert, line)) for line in lines) + '"'


def _inert(character: str) -> str:
    return character if character.isalnum() or character in _SAFE else f"#{ord(character)};"
