"""A trace as boxes in columns and lines between them: what to draw, in no language yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mda.graph import evidence, flows_of, vertices_by_ttl
from render.labels import (
    VertexWords,
    edge_share,
    findings,
    headline,
    milliseconds,
    percent,
    vertex_words,
)
from render.palette import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.diamonds import Diamond
    from mda.model import IPAddress, Vertex
    from mda.trace import Trace

_CROWDED: Final = 8  # from this many boxes in a column on, each takes one line
_THINNEST, _THICKEST = 0.8, 7.0  # points
_MOST_TIP_FLOWS: Final = 12


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
    """An edge, `width` points wide. `label` is empty where it would only clutter."""

    near: str
    far: str
    width: float
    label: str
    tip: str
    is_dashed: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A diamond: the keys of the boxes between its two ends, and its size in words."""

    key: str
    label: str
    boxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagram:
    """Everything to draw. `columns` are the boxes by hop, each with its heading, left to right."""

    title: str
    columns: tuple[tuple[str, tuple[Box, ...]], ...]
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]
    footer: tuple[str, ...]


def diagram(trace: Trace, names: Mapping[IPAddress, str]) -> Diagram:
    """The picture of a trace, everything in a fixed order."""
    words = vertex_words(trace, names)
    hops = vertices_by_ttl(trace.graph)
    keys = {vertex: _key(vertex) for vertex in trace.graph}
    columns = tuple(
        (
            _heading(trace, ttl, len(vertices)),
            tuple(
                _box(trace, vertex, keys[vertex], words[vertex], len(vertices))
                for vertex in vertices
            ),
        )
        for ttl, vertices in hops.items()
    )
    at_hop = {
        ttl: sum(len(flows_of(trace.graph, vertex)) for vertex in vertices)
        for ttl, vertices in hops.items()
    }
    lines = tuple(_line(trace, near, far, keys, at_hop) for near, far in trace.graph.edges)
    groups = tuple(
        _group(index, diamond, keys) for index, diamond in enumerate(trace.diamonds, start=1)
    )
    return Diagram(headline(trace), columns, lines, groups, tuple(findings(trace)))


def _key(vertex: Vertex) -> str:
    return f"{vertex.ttl} {vertex.address if vertex.address is not None else f'*{vertex.star}'}"


def _heading(trace: Trace, ttl: int, width: int) -> str:
    if ttl == trace.origin.ttl:
        return "source"
    return f"hop {ttl}" if width == 1 else f"hop {ttl}: {width} wide"


def _box(trace: Trace, vertex: Vertex, key: str, words: VertexWords, width: int) -> Box:
    is_compact = width > _CROWDED
    rtt = f"{words.rtt} ms" if words.rtt else ""
    if is_compact:
        faint: tuple[str, ...] = (rtt,) if rtt else ()
    else:
        faint = tuple(line for line in (words.name, rtt, *words.notes) if line)
    strong = words.address
    if words.kind is Kind.SOURCE:
        faint = ("source",)
    if words.kind is Kind.DESTINATION:
        faint = ("destination", *faint)
    known = next((one for one in trace.certainty.vertices if one.vertex == vertex), None)
    tip = [words.address, words.name, f"{words.flows} flows, {percent(words.share)} of its hop"]
    if words.rtts_s:
        tip.append(f"fastest {milliseconds(min(words.rtts_s))} ms, median {rtt}")
    if known is not None:
        tip.append(f"hides a further even branch with {percent(known.miss_probability)}")
    tip += words.notes
    return Box(key, words.kind, strong, faint, "\n".join(line for line in tip if line), is_compact)


def _line(
    trace: Trace, near: Vertex, far: Vertex, keys: Mapping[Vertex, str], at_hop: Mapping[int, int]
) -> Line:
    graph = trace.graph
    flows = evidence(graph, near, far)
    share = edge_share(trace, near, far)
    of_hop = share * len(flows_of(graph, near)) / max(at_hop[near.ttl], 1)
    is_clear = 1 < graph.out_degree(near) <= _CROWDED and graph.in_degree(far) == 1
    listed = " ".join(map(str, flows[:_MOST_TIP_FLOWS]))
    more = f" and {len(flows) - _MOST_TIP_FLOWS} more" if len(flows) > _MOST_TIP_FLOWS else ""
    return Line(
        near=keys[near],
        far=keys[far],
        width=round(_THINNEST + (_THICKEST - _THINNEST) * of_hop, 2),
        label=percent(round(share, 2)) if is_clear else "",
        tip=f"{percent(share)} of the flows here: {listed}{more}",
        is_dashed=far.address is None or near.address is None,
    )


def _group(index: int, diamond: Diamond, keys: Mapping[Vertex, str]) -> Group:
    label = f"{diamond.max_width} wide, {diamond.max_length} long"
    if diamond.is_meshed:
        label += ", meshed"
    if not diamond.is_symmetric:
        label += f" (shortest {diamond.min_length})"
    boxes = tuple(keys[vertex] for hop in diamond.hops for vertex in hop)
    return Group(f"diamond {index}", label, boxes)
