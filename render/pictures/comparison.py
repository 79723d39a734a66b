"""A comparison as a picture: the common graph, and which protocol sees what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.answers.graph import vertices_by_ttl
from render.pictures.diagram import Box, Column, Diagram, Line, key_of
from render.words.comparison import conclusions, origin, share_and_rtt, title, words_of_views
from render.words.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.comparison import Comparison
    from mda.model import Vertex
    from render.words.comparison import Words

_THINNEST, _THICKEST = 1.0, 4.0
_LEGEND: Final = "thick: every protocol goes there; thin and dashed: only those that the tip names"


def comparison_diagram(comparison: Comparison) -> Diagram:
    """The common graph, everything in a fixed order."""
    words = words_of_views(comparison)
    columns = []
    for ttl, vertices in vertices_by_ttl(comparison.graph).items():
        boxes = tuple(_box(comparison, vertex, words) for vertex in vertices)
        is_source = vertices == [origin(comparison)]
        columns.append(Column("source" if is_source else f"hop {ttl}", boxes))
    return Diagram(
        title(comparison),
        (*conclusions(comparison), _LEGEND),
        tuple(columns),
        tuple(_line(comparison, near, far) for near, far in comparison.graph.edges),
        (),
    )


def _box(comparison: Comparison, vertex: Vertex, words: Sequence[Words]) -> Box:
    names = comparison.of_vertex(vertex)
    known = [(view.name, one[vertex]) for view, one in zip(comparison.views, words, strict=True)
             if vertex in one]  # fmt: skip
    kinds = {one.kind for _, one in known}
    kind = next((kind for kind in (*_PROMINENT, *Kind) if kind in kinds), Kind.ROUTER)
    shown = tuple(f"{name} {share_and_rtt(one)}" for name, one in known if one.rtt)
    return Box(
        key=key_of(vertex),
        kind=kind,
        strong="*" if vertex.address is None else str(vertex.address),
        faint=shown if vertex != origin(comparison) else ("source",),
        tip=f"seen by {', '.join(names)}",
        is_compact=False,
    )


_PROMINENT: Final = (Kind.DESTINATION, Kind.REFUSING, Kind.BALANCER)


def _line(comparison: Comparison, near: Vertex, far: Vertex) -> Line:
    names = comparison.of_edge(near, far)
    share = len(names) / len(comparison.views)
    return Line(
        near=key_of(near),
        far=key_of(far),
        width=round(_THINNEST + (_THICKEST - _THINNEST) * share, 2),
        tip=f"seen by {', '.join(names)}",
        is_dashed=share < 1,
    )
