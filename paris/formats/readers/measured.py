"""What a program measured, as its file says it, and the record that follows from it.

Every reader makes such values. Times are microseconds of Unix time. What a file does not say is
None, or is left out.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import (
    Loss,
    ProbeRequest,
    Reply,
    ReplyKind,
    StopReason,
    Unresolved,
)
from mda.plan import Algorithm, Plan, Probing, Stamp, WireReport
from mda.record import Record
from mda.statistics.stopping import Bound
from paris.errors import FormatError
from paris.formats import references
from paris.formats.readers.base import Found
from paris.packets import numbers, replies
from paris.packets.datagrams import NoReplyError
from paris.packets.extensions import Extensions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress, Outcome

_MICROS: Final = 1_000_000
_HIGHEST_TTL: Final = 255
_USUAL_FAILURE: Final = 0.05
_RST, _SYN_ACK = 0x04, 0x12  # TCP flags
DUPLICATE: Final = "a second answer to one probe"
FAILURE: Final = "failure_probability"  # of a plan, which is then the usual one
OTHER: Final = "is no answer to a probe"


class Answer(NamedTuple):
    """A reply: an ICMP message with type and code, or TCP flags; else its `kind` is known."""

    responder: IPAddress
    rtt_us: int | None
    icmp: tuple[int, int] | None = None
    tcp_flags: int | None = None
    kind: ReplyKind | None = None
    quoted_ttl: int | None = None
    ttl: int | None = None
    ip_id: int | None = None
    mtu: int | None = None
    extensions: Extensions = Extensions()


class Sent(NamedTuple):
    """A probe and its replies; the flow is numbered from 0 on, as everywhere here."""

    flow: int
    ttl: int
    attempt: int
    sent_at_us: int | None
    answers: tuple[Answer, ...]


class Measured(NamedTuple):
    """One measurement, by the `tool` with its own words for its method.

    `kind` is what that calls it. `sport` and `dport` are those of flow 0, and of ICMP `sport` is
    the echo identifier and `dport` None. `failure` is the probability that its bound allows, and
    `host` the name of the destination. `unmatched` counts, by reason, replies to no probe. `hidden`
    names the fields of replies that the format lacks.
    """

    kind: str
    tool: str
    algorithm: Algorithm
    protocol: str
    flow_field: str
    source: IPAddress | None
    destination: IPAddress
    started_at_us: int | None
    sport: int | None
    dport: int | None
    first_ttl: int
    sent: tuple[Sent, ...]
    flags: str | None = None
    traffic_class: int = 0
    max_ttl: int | None = None
    attempts: int | None = None
    wait_us: int | None = None
    failure: float | None = None
    probes_sent: int | None = None
    stopped: StopReason = StopReason.COMPLETE
    host: str | None = None
    hidden: tuple[str, ...] = ("changed",)
    unmatched: Mapping[str, int] = MappingProxyType({})
    names: Mapping[IPAddress, str] = MappingProxyType({})


def found(measured: Measured, place: str) -> Found:
    """The measurement for a list; `place` names it in messages."""
    started_at_us = measured.started_at_us
    return Found(
        measured.kind,
        measured.source,
        measured.destination,
        None if started_at_us is None else started_at_us / _MICROS,
        partial(record, measured, place),
    )


def record(measured: Measured, place: str) -> Record:
    """The record of a measurement. Raises FormatError, with `place`, where none can be made."""
    if measured.source is None:
        raise FormatError(f"{place}: the source is missing")
    if measured.started_at_us is None:
        raise FormatError(f"{place}: the time of the start is missing")
    outcomes = _Outcomes(measured, place)
    has_no_bound = measured.algorithm.is_multipath and measured.failure is None
    made = Record(
        plan=_plan(measured, measured.source, place),
        started_at_unix_s=measured.started_at_us / _MICROS,
        duration_s=outcomes.last_us / _MICROS,
        probes_sent=max(measured.probes_sent or 0, outcomes.probes),
        outcomes=outcomes.in_order(),
        unresolved=tuple(outcomes.unresolved),
        wire=WireReport(
            wire="unknown",
            sent=Stamp.UNKNOWN,
            received=Stamp.UNKNOWN,
            hidden=(*measured.hidden, *([FAILURE] if has_no_bound else [])),
            tool=measured.tool,
        ),
        unmatched=dict(sorted(outcomes.unmatched.items())),
        stopped=measured.stopped,
        names=measured.names,
    )
    del measured, outcomes  # they take as much memory as the record
    references.check(made, place)
    return made


def _plan(measured: Measured, source: IPAddress, place: str) -> Plan:
    if measured.protocol != "icmp" and (measured.sport is None) != (measured.dport is None):
        raise FormatError(f"{place}: a port is missing")
    return Plan(
        host=measured.host or str(measured.destination),
        source=source,
        destination=measured.destination,
        algorithm=measured.algorithm,
        bound=Bound(
            _USUAL_FAILURE if measured.failure is None else measured.failure,
            per_vertex=measured.algorithm.is_multipath,
        ),
        probing=Probing(
            protocol=measured.protocol,
            flow_field=measured.flow_field,
            sport=measured.sport,
            dport=None if measured.protocol == "icmp" else measured.dport,
            traffic_class=measured.traffic_class,
            flow_label=0,
            flags=measured.flags,
        ),
        first_ttl=measured.first_ttl,
        max_ttl=measured.max_ttl or _HIGHEST_TTL,
        attempts=_attempts(measured),
        network=None,
        seed=None,
    )


def _attempts(measured: Measured) -> int:
    """How many probes a silence takes: as the file says, or as many as it has of any flow."""
    most = max((sent.attempt + 1 for sent in measured.sent), default=1)
    return measured.attempts or most


class _Outcomes:
    """The outcomes of a measurement's probes. Raises FormatError for TTLs that cannot be."""

    def __init__(self, measured: Measured, place: str) -> None:
        self.unmatched = dict(measured.unmatched)
        self.unresolved: list[Unresolved] = []
        self.probes = 0
        self.last_us = 0  # since the start, as all times here
        self._measured = measured
        self._known: list[tuple[int, Outcome]] = []  # when each became known
        self._next: dict[tuple[int, int], int] = {}  # the attempt after the last, by flow and TTL
        self._latest_us = 0  # the last known time
        for sent in measured.sent:
            if not 1 <= sent.ttl <= _HIGHEST_TTL:
                raise FormatError(f"{place}: a probe has TTL {sent.ttl}")
            self._add(sent)

    def in_order(self) -> tuple[Outcome, ...]:
        """The outcomes in the order in which they became known; this keeps none of them."""
        known, self._known = self._known, []
        self._next.clear()
        known.sort(key=lambda own: own[0])
        return tuple(outcome for _, outcome in known)

    def _add(self, sent: Sent) -> None:
        """Add a probe; some count attempts from 0 again when they send the same flow later."""
        key = sent.flow, sent.ttl
        attempt = max(sent.attempt, self._next.get(key, 0))
        self._next[key] = attempt + 1
        request = ProbeRequest(sent.flow, sent.ttl, attempt)
        sent_us, is_timed = self._since_start(sent.sent_at_us)
        kinds = [self._kind(answer) for answer in sent.answers]
        answers = [(answer, kind) for answer, kind in zip(sent.answers, kinds, strict=True) if kind]
        self._count(OTHER, kinds.count(None))
        self._count(DUPLICATE, len(answers[1:]))
        if answers:
            self._reply(request, sent_us, *answers[0])
        elif sent.answers:
            self.probes += 1
            self.unresolved.append(Unresolved(request, sent_us / _MICROS))
        else:
            until_us = sent_us + (self._measured.wait_us or 0 if is_timed else 0)
            loss = Loss(request, sent_us / _MICROS, until_us / _MICROS, is_timed=is_timed)
            self._keep(until_us, loss)

    def _reply(self, request: ProbeRequest, sent_us: int, answer: Answer, kind: ReplyKind) -> None:
        rtt_us = answer.rtt_us
        is_timed = rtt_us is not None and rtt_us >= 0  # a clock may have been set back
        received_us = sent_us + (rtt_us if rtt_us is not None and is_timed else 0)
        icmp_type, icmp_code = answer.icmp or (None, None)
        reply = Reply(
            request=request,
            kind=kind,
            responder=answer.responder,
            sent_at_s=sent_us / _MICROS,
            received_at_s=received_us / _MICROS,
            icmp_type=icmp_type,
            icmp_code=icmp_code,
            quoted_ttl=answer.quoted_ttl,
            reply_ttl=answer.ttl,
            reply_ip_id=answer.ip_id,
            mpls=answer.extensions.mpls,
            interfaces=answer.extensions.interfaces,
            unread=answer.extensions.unread,
            mtu=answer.mtu,
            is_timed=is_timed,
        )
        self._keep(received_us, reply)

    def _keep(self, known_us: int, outcome: Outcome) -> None:
        self.probes += 1
        self.last_us = max(self.last_us, known_us)
        self._known.append((known_us, outcome))

    def _since_start(self, sent_at_us: int | None) -> tuple[int, bool]:
        """When a probe left; else the time of what came before it, and that this is not known."""
        started_at_us = self._measured.started_at_us or 0
        if sent_at_us is None or sent_at_us < started_at_us:
            return self._latest_us, False
        self._latest_us = sent_at_us - started_at_us
        return self._latest_us, True

    def _count(self, reason: str, number: int) -> None:
        if number:
            self.unmatched[reason] = self.unmatched.get(reason, 0) + number

    def _kind(self, answer: Answer) -> ReplyKind | None:
        """The kind of a reply; None if no probe can cause it."""
        if answer.responder.version != self._measured.destination.version:
            return None
        if answer.tcp_flags is not None:
            if answer.tcp_flags & _RST:
                return ReplyKind.RST
            is_open = answer.tcp_flags & _SYN_ACK == _SYN_ACK
            return ReplyKind.SYN_ACK if is_open else None
        if answer.icmp is None:
            return answer.kind
        version = answer.responder.version
        if answer.icmp[0] == numbers.ECHO_REPLY[version]:
            return ReplyKind.ECHO_REPLY
        try:
            return replies.error_kind(version, *answer.icmp)
        except NoReplyError:
            return None
