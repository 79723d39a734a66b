"""What scamper calls a trace: its kind, its method, its flow ids and times, and what it lacks."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import Loss, Reply, ReplyKind, StopReason
from mda.plan import Algorithm
from mda.variants import plain_outcomes
from paris.errors import OutputError
from paris.formats.icmp_types import icmp_type
from paris.formats.readers.scamper import METHODS, TRACE, TRACELB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.model import Outcome
    from mda.plan import Plan
    from mda.trace import Trace
    from paris.formats.readers.scamper import Method

MICROS: Final = 1_000_000
_LONGEST_WAIT_S: Final = 255
_LATEST_S: Final = 1 << 32
_TCP_FLAGS: Final = {ReplyKind.SYN_ACK: 0x12, ReplyKind.RST: 0x14}
_STOPS: Final = {
    StopReason.WIRE_ERROR: "ERROR", StopReason.INTERRUPTED: "HALTED",
    StopReason.TIME_BUDGET: "HALTED", StopReason.PROBE_BUDGET: "HALTED",
}  # fmt: skip


class Terms(NamedTuple):
    """A trace in scamper's words. Times are microseconds of Unix time.

    `flow_id` is that of flow 0. `sport` is the echo identifier of ICMP, and `dport` is None there;
    both are None if nothing says them.
    `wait_s` is how long a lost probe was waited for, None if none was lost. A trace that
    `is_cut` sent all probes that it was allowed to. `attempts` is how many a hop got at most where
    each probe is another flow, and else how many a silence takes.
    """

    kind: str
    method: str
    is_icmp: bool
    flow_id: int
    sport: int | None
    dport: int | None
    start_us: int
    wait_s: int | None
    attempts: int
    confidence: int
    stop: str
    is_cut: bool

    @property
    def has_checksum(self) -> bool:
        """Whether a trace record says the one ICMP checksum that its probes had."""
        return self.kind == TRACE and self.method == "icmp-echo-paris"

    def at_us(self, since_start_s: float) -> int:
        """A time of the trace. Raises OutputError if 32 bits do not hold its seconds."""
        at_us = self.start_us + round(since_start_s * MICROS)
        if not 0 <= at_us < _LATEST_S * MICROS:
            raise OutputError("scamper's formats hold only times from 1970 to 2106")
        return at_us

    def rtt_us(self, reply: Reply) -> int | None:
        """The round trip between two such times; None if nobody noted them."""
        if not reply.is_timed:
            return None
        return max(0, self.at_us(reply.received_at_s) - self.at_us(reply.sent_at_s))


def terms(trace: Trace) -> Terms:
    """The trace in scamper's words. Raises OutputError if scamper has no such probes."""
    plan = trace.plan
    outcomes = plain_outcomes(trace.outcomes)
    flows = {outcome.request.flow for outcome in outcomes}
    is_classic = plan.algorithm is Algorithm.CLASSIC
    is_single = plan.algorithm is Algorithm.PARIS and len(flows) <= 1
    kind = TRACE if is_single or is_classic else TRACELB
    name, method = _method(kind, plan)
    ports = {"sport": plan.probing.sport, "dport": plan.probing.dport}
    flow = min(flows, default=0) if is_single else 0
    if (first := ports.get(plan.probing.flow_field)) is not None:
        ports[plan.probing.flow_field] = first + flow
    waits_s = [own.gave_up_at_s - own.sent_at_s for own in outcomes if isinstance(own, Loss)]
    return Terms(
        kind=kind,
        method=name,
        is_icmp=plan.probing.protocol == "icmp",
        flow_id=method.first(**ports) + (flow if plan.probing.protocol == "icmp" else 0),
        **ports,
        start_us=round(trace.started_at_unix_s * MICROS),
        wait_s=max(0, min(_LONGEST_WAIT_S, math.ceil(max(waits_s)))) if waits_s else None,
        attempts=max(1, *Counter(own.request.ttl for own in outcomes).values())
        if is_classic
        else plan.attempts,
        confidence=max(1, min(99, round(100 * (1 - plan.bound.failure_probability)))),
        stop=_stop(trace),
        is_cut=trace.stopped is StopReason.PROBE_BUDGET,
    )


def _method(kind: str, plan: Plan) -> tuple[str, Method]:
    """Scamper's name of the probes, and what that means; of a single flow any field is right."""
    probing, is_classic = plan.probing, plan.algorithm is Algorithm.CLASSIC
    for name, method in METHODS[kind].items():
        is_any_field = kind == TRACE and not is_classic
        is_field = is_any_field or method.flow_field == probing.flow_field
        is_alike = (method.protocol, method.flags) == (probing.protocol, probing.flags)
        if is_alike and is_field and (method.algorithm is Algorithm.CLASSIC) == is_classic:
            return name, method
    raise OutputError(
        f"scamper's formats hold no {probing.protocol.upper()} probes whose flows differ by "
        f"{probing.flow_field}"
    )


def _stop(trace: Trace) -> str:
    """Why a trace of one flow ended."""
    if trace.stopped in _STOPS:
        return _STOPS[trace.stopped]
    if trace.reached:
        return "COMPLETED"
    if any(reply.ends_path for reply in trace.replies):
        return "UNREACH"
    asked = max((own.request.ttl for own in plain_outcomes(trace.outcomes)), default=0)
    return "HOPLIMIT" if asked == trace.plan.max_ttl else "GAPLIMIT"


def single_path(trace: Trace) -> tuple[int, list[Reply]]:
    """The last hop of a trace record, and the replies up to there, hop by hop.

    scamper's readers refuse a record with replies from beyond its last hop. It has no flows: a
    probe that is another flow is another attempt.
    """
    outcomes = plain_outcomes(trace.outcomes)
    last_ttl = max((own.request.ttl for own in outcomes), default=0)
    last_ttl = min((end.ttl for end in trace.arrivals), default=last_ttl)
    replies = [
        reply
        for reply in _numbered(trace, outcomes)
        if reply.request.ttl <= last_ttl
        and (is_sayable(reply) or reply.kind is ReplyKind.UDP_ANSWER)
    ]
    return last_ttl, sorted(replies, key=lambda own: (own.request.ttl, own.request.attempt))


def _numbered(trace: Trace, outcomes: Iterable[Outcome]) -> Iterable[Reply]:
    """The replies, those to probes that are all of different flows numbered at each hop."""
    if trace.plan.algorithm is not Algorithm.CLASSIC:
        return trace.replies
    numbered, asked = [], Counter[int]()
    for outcome in sorted(outcomes, key=lambda own: own.request.flow):
        request = outcome.request._replace(attempt=asked[outcome.request.ttl])
        asked[request.ttl] += 1
        if isinstance(outcome, Reply):
            numbered.append(outcome._replace(request=request))
    return numbered


def keeps_flows(trace: Trace) -> bool:
    """Whether flows come back from a trace record: those that count up from hop to hop."""
    if trace.plan.algorithm is not Algorithm.CLASSIC:
        return True
    asked = sorted(plain_outcomes(trace.outcomes), key=lambda own: own.request.flow)
    ttls = [own.request.ttl for own in asked]
    return ttls == sorted(ttls) and [own.request.flow for own in asked] == [*range(len(asked))]


def tcp_flags(reply: Reply) -> int | None:
    """The flags of an answer by TCP, None for others."""
    return _TCP_FLAGS.get(reply.kind)


def is_sayable(outcome: Outcome) -> bool:
    """Whether tracelb can say it: it has losses, and replies by ICMP and TCP."""
    if isinstance(outcome, Loss):
        return True
    return icmp_type(outcome) is not None or tcp_flags(outcome) is not None
