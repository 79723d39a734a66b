"""What scamper measures, as its formats say it, and the record that follows from it.

scamper's `tracelb` is a multipath trace, its `trace` a trace of one flow. Times are microseconds of
Unix time. What a file does not say is None.
"""

from __future__ import annotations

from functools import partial
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
from paris.errors import FormatError, on_one_line
from paris.formats import references
from paris.formats.readers.base import Found
from paris.packets import numbers, replies
from paris.packets.datagrams import NoReplyError
from paris.packets.extensions import Extensions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.model import IPAddress, Outcome

_MICROS: Final = 1_000_000
_HIGHEST_TTL: Final = 255
_USUAL_FAILURE: Final = 0.05
_LAST_FLOW: Final = 0xFFFF
_RST, _SYN_ACK = 0x04, 0x12  # TCP flags
# The protocol and flow field of each method: those that keep a flow's headers.
LB_METHODS: Final = {
    "udp-dport": ("udp", "dport"),
    "icmp-echo": ("icmp", "icmp-checksum"),
    "udp-sport": ("udp", "sport"),
    "tcp-sport": ("tcp", "sport"),
}
TRACE_METHODS: Final = {
    "tcp": ("tcp", "sport"),
    "icmp-echo-paris": ("icmp", "icmp-checksum"),
    "udp-paris": ("udp", "sport"),
}
TRACELB: Final = "tracelb"
TRACE: Final = "trace"
DUPLICATE: Final = "a second answer to one probe"
OTHER: Final = "is no answer to a probe"


class Answer(NamedTuple):
    """A reply: an ICMP message with type and code, or TCP flags, or by UDP."""

    responder: IPAddress
    rtt_us: int | None
    icmp: tuple[int, int] | None = None
    tcp_flags: int | None = None
    is_udp: bool = False
    quoted_ttl: int | None = None
    ttl: int | None = None
    ip_id: int | None = None
    mtu: int | None = None
    extensions: Extensions = Extensions()


class Sent(NamedTuple):
    """A probe and its replies; `flow` is what scamper calls the flow id."""

    flow: int
    ttl: int
    attempt: int
    sent_at_us: int | None
    answers: tuple[Answer, ...]


class FirstHop(NamedTuple):
    """What a tracelb record says of the hop before its first probe; None if nobody replied."""

    ttl: int
    responder: IPAddress | None
    quoted_ttl: int | None


class Measured(NamedTuple):
    """One measurement. `sport` is the echo identifier of ICMP, and `dport` None."""

    kind: str
    method: str
    source: IPAddress | None
    destination: IPAddress
    started_at_us: int | None
    sport: int | None
    dport: int | None
    traffic_class: int
    first_ttl: int
    max_ttl: int | None
    attempts: int | None
    wait_us: int | None
    confidence: int | None
    probes_sent: int | None
    stopped: StopReason
    first_hop: FirstHop | None
    sent: tuple[Sent, ...]
    names: Mapping[IPAddress, str]


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
    methods = LB_METHODS if measured.kind == TRACELB else TRACE_METHODS
    if measured.method not in methods:
        raise FormatError(
            f"{place}: a {measured.kind} by {on_one_line(measured.method)}, which is not read: "
            f"only {', '.join(methods)} are"
        )
    if measured.source is None:
        raise FormatError(f"{place}: the source is missing")
    if measured.started_at_us is None:
        raise FormatError(f"{place}: the time of the start is missing")
    outcomes = _Outcomes(measured, _first_flow(measured), place)
    made = Record(
        plan=_plan(measured, measured.source, *methods[measured.method], place),
        started_at_unix_s=measured.started_at_us / _MICROS,
        duration_s=outcomes.last_us / _MICROS,
        probes_sent=max(measured.probes_sent or 0, outcomes.probes),
        outcomes=outcomes.in_order(),
        unresolved=tuple(outcomes.unresolved),
        wire=WireReport(
            wire="unknown",
            sent=Stamp.UNKNOWN,
            received=Stamp.UNKNOWN,
            hidden=("changed",),
            tool=f"scamper {measured.kind} {measured.method}",
        ),
        unmatched=dict(sorted(outcomes.unmatched.items())),
        stopped=measured.stopped,
        names=measured.names,
    )
    references.check(made, place)
    return made


def _first_flow(measured: Measured) -> int:
    """The flow id of flow 0."""
    if measured.method in ("icmp-echo", "icmp-echo-paris"):
        return 1  # the id is the ICMP checksum, and ours begin there
    return (measured.dport if measured.method == "udp-dport" else measured.sport) or 0


def _plan(
    measured: Measured, source: IPAddress, protocol: str, flow_field: str, place: str
) -> Plan:
    confidence = measured.confidence
    if protocol != "icmp" and (measured.sport is None or measured.dport is None):
        raise FormatError(f"{place}: a port is missing")
    return Plan(
        host=str(measured.destination),
        source=source,
        destination=measured.destination,
        algorithm=Algorithm.MDA if measured.kind == TRACELB else Algorithm.PARIS,
        bound=Bound(
            1 - confidence / 100 if confidence and 0 < confidence < 100 else _USUAL_FAILURE,
            per_vertex=measured.kind == TRACELB,
        ),
        probing=Probing(
            protocol=protocol,
            flow_field=flow_field,
            sport=measured.sport or 0,  # the echo identifier may be missing
            dport=None if protocol == "icmp" else measured.dport,
            traffic_class=measured.traffic_class,
            flow_label=0,
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
    """The outcomes of a measurement's probes. Raises FormatError for flows that cannot be."""

    def __init__(self, measured: Measured, first_flow: int, place: str) -> None:
        self.unmatched: dict[str, int] = {}
        self.unresolved: list[Unresolved] = []
        self.probes = 0
        self.last_us = 0  # since the start, as all times here
        self._measured = measured
        self._known: list[tuple[int, Outcome]] = []  # when each became known
        self._next: dict[tuple[int, int], int] = {}  # the attempt after the last, by flow and TTL
        self._latest_us = 0  # the last known time
        if measured.first_hop is not None:
            self._add_first_hop(measured.first_hop, place)
        for sent in measured.sent:
            if not first_flow <= sent.flow <= _LAST_FLOW:
                raise FormatError(f"{place}: flow id {sent.flow} is not from {first_flow} on")
            if not 1 <= sent.ttl <= _HIGHEST_TTL:
                raise FormatError(f"{place}: a probe has TTL {sent.ttl}")
            self._add(sent, sent.flow - first_flow)

    def in_order(self) -> tuple[Outcome, ...]:
        """The outcomes in the order in which they became known."""
        return tuple(outcome for _, outcome in sorted(self._known, key=lambda known: known[0]))

    def _add_first_hop(self, hop: FirstHop, place: str) -> None:
        """Add the first hop: one flow is sent there, and only who replied is kept."""
        if hop.responder == self._measured.destination:
            raise FormatError(f"{place}: it does not say how the destination at hop 1 answered")
        if hop.responder is None:
            for attempt in range(_attempts(self._measured)):
                self._keep(0, Loss(ProbeRequest(0, hop.ttl, attempt), 0.0, 0.0, is_timed=False))
            return
        reply = Reply(
            request=ProbeRequest(0, hop.ttl),
            kind=ReplyKind.TIME_EXCEEDED,
            responder=hop.responder,
            sent_at_s=0.0,
            received_at_s=0.0,
            quoted_ttl=hop.quoted_ttl,
            is_timed=False,
        )
        self._keep(0, reply)

    def _add(self, sent: Sent, flow: int) -> None:
        """Add a probe; scamper counts attempts from 0 again when it sends the same flow later."""
        attempt = max(sent.attempt, self._next.get((flow, sent.ttl), 0))
        self._next[flow, sent.ttl] = attempt + 1
        request = ProbeRequest(flow, sent.ttl, attempt)
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
            until_us = sent_us + (self._measured.wait_us or 0)
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
            return ReplyKind.UDP_ANSWER if answer.is_udp else None
        version = answer.responder.version
        if answer.icmp[0] == numbers.ECHO_REPLY[version]:
            return ReplyKind.ECHO_REPLY
        try:
            return replies.error_kind(version, *answer.icmp)
        except NoReplyError:
            return None


def lost_between(
    answered: Iterable[Sent], first_ttl: int, last_ttl: int, attempts: int, flow: int
) -> tuple[Sent, ...]:
    """The probes of a single path, with those that a trace leaves out because nobody replied.

    scamper sends further attempts to a hop only while nobody replied there.
    """
    by_ttl: dict[int, dict[int, Sent]] = {}
    for sent in answered:
        by_ttl.setdefault(sent.ttl, {})[sent.attempt] = sent
    every: list[Sent] = []
    for ttl in sorted({*range(first_ttl, last_ttl + 1), *by_ttl}):
        known = by_ttl.get(ttl, {})
        asked = 1 + max(known, default=attempts - 1)
        every += [known.get(number, Sent(flow, ttl, number, None, ())) for number in range(asked)]
    return tuple(every)
