"""The notes at vertices from which on a packet is changed, or where hops are hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.findings.changes.base import Kind
from render.words.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.findings.changes.base import Change
    from mda.model import Vertex

FIELDS: Final = {
    Kind.SOURCE: "source address",
    Kind.TRANSPORT: "fields of the transport header",
    Kind.DSCP: "DSCP",
    Kind.ECN: "ECN",
    Kind.FLOW_LABEL: "flow label",
    Kind.IP_ID: "IP identification",
}


def change_marks(changes: Iterable[Change]) -> dict[Vertex, tuple[str, ...]]:
    """The notes of each vertex that has any."""
    marks: dict[Vertex, tuple[str, ...]] = {}
    for change in changes:
        mark = _mark(change)
        for vertex in change.vertices if mark else ():
            marks[vertex] = (*marks.get(vertex, ()), mark)
    return marks


def _mark(change: Change) -> str:
    """A few words; empty where other notes or sentences say it."""
    hidden = count(change.hops, "hop", "hops") if change.hops else "hops"
    match change.kind:
        case Kind.DSCP | Kind.ECN if change.until is None:
            return f"{FIELDS[change.kind]} {change.sent} to {change.shown} from here on"
        case Kind.TTL_RAISED:
            return f"TTL raised to {change.shown}, {hidden} hidden before"
        case Kind.IMPLICIT_TUNNEL:
            return "in a tunnel without labels"
        case Kind.OPAQUE_TUNNEL:
            return f"{hidden} hidden before"
        case Kind.WAY_BACK:
            return f"back {change.hops}"
    return ""
