"""The verdict on a service: one word, what it accuses, and how sure each possible cause is."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.record import Fate
from mda.service.fates import Ending, endings
from mda.service.impostors import (
    are_unseen,
    further_away,
    may_be_nearer,
    may_differ,
    nearer_answers,
    resets_alike,
    resets_beside,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import Vertex
    from mda.service.impostors import Beyond, Nearer, Resets
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
    #: This machine refuses to send the probes, or has no route for them.
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
    answered. `endings` are those of all flows that were followed, `passing` those at the host.
    `nearer` and `beyond` are the evidence that someone before the destination answers in its name:
    the TTLs of answers, or control probes that found the destination further away. `resets` is that
    something resets flows which the destination accepts as well. `parts` says which part is the
    cause.
    """

    word: Word
    port: Port
    by: Vertex | None
    endings: tuple[Ending, ...]
    passing: tuple[Ending, ...]
    nearer: tuple[Nearer, ...]
    beyond: Beyond | None
    resets: Resets | None
    parts: Mapping[Part, Standing]

    @property
    def stopped(self) -> tuple[Ending, ...]:
        """The endings before the host, or at its own firewall."""
        return tuple(ending for ending in self.endings if ending not in self.passing)


def verdict(trace: Trace) -> Verdict | None:
    """The verdict on the service; None if the trace is to none, or shows nothing of it."""
    return trace.once(_verdict)


def _verdict(trace: Trace) -> Verdict | None:
    if not trace.plan.probing.is_to_service:
        return None
    found = endings(trace)
    if trace.wire.withheld and not trace.probes_sent:
        return _withheld(trace)
    if not found:
        return None
    answered = [ending.at for ending in found if ending.fate.is_at_host]
    resets = resets_beside(trace)
    # What resets beside the destination may be nearer than where the controls find that.
    beyond = None if resets is not None else further_away(trace, answered)
    closed = [own for own in found if own.fate is Fate.CLOSED]
    nearer = nearer_answers(trace, closed)
    forged = {(Fate.CLOSED, own.at) for own in nearer}
    forged |= {(own.fate, own.at) for own in resets_alike(trace, closed, nearer, resets)}
    if beyond is not None and beyond.is_proven:
        forged.update((own.fate, own.at) for own in found if own.fate.is_at_host)
    passing = tuple(
        own for own in found if own.fate.is_at_host and (own.fate, own.at) not in forged
    )
    word = _word(found, passing)
    is_disputed = len({own.fate for own in passing}) > 1 and may_differ(trace, answered)
    of_host = [own for own in closed if own in passing]
    is_unsure = may_be_nearer(trace, of_host) or are_unseen(trace, of_host)
    strongest = found[0] if word is not Word.PARTLY else next(
        (ending for ending in found if ending not in passing), found[-1]
    )  # fmt: skip
    return Verdict(
        word=word,
        port=_port(word, found[0].fate, is_udp=trace.plan.probing.protocol == "udp"),
        by=None if strongest.at == trace.origin else strongest.at,
        endings=found,
        passing=passing,
        nearer=nearer,
        beyond=beyond,
        resets=resets,
        parts=_parts(
            trace,
            found,
            passing,
            is_doubtful=is_disputed or is_unsure or beyond is not None,
            is_reset=resets is not None,
        ),
    )


def _withheld(trace: Trace) -> Verdict:
    """The verdict where this machine's own routes or firewall withhold every probe."""
    version = trace.plan.destination.version
    is_reached = any(control.reaches(version) for control in trace.controls)
    by_route = {own.is_route for own in trace.wire.withheld}
    return Verdict(
        word=Word.LOCAL,
        port=Port.UNKNOWN,
        by=None,
        endings=(),
        passing=(),
        nearer=(),
        beyond=None,
        resets=None,
        parts={
            Part.NETWORK: _standing(is_cause=True in by_route, is_cleared=is_reached),
            Part.FIREWALL: _standing(is_cause=False in by_route, is_cleared=False),
            Part.SERVICE: Standing.UNKNOWN,
        },
    )


def _word(found: tuple[Ending, ...], passing: tuple[Ending, ...]) -> Word:
    """The word for endings, of which the strongest comes first, and those at the host."""
    ends = {(ending.fate, ending in passing) for ending in found}
    if len(ends) > 1 and passing:
        return Word.PARTLY
    if not passing and found[0].fate.is_at_host:
        return Word.PROXY if found[0].fate is Fate.OPEN else Word.MIDDLEBOX
    return _WORDS[found[0].fate]


_WORDS: Final = {
    Fate.OPEN: Word.OPEN,
    Fate.CLOSED: Word.CLOSED,
    Fate.REFUSED: Word.FILTERED,
    Fate.UNREACHABLE: Word.UNREACHABLE,
    Fate.LOOP: Word.LOOP,
    Fate.SILENT: Word.SILENT,
}


def _port(word: Word, strongest: Fate, *, is_udp: bool) -> Port:
    if word is Word.MIDDLEBOX:
        return Port.FILTERED  # the host has not said that it is closed
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


def _parts(
    trace: Trace,
    found: tuple[Ending, ...],
    passing: tuple[Ending, ...],
    *,
    is_doubtful: bool,
    is_reset: bool,
) -> dict[Part, Standing]:
    """Which part is the cause, by the trace and its controls.

    With `is_doubtful` it may not be the host that answers in its name, and with `is_reset`
    something before it resets some of what it accepts. Controls say nothing of a path that they may
    not have taken.
    """
    fates = {ending.fate for ending in found}
    of_host = {ending.fate for ending in passing}
    forged = {ending.fate for ending in found if ending.fate.is_at_host and ending not in passing}
    is_reached = not passing and _is_reached_otherwise(trace, found)
    is_silent = Fate.SILENT in fates or not trace.is_complete
    is_dropped = Fate.SILENT in fates and is_reached and trace.plan.probing.protocol == "tcp"
    is_met = bool(passing) and not is_doubtful
    return {
        Part.NETWORK: _standing(
            is_cause=bool(fates & {Fate.UNREACHABLE, Fate.LOOP}),
            is_cleared=is_reached or not is_silent,
        ),
        Part.FIREWALL: _standing(
            is_cause=Fate.REFUSED in fates or Fate.CLOSED in forged or is_dropped or is_reset,
            is_cleared=not is_silent and (is_met or Fate.OPEN in forged),
        ),
        Part.SERVICE: _standing(is_cause=is_met and Fate.CLOSED in of_host, is_cleared=is_met),
    }


def _is_reached_otherwise(trace: Trace, found: tuple[Ending, ...]) -> bool:
    """Whether controls reach the host by a vertex behind which nothing answers the service's flows.

    Other paths may be whole where that vertex has lost its way on.
    """
    last = {ending.at for ending in found if ending.fate is Fate.SILENT}
    return any(
        control.reaches(trace.plan.destination.version)
        and (vertex == trace.origin or vertex.address in control.via)
        for control in trace.controls
        for vertex in last
    )


def _standing(*, is_cause: bool, is_cleared: bool) -> Standing:
    if is_cause:
        return Standing.HERE
    return Standing.OK if is_cleared else Standing.UNKNOWN
