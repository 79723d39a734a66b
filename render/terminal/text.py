"""A trace as text: one line a vertex under its hop, then what was found and what may be missing.

Fits 80 columns but for long names and IPv6. A vertex of a hop with several is numbered (4.2 is the
second one of hop 4), and its predecessors are named by those numbers where they are not obvious.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Final

from mda.answers.graph import vertices_by_ttl
from mda.plan import Algorithm
from mda.studies.paths import Recipe
from render.pictures.palette import ANSI
from render.words.labels import Kind, VertexWords, milliseconds, vertex_words
from render.words.studies import Paragraph, studies
from render.words.summary import findings, headline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mda.model import IPAddress, Vertex
    from mda.trace import Trace

_WIDTH: Final = 80
_NO_BREAK: Final = "\u00a0"
_MOST_RTTS: Final = 3
_RTT_POINT: Final = 4  # characters before the decimal point of a time


@dataclass(frozen=True, slots=True)
class _Glyphs:
    """What draws a hop's vertices as branches: first, middle and last."""

    first: str
    middle: str
    last: str


_UNICODE: Final = _Glyphs("┌ ", "├ ", "└ ")
_ASCII: Final = _Glyphs(",- ", "|- ", "`- ")
_HEAD: Final = ("hop", "interface", "share", f"{'rtt ms':>7}", "answers", "name")
_INTERFACE: Final = 1  # the column that is coloured


@dataclass(frozen=True, slots=True)
class _Row:
    """One line: its cells, and notes that follow them."""

    cells: tuple[str, ...]
    notes: tuple[str, ...]
    kind: Kind


def text(
    trace: Trace,
    *,
    names: Mapping[IPAddress, str] | None = None,
    recipes: Callable[[int], Recipe] = lambda _: Recipe("", ()),
    color: bool = False,
    ascii: bool = False,
) -> str:
    """The trace for a terminal, ending with a newline; `names` are those of the trace if None.

    `recipes` tells how to take the path of a flow. `color` adds ANSI colours, `ascii` keeps to
    ASCII in what is drawn.
    """
    words = vertex_words(trace, trace.names if names is None else names)
    rows = _rows(trace, words, _ASCII if ascii else _UNICODE)
    head = () if trace.plan.algorithm is Algorithm.PARIS else _HEAD
    foot = [
        fill(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        for line in findings(trace)
    ]
    body = _lines(head, rows, is_colored=color) if rows else ["no hop replied"]
    parts = [[_title(trace)], body, foot, *map(_paragraph, studies(trace, recipes))]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _paragraph(paragraph: Paragraph) -> list[str]:
    """The lines, broken where they are too long and indented, unless they are a table's."""
    if paragraph.is_table:
        return [paragraph.heading, *paragraph.lines]
    return [
        paragraph.heading,
        *(
            fill(line, _WIDTH, initial_indent="  ", subsequent_indent="      ",
                 drop_whitespace=True, break_on_hyphens=False)
            for line in paragraph.lines
        ),
    ]  # fmt: skip


def _title(trace: Trace) -> str:
    """What was asked, broken between its parts if it is too long for a line."""
    unbroken = "  ".join(headline(trace)).replace(" ", _NO_BREAK)
    broken = fill(unbroken.replace(f",{_NO_BREAK}", ", "), _WIDTH, subsequent_indent="  ")
    return broken.replace(_NO_BREAK, " ")


def _rows(trace: Trace, words: Mapping[Vertex, VertexWords], glyphs: _Glyphs) -> list[_Row]:
    """A row for each vertex but the source."""
    hops = vertices_by_ttl(trace.dag)
    cells = _path_cells if trace.plan.algorithm is Algorithm.PARIS else _hop_cells
    rows = []
    for ttl, vertices in hops.items():
        if ttl == trace.origin.ttl:
            continue
        for place, vertex in enumerate(vertices, start=1):
            one = words[vertex]
            number = f"{ttl:2}" if len(vertices) == 1 else f"{ttl:2}.{place}"
            label = _glyph(glyphs, place, len(vertices)) + one.address
            origins = _origins(trace, vertex, hops)
            notes = (origins, *one.notes) if origins else one.notes
            rows.append(_Row((number, label, *cells(one)), notes, one.kind))
    return rows


def _path_cells(one: VertexWords) -> tuple[str, ...]:
    """The cells of a single path, as light as traceroute's."""
    rtts = [f"{milliseconds(rtt_s):>5} ms" for rtt_s in one.rtts_s[:_MOST_RTTS]]
    return (one.name, *rtts, *[""] * (_MOST_RTTS - len(rtts)))


def _hop_cells(one: VertexWords) -> tuple[str, ...]:
    """The cells of a multipath trace: share of the flows, median round trip, answers, name."""
    share = f"{100 * one.share:3.0f} %" if one.share < 0.995 else ""
    whole, point, part = one.rtt.partition(".")
    rtt = f"{whole:>{_RTT_POINT}}{point}{part}" if one.rtt else ""
    return share, rtt, f"{len(one.rtts_s):7}" if one.rtts_s else "", one.name


def _origins(trace: Trace, vertex: Vertex, hops: Mapping[int, list[Vertex]]) -> str:
    """Where a vertex is reached from; empty where the rows above leave no doubt."""
    near = hops.get(vertex.ttl - 1, [])
    before = set(trace.dag.predecessors(vertex))
    if not before:
        return f"link from hop {vertex.ttl - 1} not proven"
    if len(before) < len(near):
        places = [place for place, one in enumerate(near, start=1) if one in before]
        return f"from {' '.join(f'{vertex.ttl - 1}.{part}' for part in _ranges(places))}"
    is_obvious = len(near) == 1 or len(hops[vertex.ttl]) == 1
    return "" if is_obvious else f"from all of {vertex.ttl - 1}"


def _ranges(numbers: Sequence[int]) -> list[str]:
    """Ascending numbers with runs of three and more shortened.

    >>> _ranges([1, 2, 4, 6, 7, 8])
    ['1', '2', '4', '6-8']
    """
    breaks = [index for index, (a, b) in enumerate(pairwise(numbers), start=1) if b != a + 1]
    parts: list[str] = []
    for start, end in pairwise([0, *breaks, len(numbers)]):
        run = numbers[start:end]
        parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
    return parts


def _lines(head: tuple[str, ...], rows: Sequence[_Row], *, is_colored: bool) -> list[str]:
    """The rows under their heading, columns aligned, those without any entry left out."""
    used = [index for index in range(len(rows[0].cells)) if any(row.cells[index] for row in rows)]
    table = [head, *(row.cells for row in rows)] if head else [row.cells for row in rows]
    widths = [max(len(cells[index]) for cells in table) for index in used]

    def aligned(cells: tuple[str, ...], paint: str = "") -> str:
        padded = [cells[index].ljust(width) for index, width in zip(used, widths, strict=True)]
        if paint:
            padded[_INTERFACE] = f"\x1b[{paint}m{padded[_INTERFACE]}\x1b[0m"
        left, right = padded[: _INTERFACE + 1], padded[_INTERFACE + 1 :]
        return "  ".join(left) + "".join(f"  {cell}" for cell in right).rstrip()

    lines = [aligned(head)] if head else []
    indent = " " * (widths[0] + 4)
    for row in rows:
        line = aligned(row.cells, ANSI.get(row.kind, "") if is_colored else "")
        notes = f"({'; '.join(row.notes)})"
        if not row.notes:
            lines.append(line.rstrip())
        elif len(aligned(row.cells)) + 2 + len(notes) <= _WIDTH:
            lines.append(f"{line}  {notes}")
        else:
            lines += [line, fill(notes, _WIDTH, initial_indent=indent, subsequent_indent=indent)]
    return lines


def _glyph(glyphs: _Glyphs, place: int, width: int) -> str:
    if width == 1:
        return ""
    if place == 1:
        return glyphs.first
    return glyphs.last if place == width else glyphs.middle
