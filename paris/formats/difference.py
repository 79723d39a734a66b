"""Writes and reads a difference as JSON: two traces of a host, and what changed between them.

`write` and `read` are inverses. `read` uses only the traces; what changed follows from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mda.difference import difference
from mda.trace import Trace
from paris.formats import native, schemas
from paris.formats.json_text import json_text
from paris.formats.studies_json import time_json, vertex_id

if TYPE_CHECKING:
    from mda.answers.dag import Edge
    from mda.difference import Difference
    from mda.model import Vertex
    from paris.formats.look import Look

FORMAT: Final = "paris-trace-difference"
VERSION: Final = 1

Json = dict[str, Any]


def write(found: Difference, _: Look | None = None) -> str:
    """The difference as JSON text, ending with a newline."""
    return json_text(document(found))


def document(found: Difference) -> Json:
    """The difference as a JSON value."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "is_change": found.is_change,
        "vertices": [{"id": vertex_id(own), **_presence(found, own)} for own in found.dag],
        "edges": [
            {"from": vertex_id(near), "to": vertex_id(far), **_presence(found, (near, far))}
            for near, far in found.dag.edges
        ],
        "moved": [
            {"from": vertex_id(own), "to": vertex_id(there)} for own, there in found.moved.items()
        ],
        "splits": [
            {
                "vertex": vertex_id(fork.vertex),
                "probability": fork.split_probability,
                "has_changed": fork in found.changed_splits,
                "flows": [
                    {"to": vertex_id(far), "before": before, "after": after}
                    for far, (before, after) in fork.flows.items()
                ],
            }
            for fork in found.forks
        ],
        "round_trips": [
            {
                "vertex": vertex_id(shift.vertex),
                "slower_s": time_json(shift.slower_s),
                "probability": shift.probability,
                "begins": shift.begins,
                "behind": list(map(vertex_id, shift.behind)),
            }
            for shift in found.shifts
        ],
        "per_packet": [
            {
                "vertex": vertex_id(own.vertex),
                "is_per_packet_after": own.is_per_packet_after,
                "probability": own.probability,
                "has_changed": own in found.changed_splittings,
            }
            for own in found.splittings
        ],
        "ends": [
            {
                "refused_by": None if own.refused is None else str(own.refused.by),
                "how": None if own.refused is None else own.refused.how.value,
                "seen": own.presence.value,
                "probability": own.probability,
                "has_changed": own in found.changed_ends,
            }
            for own in found.ends
        ],
        "before": native.document(found.before.trace),
        "after": native.document(found.after.trace),
    }


def _presence(found: Difference, own: Vertex | Edge) -> Json:
    return {
        "seen": found.seen[own].value,
        "miss_probability": found.chances[own],
        "has_changed": found.is_proven(own),
    }


def is_difference(document: object) -> bool:
    """Whether a JSON document claims to be a difference."""
    return isinstance(document, dict) and document.get("format") == FORMAT


def read(document: Json, name: str) -> Difference:
    """The difference that `write` wrote, from a JSON value that `is_difference`.

    `name` names the file in messages. Raises FormatError.
    """
    schemas.check_version(document, VERSION, name)
    schemas.check(document, "difference.schema.json#/$defs/record", name)
    before, after = (
        Trace.of(native.read_record(document[side], f"{name}: {side}"))
        for side in ("before", "after")
    )
    return difference(before, after)
