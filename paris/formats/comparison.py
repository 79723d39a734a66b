"""Writes and reads a comparison as JSON: several traces of a host, and their common graph.

`write` and `read` are inverses. `read` uses only the traces; the common graph follows from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mda.comparison import compare
from mda.multiplex import of_others
from mda.trace import Trace
from paris.formats import native, schemas
from paris.formats.json_text import json_text
from paris.formats.studies_json import time_json, vertex_id

if TYPE_CHECKING:
    from mda.comparison import Comparison
    from paris.formats.look import Look

FORMAT: Final = "paris-trace-comparison"
VERSION: Final = 1

Json = dict[str, Any]


def write(comparison: Comparison, _: Look | None = None) -> str:
    """The comparison as JSON text, ending with a newline."""
    return json_text(document(comparison))


def document(comparison: Comparison) -> Json:
    """The comparison as a JSON value."""
    graph = comparison.graph
    return {
        "format": FORMAT,
        "version": VERSION,
        "views": [
            {
                "name": view.name,
                "slower_s": time_json(view.slower_s),
                "rtt_probability": view.rtt_probability,
                "trace": native.document(view.trace),
            }
            for view in comparison.views
        ],
        "graph": {
            "vertices": [
                {"id": vertex_id(vertex), "seen_by": comparison.of_vertex(vertex)}
                for vertex in graph
            ],
            "edges": [
                {
                    "from": vertex_id(near),
                    "to": vertex_id(far),
                    "seen_by": comparison.of_edge(near, far),
                }
                for near, far in graph.edges
            ],
        },
    }


def is_comparison(document: object) -> bool:
    """Whether a JSON document claims to be a comparison."""
    return isinstance(document, dict) and document.get("format") == FORMAT


def read(document: Json, name: str) -> Comparison:
    """The comparison that `write` wrote, from a JSON value that `is_comparison`.

    `name` names the file in messages. Raises FormatError.
    """
    schemas.check_version(document, VERSION, name)
    schemas.check(document, "comparison.schema.json#/$defs/record", name)
    records = [
        native.read_record(view["trace"], f"{name}: views[{number}].trace")
        for number, view in enumerate(document["views"])
    ]
    outcomes = [record.outcomes for record in records]
    return compare(
        [
            (view["name"], Trace.of(record.replace(others=tuple(of_others(outcomes, number)))))
            for number, (view, record) in enumerate(zip(document["views"], records, strict=True))
        ]
    )
