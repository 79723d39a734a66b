"""A trace as text: one line a vertex under its hop, then what was found and what may be missing.

Fits the width but for long names and IPv6. A vertex of a hop with several is numbered (4.2 is the
second one of hop 4), and its predecessors are named by those numbers where they are not obvious.
"""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Final, NamedTuple

from render.pictures.palette import ANSI
from render.terminal.narrow import WIDTH, broken, narrowed
from render.terminal.watch import watch_lines
from render.words.quantities import count, milliseconds
from render.words.tries import MOST_TRIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from render.words.service import VerdictWords
    from render.words.studies import Paragraph
    from render.words.trace import TraceWords
    from render.words.vertices import Kind, VertexWords

_NO_BREAK: Final = "\u00a0"
_RTT_POINT: Final = 4  # characters before the decimal point of a time


class _Glyphs(NamedTuple):
    """What draws a hop's vertices as branches: first, middle and last."""

    first: str
    middle: str
    last: str


_UNICODE: Final = _Glyphs("┌ ", "├ ", "└ ")
_ASCII: Final = _Glyphs(",- ", "|- ", "`- ")
_HEAD: Final = ("hop", "interface", "share", f"{'rtt ms':>7}", "answers", "mtu", "name")
_INTERFACE: Final = 1  # the column that is coloured
_ANSWERS: Final = _HEAD.index("answers")


class _Row(NamedTuple):
    """One line: its cells, and notes that follow them."""

    cells: tuple[str, ...]
    notes: tuple[str, ...]
    kind: Kind


def text(words: TraceWords, *, color: bool = False, ascii: bool = False, width: int = WIDTH) -> str:
    """The trace for a terminal of `width` columns, ending with a newline.

    `color` adds ANSI colours, `ascii` keeps to ASCII in what is drawn.
    """
    rows = _rows(words, _ASCII if ascii else _UNICODE)
    head = () if words.is_single_path else _HEAD
    if head and width < WIDTH:
        rows = [_with_answers_below(row) for row in rows]
    body = _lines(head, rows, width, is_colored=color) if rows else ["no hop replied"]
    foot = [
        fill(line, width, subsequent_indent="  ", break_on_hyphens=False) for line in words.findings
    ]
    parts = [[_title(words, width)], body, foot]
    parts += [_paragraph(paragraph, width) for paragraph in words.studies]
    if words.verdict is not None:
        parts.append(_verdict(words.verdict, width))
    if words.watch is not None:
        parts.append(watch_lines(words.watch, width))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _paragraph(paragraph: Paragraph, width: int) -> list[str]:
    """The lines, broken where they are too long, and indented, unless they are a table's."""
    heading = fill(paragraph.heading, width, subsequent_indent="  ", break_on_hyphens=False)
    if paragraph.is_table:
        return [heading, *narrowed(paragraph.lines, width)]
    return [
        heading,
        *(
            fill(line, width, initial_indent="  ", subsequent_indent="      ",
                 drop_whitespace=True, break_on_hyphens=False)
            for line in paragraph.lines
        ),
    ]  # fmt: skip


def _verdict(verdict: VerdictWords, width: int) -> list[str]:
    """The verdict on the service: its word in capitals, the causes as a table, what to do next."""
    parts, standings = zip(*((own.part, own.standing) for own in verdict.causes), strict=True)
    widest, mark = max(map(len, parts)), max(map(len, standings))
    lines = [fill(f"{verdict.word}  {verdict.sentence}", width, subsequent_indent="  ")]
    for cause in verdict.causes:
        head = f"  {cause.part:{widest}}  {cause.standing:{mark}}  "
        lines.append(
            fill(cause.evidence, width, initial_indent=head, subsequent_indent=" " * len(head),
                 break_on_hyphens=False)
        )  # fmt: skip
    head = "next: "
    for line in verdict.advice:
        lines.append(
            fill(line, width, initial_indent=head, subsequent_indent=" " * 6,
                 break_on_hyphens=False)
        )  # fmt: skip
        head = " " * len(head)
    return lines


def _title(words: TraceWords, width: int) -> str:
    """What was asked, broken between its parts if it is too long for a line."""
    unbroken = f"{words.title}  {words.probing}".replace(" ", _NO_BREAK)
    broken = fill(unbroken.replace(f",{_NO_BREAK}", ", "), width, subsequent_indent="  ")
    return broken.replace(_NO_BREAK, " ")


def _rows(words: TraceWords, glyphs: _Glyphs) -> list[_Row]:
    """A row for each vertex but the source."""
    cells = _path_cells if words.is_single_path else _hop_cells
    rows = []
    for hop in words.hops:
        if hop.is_source:
            continue
        for place, vertex in enumerate(hop.vertices, start=1):
            number = f"{hop.ttl:2}{vertex.number.removeprefix(str(hop.ttl))}"
            label = _glyph(glyphs, place, len(hop.vertices)) + vertex.address
            notes = (vertex.origin, *vertex.notes) if vertex.origin else vertex.notes
            rows.append(_Row((number, label, *cells(vertex)), notes, vertex.kind))
    return rows


def _with_answers_below(row: _Row) -> _Row:
    """The row of a narrow table, whose last number would stand alone below it."""
    answers = row.cells[_ANSWERS].strip()
    cells = (*row.cells[:_ANSWERS], "", *row.cells[_ANSWERS + 1 :])
    notes = (count(int(answers), "answer", "answers"), *row.notes) if answers else row.notes
    return row._replace(cells=cells, notes=notes)


def _path_cells(vertex: VertexWords) -> tuple[str, ...]:
    """The cells of a single path, as light as traceroute's."""
    tries = [
        "*" if rtt_s is None else f"{milliseconds(rtt_s):>5} ms"
        for rtt_s in (vertex.tries_s if vertex.rtts_s else ())[:MOST_TRIES]
    ]
    mtu = f"MTU {vertex.mtu}" if vertex.mtu else ""
    return (vertex.name, mtu, *tries, *[""] * (MOST_TRIES - len(tries)))


def _hop_cells(vertex: VertexWords) -> tuple[str, ...]:
    """The cells of a multipath trace: share of the flows, median round trip, answers, MTU, name."""
    share = f"{100 * vertex.share:3.0f} %" if vertex.share < 0.995 else ""
    whole, point, part = vertex.rtt.partition(".")
    rtt = f"{whole:>{_RTT_POINT}}{point}{part}" if vertex.rtt else ""
    return share, rtt, f"{len(vertex.rtts_s):7}" if vertex.rtts_s else "", vertex.mtu, vertex.name


def _lines(
    head: tuple[str, ...], rows: Sequence[_Row], width: int, *, is_colored: bool
) -> list[str]:
    """The rows under their heading, columns aligned, those without any entry left out."""
    used = [index for index in range(len(rows[0].cells)) if any(row.cells[index] for row in rows)]
    table = [head, *(row.cells for row in rows)] if head else [row.cells for row in rows]
    widths = [max(len(cells[index]) for cells in table) for index in used]

    def aligned(cells: tuple[str, ...], paint: str = "") -> str:
        padded = [cells[index].ljust(own) for index, own in zip(used, widths, strict=True)]
        if paint:
            padded[_INTERFACE] = f"\x1b[{paint}m{padded[_INTERFACE]}\x1b[0m"
        left, right = padded[: _INTERFACE + 1], padded[_INTERFACE + 1 :]
        return "  ".join(left) + "".join(f"  {cell}" for cell in right).rstrip()

    lines = broken(aligned(head), width) if head else []
    indent = " " * (widths[0] + 4)
    for row in rows:
        line = aligned(row.cells, ANSI.get(row.kind, "") if is_colored else "")
        notes = f"({'; '.join(row.notes)})"
        if not row.notes:
            lines += broken(line.rstrip(), width)
        elif len(aligned(row.cells)) + 2 + len(notes) <= width:
            lines.append(f"{line}  {notes}")
        else:
            lines += [
                *broken(line, width),
                fill(notes, width, initial_indent=indent, subsequent_indent=indent),
            ]
    return lines


def _glyph(glyphs: _Glyphs, place: int, width: int) -> str:
    if width == 1:
        return ""
    if place == 1:
        return glyphs.first
    return glyphs.last if place == width else glyphs.middle
