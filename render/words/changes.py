"""The sentences about what changes packets on the way, each with what proves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.answers.distances import MANY_LINKS
from mda.findings.changes.base import Kind
from render.words.change_marks import FIELDS, in_words
from render.words.quantities import count, enumerated
from render.words.vertices import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mda.findings.changes.base import Change
    from mda.model import Vertex

_MOST_NAMED: Final = 3
_ECN: Final = {"0": "Not-ECT", "1": "ECT(1)", "2": "ECT(0)", "3": "CE"}


def change_lines(changes: Iterable[Change], origin: Vertex) -> list[str]:
    """A line for each change that no other sentence or note states."""
    values: dict[Change, list[str]] = {}
    for change in changes:
        is_field = change.kind in FIELDS
        place_of = change._replace(flows=(), shown="") if is_field else change
        values.setdefault(place_of, []).append(change.shown)
    return [line for change, shown in values.items() if (line := _line(change, origin, shown))]


def _line(change: Change, origin: Vertex, shown: Sequence[str]) -> str:
    """The sentence about a change; flows may show different values of the same field."""
    here = _places(change.vertices)
    before = _before(change.after, origin)
    quotes = "quotes" if len(change.vertices) == 1 else "quote"
    it = "it" if len(change.vertices) == 1 else "them"
    hidden = f"{count(change.hops, 'hop', 'hops') if change.hops else 'hops'} before {it}"
    match change.kind:
        case Kind.TTL_RAISED:
            return (
                f"TTL raised behind {before}: {here} {quotes} a TTL of {change.shown} for a probe "
                f"that left with {change.sent}, so {hidden} are hidden, as by a tunnel"
            )
        case Kind.IMPLICIT_TUNNEL:
            return (
                f"MPLS tunnel behind {before}, without labels in replies: {here} "
                f"{quotes} TTLs that count up to {change.shown}, because only the label's TTL falls"
            )
        case Kind.OPAQUE_TUNNEL:
            return (
                f"{hidden} are hidden, as by a tunnel: {here} {quotes} a TTL of "
                f"{change.shown}, and {before} one of {change.sent}"
            )
        case Kind.LABEL_TTL:
            return (
                f"{hidden} are hidden in an MPLS tunnel behind {before}: {here} {quotes} a label "
                f"with a TTL of {change.shown} left, though that of the probe expired"
            )
        case Kind.WAY_BACK:
            links = int(change.shown) - int(change.sent)
            if links < MANY_LINKS:
                return ""  # the note says it
            others = "probes took" if origin in change.after else f"those of {before}"
            return (
                f"replies of {here} come back over {links} links more than {others}, by their "
                "TTLs: a tunnel hides its hops, or the way back is longer"
            )
    return _of_field(change, here, before, shown) if change.kind in FIELDS else ""


def _of_field(change: Change, here: str, before: str, shown: Sequence[str]) -> str:
    """A header field that is quoted with another value."""
    name = FIELDS[change.kind]
    values = ""
    if change.kind in (Kind.DSCP, Kind.ECN):
        behind = enumerated(_value(change.kind, value) for value in shown)
        values = f" from {_value(change.kind, change.sent)} to {behind}"
    elif change.kind is Kind.TRANSPORT:
        values = f" ({in_words({field for own in shown for field in own.split(', ')})})"
    elif any(shown):
        values = f" to {_some(shown)}"
    what = "source address translated" if change.kind is Kind.SOURCE else f"{name} rewritten"
    if change.until is not None:
        return (
            f"{name} quoted otherwise{values} by {here}, and as sent again by "
            f"{place(change.until)}: it is changed back, or only the quote is wrong"
        )
    return f"{what}{values} between {before} and {here}, by what they quote"


def _value(kind: Kind, value: str) -> str:
    return f"{value} ({_ECN[value]})" if kind is Kind.ECN else value


def _before(after: Sequence[Vertex], origin: Vertex) -> str:
    return "the source" if origin in after else _places(after)


def _places(vertices: Sequence[Vertex]) -> str:
    """Some vertices by address and hop."""
    return _some([place(vertex) for vertex in vertices])


def _some(things: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(things) - _MOST_NAMED
    named = things[:_MOST_NAMED]
    return enumerated(named) if more <= 0 else f"{', '.join(named)} and {more} more"
