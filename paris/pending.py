"""Probes in flight: tags given out, answers matched to them, losses declared.

The time is always an argument. An answer counts only if what it quotes is a probe of this run.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from mda.model import Loss, Reply, ReplyKind, Unresolved
from paris import tags
from paris.errors import WireError
from paris.flows import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mda.model import ProbeRequest
    from paris.flows import FlowHeaders, FlowPlan
    from paris.replies import ParsedReply, QuotedProbe


# A lost probe may still be answered: for so long an answer that names only its flow may be to it.
_MAY_BE_LATE_S: Final = 1.0


class StrayReason(Enum):
    """Why a well-formed answer is not counted."""

    NOT_OURS = "answers no probe of this run"
    DUPLICATE = "a second answer to one probe"
    AMBIGUOUS = "names two probes of this run"


@dataclass(frozen=True, slots=True)
class Stray:
    """An answer that is not counted, and why."""

    reason: StrayReason


class _State(Enum):
    IN_FLIGHT = "in flight"
    LOST = "lost"
    ANSWERED = "answered"


@dataclass(slots=True)
class _Flight:
    tag: int
    request: ProbeRequest
    sent_at_s: float
    state: _State = _State.IN_FLIGHT


class Pending:
    """The probes of one run by tag; a tag is used again only after all others.

    Until then a late answer is still matched to its probe. `first_tag` is where tags begin.
    """

    def __init__(self, plan: FlowPlan, first_tag: int = tags.FIRST_TAG) -> None:
        self._plan = plan
        self._version = plan.source.version
        self._highest = min(tags.TAG_FIELD[protocol].highest for protocol in plan.protocols)
        self._next_tag = first_tag
        self._headers: dict[int, FlowHeaders] = {}
        self._flights: dict[int, _Flight] = {}
        # By TTL, as sent; the answered ones are passed over.
        self._order: defaultdict[int, deque[_Flight]] = defaultdict(deque)
        self._all: list[_Flight] = []  # as sent
        self._busy: Counter[int] = Counter()  # probes in flight by flow
        # Once answers have come that name a flow only: until when a flow may have late ones.
        self._may_be_late_until_s: dict[int, float] | None = None
        self._withdrawn: list[ProbeRequest] = []
        self.in_flight = 0

    def reserve(self) -> int:
        """A tag that no probe in flight has. Raises WireError if there is none."""
        if self.in_flight >= self._highest:
            raise WireError(f"more than {self._highest} probes in flight at once")
        while True:
            tag = self._next_tag
            self._next_tag = tag + 1 if tag < self._highest else tags.FIRST_TAG
            flight = self._flights.get(tag)
            if flight is None or flight.state is not _State.IN_FLIGHT:
                return tag

    def add(self, tag: int, request: ProbeRequest, sent_at_s: float) -> None:
        """Count a probe as in flight; probes are added in the order in which they were sent."""
        flight = self._flights[tag] = _Flight(tag, request, sent_at_s)
        self._order[request.ttl].append(flight)
        self._all.append(flight)
        self._busy[request.flow] += 1
        self.in_flight += 1

    def free_at_s(self, flow: int) -> float:
        """From when an answer that names this flow only could be to none but the next probe.

        Infinite while a probe is in flight: it may be answered at any time.
        """
        if self._busy[flow]:
            return float("inf")
        return (self._may_be_late_until_s or {}).get(flow, 0.0)

    def withdrawn(self) -> list[ProbeRequest]:
        """The requests whose probes cannot be told apart in answers, once: ask them anew."""
        withdrawn, self._withdrawn = self._withdrawn, []
        return withdrawn

    def correct(self, number: int, sent_at_s: float) -> None:
        """Learn when the probe that was added as `number` (from 0) really left."""
        flight = self._all[number]
        if flight.state is _State.IN_FLIGHT:
            flight.sent_at_s = sent_at_s

    def next_expiry_s(self, timeout_s: Callable[[int], float]) -> float:
        """When the next probe is given up, by the time-out of its TTL; infinite if none is."""
        return min(
            (flight.sent_at_s + timeout_s(ttl) for ttl, flight in self._oldest()),
            default=float("inf"),
        )

    def expire(self, now_s: float, timeout_s: Callable[[int], float]) -> list[Loss]:
        """Give up the probes that have been in flight for the time-out of their TTL."""
        losses = []
        while overdue := [
            flight for ttl, flight in self._oldest() if flight.sent_at_s + timeout_s(ttl) <= now_s
        ]:
            for flight in overdue:
                self._land(flight, _State.LOST)
                losses.append(
                    Loss(request=flight.request, sent_at_s=flight.sent_at_s, gave_up_at_s=now_s)
                )
        return losses

    def unresolved(self) -> list[Unresolved]:
        """The probes that are in flight, as sent."""
        return [
            Unresolved(flight.request, flight.sent_at_s)
            for flight in self._all
            if flight.state is _State.IN_FLIGHT
        ]

    def match(self, parsed: ParsedReply, received_at_s: float) -> Reply | Stray:
        """The reply that `parsed` is to a probe of ours; a late one follows its Loss."""
        if not parsed.quoted.carrier_tag and not parsed.quoted.ip_id:
            return self._match_untagged(parsed, received_at_s)
        fitting = sorted(
            (
                (changed, flight)
                for flight in self._candidates(parsed.quoted)
                if (changed := self._changes(flight, parsed)) is not None
            ),
            key=lambda fit: len(fit[0]),
        )
        if not fitting:
            return Stray(StrayReason.NOT_OURS)
        changed, flight = fitting[0]
        if len(fitting) > 1 and len(fitting[1][0]) == len(changed):
            return Stray(StrayReason.AMBIGUOUS)
        if flight.state is _State.ANSWERED:
            return Stray(StrayReason.DUPLICATE)
        return self._answered(flight, parsed, received_at_s, changed)

    def _match_untagged(self, parsed: ParsedReply, received_at_s: float) -> Reply | Stray:
        """The reply that `parsed` is if all it quotes is the flow, and that has but one probe."""
        quoted, plan = parsed.quoted, self._plan
        headers = replace(
            plan.headers(0),
            sport=quoted.sport,
            dport=quoted.dport,
            icmp_checksum=quoted.icmp_checksum,
        )
        flow = plan.flow_of(headers)
        if flow is None or (quoted.source, quoted.destination, quoted.protocol) != (
            plan.source.packed,
            plan.destination.packed,
            plan.protocol.number(self._version),
        ):
            return Stray(StrayReason.NOT_OURS)
        if self._may_be_late_until_s is None:
            self._may_be_late_until_s = {}
        able = [
            flight
            for flight in self._all
            if flight.request.flow == flow
            and flight.state is not _State.ANSWERED
            and flight.sent_at_s > received_at_s - _MAY_BE_LATE_S
        ]
        if len(able) == 1:
            return self._answered(able[0], parsed, received_at_s, ())
        for flight in able:
            if flight.state is _State.IN_FLIGHT:
                self._land(flight, _State.LOST)
                self._withdrawn.append(flight.request)
        return Stray(StrayReason.AMBIGUOUS)

    def _land(self, flight: _Flight, state: _State) -> None:
        flow = flight.request.flow
        if flight.state is _State.IN_FLIGHT:
            self.in_flight -= 1
            self._busy[flow] -= 1
        flight.state = state
        if self._may_be_late_until_s is None:
            return
        if state is _State.LOST:
            until_s = flight.sent_at_s + _MAY_BE_LATE_S
            self._may_be_late_until_s[flow] = max(self._may_be_late_until_s.get(flow, 0), until_s)
            return
        for other in self._all:
            if other.request == flight.request and other.state is not _State.ANSWERED:
                self._land(other, _State.ANSWERED)  # asked anew, and answered after all

    def _answered(
        self,
        flight: _Flight,
        parsed: ParsedReply,
        received_at_s: float,
        changed: tuple[str, ...],
    ) -> Reply:
        self._land(flight, _State.ANSWERED)
        return Reply(
            request=flight.request,
            kind=parsed.kind,
            responder=parsed.responder,
            # Departures of a batch are estimates; no answer comes before its probe.
            sent_at_s=min(flight.sent_at_s, received_at_s),
            received_at_s=received_at_s,
            icmp_type=parsed.icmp_type,
            icmp_code=parsed.icmp_code,
            quoted_ttl=parsed.quoted_ttl,
            reply_ttl=parsed.reply_ttl,
            reply_ip_id=parsed.reply_ip_id,
            mpls=parsed.mpls,
            changed=changed,
        )

    def _oldest(self) -> Iterator[tuple[int, _Flight]]:
        """The TTLs that have probes in flight, each with the one sent first."""
        for ttl, order in list(self._order.items()):
            while order and order[0].state is not _State.IN_FLIGHT:
                order.popleft()
            if order:
                yield ttl, order[0]
            else:
                del self._order[ttl]

    def _candidates(self, quoted: QuotedProbe) -> list[_Flight]:
        """The probes that the tag's own field, or its copy in the IPv4 header, points to."""
        found = []
        flight = self._flights.get(quoted.carrier_tag)
        if flight is not None:
            found.append(flight)
        if quoted.ip_id and self._highest <= 0xFFFF:
            twin = self._flights.get(tags.tag_of(quoted.ip_id))
            if twin is not None and twin is not flight:
                found.append(twin)
        return found

    def _headers_of(self, flow: int) -> FlowHeaders:
        headers = self._headers.get(flow)
        if headers is None:
            headers = self._headers[flow] = self._plan.headers(flow)
        return headers

    def _changes(self, flight: _Flight, parsed: ParsedReply) -> tuple[str, ...] | None:
        """The fields of the quote that differ from what was sent; None if it is not that probe.

        Destination, its port and protocol must be as sent. A NAT may have rewritten the source,
        and with it the port or identifier and every checksum; other middleboxes, single fields.
        """
        quoted = parsed.quoted
        headers = self._headers_of(flight.request.flow)
        if (quoted.destination, quoted.protocol, quoted.dport) != (
            headers.destination.packed,
            headers.protocol.number(self._version),
            headers.dport,
        ):
            return None
        fields = (
            (tags.TAG_FIELD[headers.protocol].name, quoted.carrier_tag, flight.tag),
            ("flow-label", quoted.flow_label, headers.flow_label),
            ("icmp-checksum", quoted.icmp_checksum, headers.icmp_checksum),
            ("identifier", quoted.identifier, self._plan.sport),
            ("ip-id", quoted.ip_id, tags.ip_id(flight.tag)),
            ("source", quoted.source, headers.source.packed),
            ("sport", quoted.sport, headers.sport),
            ("traffic-class", quoted.traffic_class, headers.traffic_class),
        )
        changed = {name for name, shown, sent in fields if shown is not None and shown != sent}
        is_tcp = headers.protocol is Protocol.TCP
        if not _is_explained(changed, is_tcp=is_tcp, has_ip_id=quoted.ip_id is not None):
            return None
        if parsed.kind in _UNQUOTED and (changed or parsed.responder != headers.destination):
            return None  # nothing was quoted, so nothing on the way can explain a difference
        return tuple(sorted(changed))


def _is_explained(changed: set[str], *, is_tcp: bool, has_ip_id: bool) -> bool:
    """Whether one NAT can have changed these fields and left proof that the probe is ours."""
    has_own_port = changed.isdisjoint({"sport", "identifier"})
    if "source" not in changed:
        return has_own_port  # nothing rewrites a port alone: it is another program's
    if is_tcp:
        return True  # 32 bits of tag that no NAT touches
    # A patched checksum may look like another probe's tag, so that only the copy is proof.
    # Without one, in IPv6, what translates prefixes keeps ports and checksums (RFC 6296).
    return "ip-id" not in changed if has_ip_id else has_own_port


_UNQUOTED = frozenset({ReplyKind.ECHO_REPLY, ReplyKind.SYN_ACK, ReplyKind.RST})
