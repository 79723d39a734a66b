"""Writes and reads a merged graph as JSON: its vertices and edges, with the traces that have them.

`write` and `read` are inverses. The traces themselves are not in it.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from mda.answers.dag import Dag
from mda.merging import By, Ends, Merged
from mda.model import Vertex
from paris.errors import FormatError, on_one_line
from paris.formats import schemas
from paris.formats.json_text import json_text
from paris.formats.studies_json import vertex_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.answers.dag import Edge
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
        "by": merged.by.value,
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


def read(document: Json, name: str) -> Merged:
    """The graph that `write` wrote, from a JSON value that `is_merged`.

    `name` names the file in messages. Raises FormatError.
    """
    schemas.check_version(document, VERSION, name)
    schemas.check(document, "merged.schema.json", name)
    rows = document["vertices"]
    known = dict(zip((row["id"] for row in rows), _vertices(rows), strict=True))
    edges = _read_edges(document, "edges", known, name)
    circles = _read_edges(document, "edges_that_lead_back", known, name)
    for near, far in edges:
        if near.ttl >= far.ttl:
            raise FormatError(f"{name}: edges: {vertex_id(near)} is not before {vertex_id(far)}")
    for row in rows:
        _check_numbers(row["seen_by"], len(document["traces"]), name)
    merged = Merged(
        by=By(document["by"]),
        ends=tuple(
            Ends(ip_address(own["source"]), ip_address(own["destination"]), own["reached"])
            for own in document["traces"]
        ),
        dag=Dag(
            {known[row["id"]]: {"seen_by": tuple(row["seen_by"])} for row in rows},
            {edge: {"seen_by": seen_by} for edge, seen_by in edges.items()},
        ),
        groups={known[row["id"]]: row["group"] for row in rows if row["group"] is not None},
        members={
            known[row["id"]]: tuple(map(ip_address, row["members"]))
            for row in rows
            if row["members"]
        },
        circles=circles,
        diamonds=frozenset(
            (
                _known(own["from"], known, name),
                None if own["to"] is None else _known(own["to"], known, name),
            )
            for own in document["diamonds"]
        ),
    )
    if len(merged.dag) != len(rows) or any(vertex_id(own) != key for key, own in known.items()):
        raise FormatError(f"{name}: vertices: ids are not those of their addresses and columns")
    return merged


def _vertices(rows: Iterable[Json]) -> Iterable[Vertex]:
    """The vertices; those without an address are numbered within their columns."""
    found: dict[int, int] = {}
    for row in rows:
        column, address = row["column"], row["address"]
        if address is None:
            number = found[column] = found.get(column, -1) + 1
            yield Vertex(column, None, number)
        else:
            yield Vertex(column, ip_address(address), interface=row["interface"])


def _read_edges(
    document: Json, kind: str, known: Mapping[str, Vertex], name: str
) -> dict[Edge, tuple[int, ...]]:
    edges = {}
    for row in document[kind]:
        _check_numbers(row["seen_by"], len(document["traces"]), name)
        ends = _known(row["from"], known, name), _known(row["to"], known, name)
        edges[ends] = tuple(row["seen_by"])
    return edges


def _known(key: str, known: Mapping[str, Vertex], name: str) -> Vertex:
    if key not in known:
        raise FormatError(f"{name}: {on_one_line(repr(key))} is no vertex")
    return known[key]


def _check_numbers(seen_by: list[int], traces: int, name: str) -> None:
    if seen_by != sorted(set(seen_by)) or seen_by[-1] >= traces:
        raise FormatError(f"{name}: seen_by: {seen_by} are not numbers of its traces, ascending")


def _vertex(merged: Merged, vertex: Vertex) -> Json:
    seen_by = merged.of_vertex(vertex)
    return {
        "id": vertex_id(vertex),
        "column": vertex.ttl,
        "address": None if vertex.address is None else str(vertex.address),
        "interface": vertex.interface,
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
