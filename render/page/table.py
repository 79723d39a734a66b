"""A table of a page, as HTML that a script can sort."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Cell(NamedTuple):
    """A cell: its text, and what it is sorted by if that is something else.

    It is a button that shows the `vertex` with a key, or lights up a `path`, if it names one.
    """

    text: str
    order: str = ""
    vertex: str = ""
    path: int | None = None


class Table(NamedTuple):
    """A table under its title; each row has a cell for each column of the head."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def html(table: Table, numbers: Mapping[str, int]) -> str:
    """The table, without columns that are empty; nothing without rows.

    `numbers` are those of the vertices in the picture, by key.
    """
    if not table.rows:
        return ""
    columns = range(len(table.head))
    used = [index for index in columns if any(row[index].text for row in table.rows)]
    return "\n".join(_lines(table, numbers, used))


def texts(*words: object) -> tuple[Cell, ...]:
    """A cell for each, with its text."""
    return tuple(Cell(str(own)) for own in words)


def place(number: str, key: str, order: int) -> Cell:
    """The number of a vertex, as a button that shows it, in an `order` of all vertices."""
    return Cell(number if number != "0" else "source", str(order), vertex=key)


def _lines(table: Table, numbers: Mapping[str, int], used: Sequence[int]) -> Iterator[str]:
    title = escape(table.title)
    yield f'<details open=""><summary><h2>{title}</h2> ({len(table.rows)})</summary>'
    yield f'<div class="table"><table><caption>{title}</caption><thead><tr>'
    for index in used:
        yield f'<th scope="col"><button type="button">{escape(table.head[index])}</button></th>'
    yield "</tr></thead><tbody>"
    for row in table.rows:
        yield f"<tr>{''.join(_cell(row[index], numbers) for index in used)}</tr>"
    yield "</tbody></table></div></details>"


def _cell(cell: Cell, numbers: Mapping[str, int]) -> str:
    order = f' data-order="{cell.order}"' if cell.order else ""
    content = escape(cell.text)
    if cell.vertex:
        content = f'<button type="button" data-vertex="{numbers[cell.vertex]}">{content}</button>'
    elif cell.path is not None:
        content = f'<button type="button" data-path="{cell.path}">{content}</button>'
    return f"<td{order}>{content}</td>"
