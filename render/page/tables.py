"""The tables of a page: hops, balancers and paths, as HTML that a script can sort."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from render.words.quantities import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from render.words.routes import RouteWords
    from render.words.trace import HopWords
    from render.words.vertices import VertexWords

_HOPS: Final = (
    "hop", "interface", "name", "share", "rtt ms", "answers", "MTU", "reached", "notes",
)  # fmt: skip
_BALANCERS: Final = ("hop", "interface", "ways", "may be unseen", "explored", "notes")
_PATHS: Final = ("path", "through", "difference", "flows")


class Cell(NamedTuple):
    """A cell: its content as HTML, and what it is sorted by if that is not its text."""

    html: str
    order: str = ""


def hops(found: Sequence[HopWords], numbers: Mapping[str, int]) -> str:
    """A row for each vertex but the source."""
    vertices = [vertex for hop in found if not hop.is_source for vertex in hop.vertices]
    rows = [
        (
            _number(vertex, numbers, place),
            _text(vertex.address),
            _text(vertex.name),
            _text(percent(round(vertex.share, 3))),
            _text(vertex.rtt),
            _text(str(len(vertex.rtts_s) or "")),
            _text(vertex.mtu),
            _text(vertex.origin),
            _text("; ".join(vertex.notes)),
        )
        for place, vertex in enumerate(vertices)
    ]
    return _table("Hops", _HOPS, rows)


def balancers(found: Sequence[HopWords], numbers: Mapping[str, int]) -> str:
    """A row for each vertex that splits its flows."""
    rows = []
    for place, vertex in enumerate(vertex for hop in found for vertex in hop.vertices):
        own = vertex.balancer
        if own is not None:
            rows.append(
                (
                    _number(vertex, numbers, place),
                    _text(vertex.address),
                    _text(str(own.ways)),
                    _text(f"{percent(round(own.unseen, 3))} of its flows"),
                    _text("fully" if own.is_finished else "not fully"),
                    _text("; ".join((*vertex.notes, *own.marks))),
                )
            )
    return _table("Balancers", _BALANCERS, rows)


def paths(routes: Sequence[RouteWords], found: Sequence[HopWords]) -> str:
    """A row for each path that is known from end to end, with the branches that it takes."""
    branches = {
        vertex.key: vertex.address
        for hop in found
        if len(hop.vertices) > 1
        for vertex in hop.vertices
    }
    rows = [
        (
            Cell(f'<button type="button" data-path="{place}">{route.number}</button>', f"{place}"),
            _text(" ".join(branches[key] for key in route.vertices if key in branches)),
            _text(route.difference),
            _text(str(len(route.flows))),
        )
        for place, route in enumerate(routes)
    ]
    return _table("Paths", _PATHS, rows)


def _number(vertex: VertexWords, numbers: Mapping[str, int], place: int) -> Cell:
    """The button that shows a vertex, and its place in the order of hops."""
    own = vertex.number if vertex.number != "0" else "source"
    return Cell(
        f'<button type="button" data-vertex="{numbers[vertex.key]}">{escape(own)}</button>',
        f"{place}",
    )


def _text(text: str) -> Cell:
    return Cell(escape(text))


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> str:
    """The table under its title, without columns that are empty; nothing without rows."""
    if not rows:
        return ""
    used = [index for index in range(len(head)) if any(row[index].html for row in rows)]
    return "\n".join(_lines(title, head, rows, used))


def _lines(
    title: str, head: tuple[str, ...], rows: Sequence[tuple[Cell, ...]], used: Sequence[int]
) -> Iterator[str]:
    yield f'<details open=""><summary><h2>{title}</h2> ({len(rows)})</summary>'
    yield f'<div class="table"><table><caption>{title}</caption><thead><tr>'
    for index in used:
        yield f'<th scope="col"><button type="button">{head[index]}</button></th>'
    yield "</tr></thead><tbody>"
    for row in rows:
        yield f"<tr>{''.join(_cell(row[index]) for index in used)}</tr>"
    yield "</tbody></table></div></details>"


def _cell(cell: Cell) -> str:
    order = f' data-order="{cell.order}"' if cell.order else ""
    return f"<td{order}>{cell.html}</td>"
