"""The notes at vertices from which on a packet is changed, or where hops are hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.findings.changes.base import Kind
from mda.findings.changes.headers import ERRORS, TRANSPORT
from render.words.header_fields import HEADER_FIELDS
from render.words.quantities import count

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mda.answers.dag import Dag
    from mda.findings.changes.base import Change
    from mda.model import Reply, Vertex
    from mda.trace import Trace

FIELDS: Final = {
    Kind.SOURCE: "source address",
    Kind.TRANSPORT: "fields of the transport header",
    Kind.DSCP: "DSCP",
    Kind.ECN: "ECN",
    Kind.FLOW_LABEL: "flow label",
    Kind.IP_ID: "IP identification",
    Kind.LENGTH: "length",
    Kind.PAYLOAD: "payload",
}
# The header fields whose change is that of a kind.
_EXPLAINED: Final = {
    Kind.SOURCE: TRANSPORT | {"source"},
    Kind.TRANSPORT: TRANSPORT,
    Kind.DSCP: frozenset({"traffic-class"}),
    Kind.ECN: frozenset({"traffic-class"}),
    Kind.FLOW_LABEL: frozenset({"flow-label"}),
    Kind.IP_ID: frozenset({"ip-id"}),
    Kind.LENGTH: frozenset({"length"}),
    Kind.PAYLOAD: frozenset({"payload"}),
}
_NOTHING: Final[frozenset[str]] = frozenset()


def change_marks(
    trace: Trace, replies: Mapping[Vertex, Collection[Reply]]
) -> dict[Vertex, tuple[str, ...]]:
    """The notes of each vertex that has any: of what begins there, so that those behind are plain.

    `replies` are those of each vertex.
    """
    marks: dict[Vertex, dict[str, None]] = {}
    explained: dict[Vertex, frozenset[str]] = {}
    for change in trace.changes:
        mark = _mark(change)
        for vertex in change.vertices if mark else ():
            marks.setdefault(vertex, {})[mark] = None
            fields = _EXPLAINED.get(change.kind, _NOTHING)
            explained[vertex] = explained.get(vertex, _NOTHING) | fields
    for vertex, fresh in _first_shown(trace.dag, replies).items():
        fields = fresh - explained.get(vertex, _NOTHING)
        if fields:
            mark = f"rewritten on the way: {in_words(fields)}"
            marks[vertex] = {mark: None, **marks.get(vertex, {})}
    return {vertex: tuple(own) for vertex, own in marks.items()}


def in_words(fields: Collection[str]) -> str:
    """Header fields by name."""
    return ", ".join(HEADER_FIELDS.get(field, field) for field in sorted(fields))


def _first_shown(
    dag: Dag, replies: Mapping[Vertex, Collection[Reply]]
) -> dict[Vertex, frozenset[str]]:
    """The changed fields that a vertex quotes, and that none right before it does.

    Those that quote nothing are passed over.
    """
    shown: dict[Vertex, frozenset[str]] = {}
    fresh: dict[Vertex, frozenset[str]] = {}
    for vertex in dag:
        before = _NOTHING.union(*(shown[near] for near in dag.predecessors(vertex)))
        quotes = [reply.changed for reply in replies[vertex] if reply.kind in ERRORS]
        shown[vertex] = _NOTHING.union(*quotes) if quotes else before
        if not shown[vertex] <= before:
            fresh[vertex] = shown[vertex] - before
    return fresh


def _mark(change: Change) -> str:
    """A few words; empty where other notes or sentences say it."""
    hidden = count(change.hops, "hop", "hops") if change.hops else "hops"
    if change.kind in FIELDS:
        return _of_field(change)
    match change.kind:
        case Kind.TTL_RAISED:
            return f"TTL raised to {change.shown}, {hidden} hidden before"
        case Kind.IMPLICIT_TUNNEL:
            return "in a tunnel without labels"
        case Kind.OPAQUE_TUNNEL | Kind.LABEL_TTL:
            return f"{hidden} hidden before"
        case Kind.WAY_BACK:
            return f"back {change.hops}"
    return ""


def _of_field(change: Change) -> str:
    """What happens to a header field; the sentence has the values that take much room."""
    name = FIELDS[change.kind]
    if change.kind is Kind.TRANSPORT:
        name = in_words(change.shown.split(", "))
    if change.until is not None:
        return f"{name} quoted otherwise"
    if change.kind in (Kind.DSCP, Kind.ECN):
        return f"{name} {change.sent} to {change.shown} from here on"
    return f"{name} {'translated' if change.kind is Kind.SOURCE else 'rewritten'} from here on"
