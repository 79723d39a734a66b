"""A sheet of shapes as SVG; equal sheets give equal bytes."""

from __future__ import annotations

from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from render.pictures.palette import INKS
from render.pictures.shapes import Path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from render.pictures.shapes import Group, Point, Sheet, Text

_FONT: Final = "Helvetica, Arial, Liberation Sans, sans-serif"


def to_svg(sheet: Sheet, numbers: Mapping[str, int] = MappingProxyType({})) -> bytes:
    """The picture as a whole file, its lengths in points.

    `numbers` has a number for each key, by which scripts find what stands for it.
    """
    width, height = _number(sheet.width), _number(sheet.height)
    drawn_width, drawn_height = (_number(sheet.scale * own) for own in (sheet.width, sheet.height))
    lines = [
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
        f'<svg width="{drawn_width}pt" height="{drawn_height}pt" viewBox="0 0 {width} {height}"'
        f' xmlns="http://www.w3.org/2000/svg" font-family="{_FONT}">',
        f'<path d="M0,0H{width}V{height}H0Z" fill="{INKS["page"].fill}"/>',
    ]
    for group in sheet.groups:
        lines += _group(group, numbers)
    return "\n".join((*lines, "</svg>", "")).encode()


def _group(group: Group, numbers: Mapping[str, int]) -> list[str]:
    tip = f"<title>{escape(group.tip)}</title>" if group.tip else ""
    of = ""
    if group.keys and numbers:
        of = f' data-of="{" ".join(str(numbers[key]) for key in group.keys)}"'
    drawn = [_path(own) if isinstance(own, Path) else _text(own) for own in group.shapes]
    return [f'<g class="{group.name}"{of}>{tip}', *drawn, "</g>"]


def _path(path: Path) -> str:
    ink = INKS[path.look]
    data = f"M{_point(path.points[0])}" + "".join(
        _segment(*path.points[place : place + 4]) for place in range(0, len(path.points) - 1, 3)
    )
    look = f' fill="{ink.fill or "none"}"'
    if ink.line:
        width = ink.width if path.width is None else path.width
        look += f' stroke="{ink.line}" stroke-width="{_number(width)}"'
    if ink.dash:
        look += f' stroke-dasharray="{" ".join(map(_number, ink.dash))}"'
    return f'<path d="{data}{"Z" if path.is_closed else ""}"{look}/>'


def _segment(start: Point, first: Point, second: Point, end: Point) -> str:
    if (start, second) == (first, end):
        return f"L{_point(end)}"
    return f"C{_point(first)} {_point(second)} {_point(end)}"


def _text(text: Text) -> str:
    # With its length given, text keeps to its room in whatever font the reader has.
    bold = ' font-weight="bold"' if text.is_bold else ""
    return (
        f'<text x="{_number(text.x)}" y="{_number(text.y)}" font-size="{_number(text.size_pt)}"'
        f'{bold} fill="{INKS[text.look].fill}" textLength="{_number(text.width)}"'
        f' lengthAdjust="spacingAndGlyphs">{escape(text.text)}</text>'
    )


def _point(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    """A number with two decimals at most, never as -0."""
    return f"{round(value, 2) + 0.0:.8g}"
