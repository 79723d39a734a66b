"""A trace as text: one line a vertex under its hop, then what was found and what may be missing.

Fits 80 columns for IPv4 without names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mda.graph import vertices_by_ttl
from mda.trace import Algorithm
from render.labels import VertexWords, findings, headline, milliseconds, printable, vertex_words
from render.palette import ANSI, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress, Vertex
    from mda.trace import Trace

_MOST_RTTS: Final = 3


@dataclass(frozen=True, slots=True)
class _Glyphs:
    """What draws a hop's vertices as branches: first, middle, last and only one."""

    first: str
    middle: str
    last: str
    only: str


_UNICODE: Final = _Glyphs("┌ ", "├ ", "└ ", "")
_ASCII: Final = _Glyphs(",- ", "|- ", "`- ", "")


def text(
    trace: Trace,
    *,
    names: Mapping[IPAddress, str],
    color: bool = False,
    ascii: bool = False,
) -> str:
    """The trace for a terminal, ending with a newline."""
    words = vertex_words(trace, names)
    draw = _path if trace.plan.algorithm is Algorithm.PARIS else _hops
    body = draw(trace, words, _ASCII if ascii else _UNICODE, color)
    return "\n".join([headline(trace), "", *body, "", *findings(trace)]) + "\n"


def _path(
    trace: Trace,
    words: Mapping[Vertex, VertexWords],
    glyphs: _Glyphs,
    color: bool,  # noqa: FBT001
) -> list[str]:
    """The lines of a single path, as light as traceroute's."""
    hops = vertices_by_ttl(trace.graph)
    hops.pop(trace.origin.ttl, None)
    flat = [words[vertex] for vertices in hops.values() for vertex in vertices]
    width = max((len(one.address) for one in flat), default=0)
    named = max((len(one.name) for one in flat), default=0)
    lines = []
    for ttl, vertices in hops.items():
        for vertex in vertices:
            one = words[vertex]
            goes_on = ttl == max(hops) and one.kind is Kind.SILENT and ttl < trace.plan.max_ttl
            hop = f"{ttl:2}-{trace.plan.max_ttl}" if goes_on and trace.is_complete else f"{ttl:2}"
            line = f"{hop}  {_painted(one, one.address.ljust(width), color)}"
            if named:
                line += f"  {printable(one.name).ljust(named)}"
            line += "".join(f"  {milliseconds(rtt_s):>5} ms" for rtt_s in one.rtts_s[:_MOST_RTTS])
            lines.append(_with_notes(line, one.notes))
    return lines


def _hops(
    trace: Trace,
    words: Mapping[Vertex, VertexWords],
    glyphs: _Glyphs,
    color: bool,  # noqa: FBT001
) -> list[str]:
    """The lines of a multipath trace."""
    hops = vertices_by_ttl(trace.graph)
    hops.pop(trace.origin.ttl, None)
    places = _places(hops)
    labels: dict[Vertex, str] = {}
    for vertices in hops.values():
        for index, vertex in enumerate(vertices):
            labels[vertex] = _glyph(glyphs, index, len(vertices)) + words[vertex].address
    width = max((len(label) for label in labels.values()), default=9)
    named = max((len(words[vertex].name) for vertex in labels), default=0)
    name_head = "  " + "name".ljust(named) if named else ""
    lines = [f"hop  {'interface'.ljust(width)}{name_head}  flows  share  rtt ms  from"]
    for ttl, vertices in hops.items():
        for index, vertex in enumerate(vertices):
            one = words[vertex]
            hop = f"{ttl:3}" if index == 0 else "   "
            line = f"{hop}  {_painted(one, labels[vertex].ljust(width), color)}"
            if named:
                line += f"  {printable(one.name).ljust(named)}"
            share = "" if len(vertices) == 1 else f"{100 * one.share:.0f} %"
            line += f"  {one.flows:5}  {share:>5}  {one.rtt:>6}"
            line += f"  {_origins(trace, vertex, hops, places)}"
            lines.append(_with_notes(line.rstrip(), one.notes))
    return lines


def _places(hops: Mapping[int, list[Vertex]]) -> dict[Vertex, str]:
    """A short name for each vertex: its hop, and its place there if it is not the only one."""
    return {
        vertex: str(ttl) if len(vertices) == 1 else f"{ttl}.{place}"
        for ttl, vertices in hops.items()
        for place, vertex in enumerate(vertices, start=1)
    }


def _origins(
    trace: Trace,
    vertex: Vertex,
    hops: Mapping[int, list[Vertex]],
    places: Mapping[Vertex, str],
) -> str:
    """Where a vertex is reached from: "all of 3", or places such as 3.1 3.4."""
    before = list(trace.graph.predecessors(vertex))
    near = hops.get(vertex.ttl - 1, [])
    if not before:
        return "?" if near else ""
    if before == [trace.origin]:
        return "source"
    if len(near) > 1 and len(before) == len(near):
        return f"all of {vertex.ttl - 1}"
    places_before = [places[one] for one in sorted(before, key=lambda one: one.sort_key)]
    shown = places_before if len(places_before) <= 4 else [*places_before[:3], "..."]
    return " ".join(shown)


def _glyph(glyphs: _Glyphs, index: int, width: int) -> str:
    if width == 1:
        return glyphs.only
    if index == 0:
        return glyphs.first
    return glyphs.last if index == width - 1 else glyphs.middle


def _painted(one: VertexWords, label: str, color: bool) -> str:  # noqa: FBT001
    code = ANSI.get(one.kind)
    return f"\x1b[{code}m{label}\x1b[0m" if color and code else label


def _with_notes(line: str, notes: tuple[str, ...]) -> str:
    return f"{line}  ({'; '.join(notes)})" if notes else line
