"""A comparison as text: a column for each protocol, and a row for each service."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from render.terminal.columns import table
from render.terminal.narrow import WIDTH, broken
from render.words.comparison import share_and_rtt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from render.words.comparison import ComparedVertex, ComparisonWords


def comparison_text(words: ComparisonWords, width: int = WIDTH) -> str:
    """The comparison for a terminal of `width` columns, ending with a newline.

    Each protocol has a column. Where services are too many for that, a column says which see the
    vertex.
    """
    vertices = [vertex for _, vertex in _vertices(words)]
    by_protocol = table(("hop", "interface", *words.protocols), [
        (*place, *map(share_and_rtt, vertex.seen.values())) for place, vertex in _vertices(words)
    ])  # fmt: skip
    tables = [_with_names(by_protocol, vertices)]
    if words.services:
        if max(map(len, by_protocol)) > width:
            by_vertex = table(("hop", "interface", "rtt ms", "seen by"), [
                (*place, vertex.rtt, vertex.seen_by) for place, vertex in _vertices(words)
            ])  # fmt: skip
            tables = [_with_names(by_vertex, vertices)]
        head = "service", "hops", "rtt ms", "verdict", "state"
        services = table(head, [
            (own.name, own.hops or "-", own.rtt or "-", own.verdict, own.state)
            for own in words.services
        ])  # fmt: skip
        if width >= WIDTH:
            indent = " " * services[0].index(head[-1])
            services = [fill(row, width, subsequent_indent=indent) for row in services]
        tables.append(services)
    lines = [fill(line, width, subsequent_indent="  ") for line in words.conclusions]
    title = fill(words.title, width, subsequent_indent="  ")
    rows = ([part for row in own for part in broken(row, width)] for own in tables)
    parts = (*rows, lines)
    return "\n".join([title, *(line for part in parts for line in ("", *part))]) + "\n"


def _with_names(rows: list[str], vertices: Sequence[ComparedVertex]) -> list[str]:
    """The rows with the names of vertices as its last column, if any has one."""
    names = [vertex.name for vertex in vertices]
    if not any(names):
        return rows
    return table(("", ""), list(zip(rows, ("name", *names), strict=True)))[1:]


def _vertices(words: ComparisonWords) -> Iterator[tuple[tuple[str, str], ComparedVertex]]:
    """The vertices except the source, each with its number and address."""
    for ttl, vertices in words.hops.items():
        for vertex in vertices:
            if not vertex.is_source:
                yield (f"{ttl:2}{vertex.number.removeprefix(str(ttl))}", vertex.address), vertex
