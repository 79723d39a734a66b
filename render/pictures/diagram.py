"""A trace as boxes in columns and lines between them: what to draw, in no language yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mda.answers.graph import flows_of_edge, vertices_by_ttl
from mda.studies.registry import CLASSIC
from render.words.labels import Kind, VertexWords, count, milliseconds, percent, vertex_words
from render.words.summary import diamond_size, findings, headline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.findings.diamonds import Diamond
    from mda.model import IPAddress, Vertex
    from mda.trace import Trace

_CROWDED: Final = 8  # from this many boxes in a column on, each takes one line
_THINNEST, _THICKEST = 0.8, 7.0  # points
_MOST_TIP_FLOWS: Final = 12
_FALSE_WIDTH: Final = 1.4
_FALSE_LEGEND: Final = "dotted with a cross: inferred by an ordinary traceroute, and not there"
_LEGEND: Final = (
    "lines as wide as their share of the flows, dashed if silent or unasked; tinted: a diamond"
)


@dataclass(frozen=True, slots=True)
class Box:
    """A vertex. `strong` and `faint` are its lines of text; `tip` shows when it is pointed at."""

    key: str
    kind: Kind
    strong: str
    faint: tuple[str, ...]
    tip: str
    is_compact: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An edge, `width` points wide; `tip` shows when it is pointed at."""

    near: str
    far: str
    width: float
    tip: str
    is_dashed: bool
    is_false: bool = False  # inferred by an ordinary traceroute, and not there


@dataclass(frozen=True, slots=True)
class Column:
    """The boxes of a hop, by address, under their heading."""

    heading: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A diamond: the keys of the boxes between its two ends, and its size in words."""

    key: str
    label: str
    boxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagram:
    """Everything to draw. `columns` are the hops, left to right; `title`, `notes` lines of text."""

    title: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]


def diagram(trace: Trace, names: Mapping[IPAddress, str]) -> Diagram:
    """The picture of a trace, everything in a fixed order."""
    words = vertex_words(trace, names)
    missed = {one.vertex: one.miss_probability for one in trace.certainty.vertices}
    columns = tuple(
        Column(
            _heading(trace, ttl, len(vertices)),
            tuple(
                _box(vertex, words[vertex], missed.get(vertex), is_compact=len(vertices) > _CROWDED)
                for vertex in vertices
            ),
        )
        for ttl, vertices in vertices_by_ttl(trace.dag).items()
    )
    title, probing = headline(trace)
    return Diagram(
        title,
        (probing, *findings(trace), *_legends(trace)),
        columns,
        (*_lines(trace, words), *_false_lines(trace)),
        tuple(_group(number, diamond) for number, diamond in enumerate(trace.diamonds, start=1)),
    )


def key_of(vertex: Vertex) -> str:
    """What names a vertex's box."""
    return f"{vertex.ttl} {vertex.address if vertex.address is not None else f'*{vertex.star}'}"


def _heading(trace: Trace, ttl: int, width: int) -> str:
    if ttl == trace.origin.ttl:
        return "source"
    return f"hop {ttl}" if width == 1 else f"hop {ttl}: {width} wide"


def _box(vertex: Vertex, words: VertexWords, missed: float | None, *, is_compact: bool) -> Box:
    rtt = f"{words.rtt} ms" if words.rtt else ""
    share = f"{percent(round(words.share, 2))} of flows" if words.share < 0.995 else ""
    notes = ("source", *words.notes) if words.kind is Kind.SOURCE else words.notes
    tip = [
        words.address,
        words.name,
        f"{count(words.flows, 'flow', 'flows')}, {percent(words.share)} of all",
    ]
    if words.rtts_s:
        answers = count(len(words.rtts_s), "answer", "answers")
        tip.append(f"fastest {milliseconds(min(words.rtts_s))} ms, median {rtt} of {answers}")
    if missed is not None:
        tip.append(f"hides one more even branch with probability {percent(missed)}")
    return Box(
        key=key_of(vertex),
        kind=words.kind,
        strong=words.address,
        faint=tuple(
            line for line in (words.name, ", ".join(filter(None, (rtt, share))), *notes) if line
        ),
        tip="\n".join(line for line in (*tip, *notes) if line),
        is_compact=is_compact,
    )


def _lines(trace: Trace, words: Mapping[Vertex, VertexWords]) -> tuple[Line, ...]:
    lines = []
    for (near, far), share in trace.edge_shares.items():
        flows = flows_of_edge(trace.dag, near, far)
        listed = " ".join(map(str, flows[:_MOST_TIP_FLOWS]))
        more = len(flows) - _MOST_TIP_FLOWS
        lines.append(
            Line(
                near=key_of(near),
                far=key_of(far),
                width=round(_THINNEST + (_THICKEST - _THINNEST) * words[near].share * share, 2),
                tip=f"{percent(share)} of the flows of {words[near].address} go to"
                f" {words[far].address}; seen: {listed or 'none, taken for granted'}"
                + (f" and {more} more" if more > 0 else ""),
                is_dashed=near.address is None or far.address is None or not flows,
            )
        )
    return tuple(lines)


def _legends(trace: Trace) -> list[str]:
    """What lines and tints mean, as far as there are any."""
    legends = [_LEGEND] if trace.diamonds else []
    return [*legends, _FALSE_LEGEND] if _false_lines(trace) else legends


def _false_lines(trace: Trace) -> tuple[Line, ...]:
    """The links that an ordinary traceroute would have drawn wrongly."""
    classic = trace.found(CLASSIC)
    if classic is None:
        return ()
    return tuple(
        Line(
            near=key_of(link.near),
            far=key_of(link.far),
            width=_FALSE_WIDTH,
            tip=f"an ordinary traceroute infers a link from {link.near.address} to"
            f" {link.far.address}: no flow takes it",
            is_dashed=False,
            is_false=True,
        )
        for link in classic.false_links
    )


def _group(number: int, diamond: Diamond) -> Group:
    boxes = tuple(key_of(vertex) for hop in diamond.hops for vertex in hop)
    return Group(f"diamond {number}", diamond_size(diamond), boxes)
