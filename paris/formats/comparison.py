"""Writes and reads a comparison as JSON: several traces of a host, and their common graph.

`write` and `read` are inverses. `read` uses only the traces; the common graph follows from them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mda.comparison import compare
from paris.errors import FormatError
from paris.formats import native
from paris.formats.studies_json import vertex_id

if TYPE_CHECKING:
    from mda.comparison import Comparison
    from paris.formats.look import Look

FORMAT: Final = "paris-trace-comparison"
VERSION: Final = 1

Json = dict[str, Any]


def write(comparison: Comparison, _: Look | None = None) -> str:
    """The comparison as JSON text, ending with a newline."""
    graph = comparison.graph
    document = {
        "format": FORMAT,
        "version": VERSION,
        "views": [
            {
                "name": view.name,
                "slower_s": view.slower_s,
                "rtt_probability": view.rtt_probability,
                "trace": json.loads(native.write(view.trace)),
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
    return json.dumps(document, indent=1) + "\n"


def is_comparison(document: object) -> bool:
    """Whether a JSON document claims to be a comparison."""
    return isinstance(document, dict) and document.get("format") == FORMAT


def read(text: str, name: str) -> Comparison:
    """The comparison that `write` wrote; `name` names the file in messages. Raises FormatError."""
    document = json.loads(text)
    if document.get("version") != VERSION:
        raise FormatError(
            f"{name}: written in version {document.get('version')!r} of the format; "
            f"this program reads version {VERSION}"
        )
    try:
        views = [(str(view["name"]), json.dumps(view["trace"])) for view in document["views"]]
    except KeyError as error:
        raise FormatError(f"{name}: {error.args[0]!r} is missing") from None
    except TypeError as error:
        raise FormatError(f"{name}: a value is not what it should be: {error}") from None
    return compare([(view, native.read(trace, name)) for view, trace in views])
