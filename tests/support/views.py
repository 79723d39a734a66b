"""Traces as text, pictures and tables, without commands for their paths."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from mda.studies.paths import Recipe
from render.pictures.diagram import diagram
from render.pictures.dot import to_dot
from render.pictures.folding import folded
from render.pictures.sheet import sheet
from render.pictures.svg import to_svg
from render.terminal.narrow import WIDTH
from render.terminal.text import text
from render.words.trace import trace_words

if TYPE_CHECKING:
    from mda.trace import Trace
    from render.pictures.diagram import Diagram
    from render.pictures.sizes import Size
    from render.words.trace import TraceWords


def words_of(trace: Trace) -> TraceWords:
    return trace_words(trace, lambda _: Recipe("", ()))


def text_of(trace: Trace, *, color: bool = False, ascii: bool = False, width: int = WIDTH) -> str:
    return text(words_of(trace), color=color, ascii=ascii, width=width)


def diagram_of(trace: Trace) -> Diagram:
    return diagram(words_of(trace))


def svg_of(trace: Trace, size: Size) -> bytes:
    """The picture with stacks, without the JSON inside."""
    return to_svg(sheet(folded(diagram_of(trace), size.fold, size.room), size))


def dot_of(trace: Trace) -> str:
    return to_dot(diagram_of(trace))


def rows_of(table: str) -> list[list[str]]:
    """The text of all cells of a table of a page, the heading first."""
    body = ElementTree.fromstring(f"<div>{table}</div>")
    return [["".join(cell.itertext()) for cell in row] for row in body.iter("tr")]
