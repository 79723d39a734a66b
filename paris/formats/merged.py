"""Writes a merged graph as JSON: its traces, and the vertices and edges with who saw them.

It holds no traces, so nothing reads it back: those can be merged again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paris.formats.json_text import json_text
from paris.formats.studies_json import vertex_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.merging import Merged
    from mda.model import Vertex
    from paris.formats.look import Look

FORMAT: Final = "paris-trace-merged"
VERSION: Final = 1

Json = dict[str, Any]


def write(merged: Merged, _: Look | None = None) -> str:
    """The merged graph as JSON text, ending with a newline."""
    return json_text(document(merged))


def document(merged: Merged) -> Json:
    """The merged graph as a JSON value; `seen_by` counts traces from 0."""
    forward = ((edge, merged.dag.edges[edge]["seen_by"]) for edge in merged.dag.edges)
    return {
        "format": FORMAT,
        "version": VERSION,
        "traces": [
            {
                "source": str(end.source),
                "destination": str(end.destination),
                "reached": end.reached,
            }
            for end in merged.ends
        ],
        "vertices": [_vertex(merged, vertex) for vertex in merged.dag],
        "edges": _edges(forward),
        "edges_that_lead_back": _edges(merged.circles.items()),
        "diamonds": sorted(
            (
                {"from": vertex_id(near), "to": None if far is None else vertex_id(far)}
                for near, far in merged.diamonds
            ),
            key=lambda own: (own["from"], own["to"] or ""),
        ),
    }


def is_merged(document: object) -> bool:
    """Whether a JSON value says that it is a merged graph."""
    return isinstance(document, dict) and document.get("format") == FORMAT


def _vertex(merged: Merged, vertex: Vertex) -> Json:
    seen_by = merged.of_vertex(vertex)
    return {
        "id": vertex_id(vertex),
        "address": None if vertex.address is None else str(vertex.address),
        "group": merged.groups.get(vertex),
        "members": [str(own) for own in merged.members.get(vertex, ())],
        "seen_by": seen_by,
        "sources": [str(own) for own in merged.sources(seen_by)],
        "destinations": [str(own) for own in merged.destinations(seen_by)],
    }


def _edges(
    edges: Iterable[tuple[tuple[Vertex, Vertex], tuple[int, ...]]],
) -> list[Json]:
    return [
        {"from": vertex_id(near), "to": vertex_id(far), "seen_by": seen_by}
        for (near, far), seen_by in edges
    ]
