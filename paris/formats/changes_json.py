"""Writes as JSON what changes packets on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paris.formats.studies_json import vertex_id

if TYPE_CHECKING:
    from mda.findings.changes.base import Change
    from mda.trace import Trace

Json = dict[str, Any]


def changes(trace: Trace) -> Json:
    """The member "changes" of a document; empty where nothing is changed."""
    return {"changes": list(map(_change, trace.changes))} if trace.changes else {}


def _change(change: Change) -> Json:
    """What there is to say of a change; what it lacks is absent."""
    optional = {
        "sent": change.sent,
        "shown": change.shown,
        "hops": change.hops,
        "until": vertex_id(change.until) if change.until is not None else None,
    }
    return {
        "kind": change.kind.value,
        "after": [vertex_id(vertex) for vertex in change.after],
        "vertices": [vertex_id(vertex) for vertex in change.vertices],
        "flows": change.flows,
        **{name: value for name, value in optional.items() if value},
    }
