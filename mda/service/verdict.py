"""The verdict on a service: one word, what it accuses, and how sure each possible cause is."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.record import Fate
from mda.service.fates import Ending, endings
from mda.service.impostors import further_away, nearer_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import Vertex
    from mda.record import Control
    from mda.service.impostors import Nearer
    from mda.trace import Trace


class Word(Enum):
    """The word that begins the verdict."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    FILTERED = "FILTERED"
    SILENT = "SILENT"
    UNREACHABLE = "UNREACHABLE"
    #: A reset in the destination's name comes from a machine before it.
    MIDDLEBOX = "REFUSED BY A MIDDLEBOX"
    #: A SYN-ACK in the destination's name comes from a machine before it.
    PROXY = "OPEN AT A PROXY OR NAT"
    #: Some flows get through, or find the port open, and others do not.
    PARTLY = "PARTLY"
    LOOP = "ROUTE LOOP"
    #: This machine refuses to send the probes.
    LOCAL = "LOCAL"


class Port(Enum):
    """What is known of the state of the port."""

    OPEN = "open"
    CLOSED = "closed"
    FILTERED = "filtered"
    #: UDP services answer only what they understand.
    OPEN_OR_FILTERED = "open or filtered"
    UNKNOWN = "unknown"


class Part(Enum):
    """What can be the cause of a failure."""

    NETWORK = "network"
    FIREWALL = "firewall"
    SERVICE = "service"


class Standing(Enum):
    """Whether a part is the cause."""

    OK = "ok"
    HERE = "HERE"
    UNKNOWN = "?"


class Verdict(NamedTuple):
    """What a trace says of a service.

    `by` is the vertex that the verdict names: who answers or refuses, or the last one that
    answered. `endings` are those of all flows that were followed. `nearer` and `beyond` are the
    evidence that someone before the destination answers in its name: the TTL of the answer, or
    control probes that found the destination further away. `parts` says which part is the cause.
    """

    word: Word
    port: Port
    by: Vertex | None
    endings: tuple[Ending, ...]
    nearer: Nearer | None
    beyond: Control | None
    parts: Mapping[Part, Standing]

    @property
    def passing(self) -> tuple[Ending, ...]:
        """The endings at the host."""
        return tuple(ending for ending in self.endings if ending.fate.is_at_host)

    @property
    def stopped(self) -> tuple[Ending, ...]:
        """The endings before it, or at its own firewall."""
        return tuple(ending for ending in self.endings if not ending.fate.is_at_host)


def verdict(trace: Trace) -> Verdict | None:
    """The verdict on the service; None if the trace is to none, or shows nothing of it."""
    if not trace.plan.probing.is_to_service:
        return None
    found = endings(trace)
    if trace.wire.withheld and not trace.probes_sent:
        return Verdict(
            word=Word.LOCAL,
            port=Port.UNKNOWN,
            by=None,
            endings=(),
            nearer=None,
            beyond=None,
            parts=_parts(trace, {Fate.REFUSED}, Word.LOCAL),
        )
    if not found:
        return None
    passing = [ending for ending in found if ending.fate.is_at_host]
    ends = [ending.at for ending in passing]
    nearer, beyond = nearer_answer(trace, ends), further_away(trace, ends)
    word = _word(found, is_nearer=nearer is not None or beyond is not None)
    strongest = found[0] if word is not Word.PARTLY else next(
        (ending for ending in found if not ending.fate.is_at_host), found[-1]
    )  # fmt: skip
    return Verdict(
        word=word,
        port=_port(found[0].fate, is_udp=trace.plan.probing.protocol == "udp"),
        by=None if strongest.at == trace.origin else strongest.at,
        endings=found,
        nearer=nearer,
        beyond=beyond,
        parts=_parts(trace, {ending.fate for ending in found}, word),
    )


def _word(found: tuple[Ending, ...], *, is_nearer: bool) -> Word:
    """The word for endings, of which the strongest comes first."""
    fates = {ending.fate for ending in found}
    passing = {fate for fate in fates if fate.is_at_host}
    if len(passing) > 1 or (passing and fates - passing):
        return Word.PARTLY
    if is_nearer:
        return Word.PROXY if Fate.OPEN in passing else Word.MIDDLEBOX
    return _WORDS[found[0].fate]


_WORDS: Final = {
    Fate.OPEN: Word.OPEN,
    Fate.CLOSED: Word.CLOSED,
    Fate.REFUSED: Word.FILTERED,
    Fate.UNREACHABLE: Word.UNREACHABLE,
    Fate.LOOP: Word.LOOP,
    Fate.SILENT: Word.SILENT,
}


def _port(strongest: Fate, *, is_udp: bool) -> Port:
    match strongest:
        case Fate.OPEN:
            return Port.OPEN
        case Fate.CLOSED:
            return Port.CLOSED
        case Fate.REFUSED:
            return Port.FILTERED
        case Fate.SILENT:
            return Port.OPEN_OR_FILTERED if is_udp else Port.FILTERED
    return Port.UNKNOWN


def _parts(trace: Trace, fates: set[Fate], word: Word) -> dict[Part, Standing]:
    """Which part is the cause, by the trace and its controls."""
    is_no_way = bool(fates & {Fate.UNREACHABLE, Fate.LOOP})
    is_reached = any(own.reaches(trace.plan.destination.version) for own in trace.controls)
    is_silent = Fate.SILENT in fates or word is Word.LOCAL
    is_dropped = Fate.SILENT in fates and is_reached and trace.plan.probing.protocol == "tcp"
    is_stopped_first = word in (Word.MIDDLEBOX, Word.PROXY)
    is_met = any(fate.is_at_host for fate in fates) and not is_stopped_first
    return {
        Part.NETWORK: _standing(is_cause=is_no_way, is_cleared=is_reached or not is_silent),
        Part.FIREWALL: _standing(
            is_cause=Fate.REFUSED in fates or word is Word.MIDDLEBOX or is_dropped,
            is_cleared=not is_silent and (is_met or word is Word.PROXY),
        ),
        Part.SERVICE: _standing(is_cause=is_met and Fate.CLOSED in fates, is_cleared=is_met),
    }


def _standing(*, is_cause: bool, is_cleared: bool) -> Standing:
    if is_cause:
        return Standing.HERE
    return Standing.OK if is_cleared else Standing.UNKNOWN
