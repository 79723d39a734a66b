"""Probes in flight: tags given out, answers matched to them, losses declared.

The time is always an argument. An answer counts only if what it quotes is a probe of this run.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mda.model import Loss, Reply, ReplyKind, Unresolved
from paris import tags
from paris.errors import WireError

if TYPE_CHECKING:
    from mda.model import ProbeRequest
    from paris.flows import FlowPlan
    from paris.replies import ParsedReply, QuotedProbe


class StrayReason(Enum):
    """Why a well-formed answer is not counted."""

    NOT_OURS = "answers no probe of this run"
    DUPLICATE = "a second answer to one probe"


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
        self._carrier = tags.TAG_FIELD[plan.protocol]
        self._destination = plan.destination.packed
        self._source = plan.source.packed
        self._protocol = plan.protocol.number(plan.source.version)
        self._next_tag = first_tag
        self._flights: dict[int, _Flight] = {}
        self._order: deque[_Flight] = deque()  # as sent; answered ones are passed over
        self.in_flight = 0

    def reserve(self) -> int:
        """A tag that no probe in flight has. Raises WireError if there is none."""
        if self.in_flight >= self._carrier.highest:
            raise WireError(f"more than {self._carrier.highest} probes in flight at once")
        while True:
            tag = self._next_tag
            self._next_tag = tag + 1 if tag < self._carrier.highest else tags.FIRST_TAG
            flight = self._flights.get(tag)
            if flight is None or flight.state is not _State.IN_FLIGHT:
                return tag

    def add(self, tag: int, request: ProbeRequest, sent_at_s: float) -> None:
        """Count a probe as in flight; probes are added in the order in which they were sent."""
        flight = self._flights[tag] = _Flight(tag, request, sent_at_s)
        self._order.append(flight)
        self.in_flight += 1

    def oldest_s(self) -> float | None:
        """When the probe that is in flight for longest was sent; None if there is none."""
        self._pass_over_landed()
        return self._order[0].sent_at_s if self._order else None

    def expire(self, now_s: float, timeout_s: float) -> list[Loss]:
        """Give up the probes that have been in flight for `timeout_s`."""
        losses = []
        self._pass_over_landed()
        while self._order and self._order[0].sent_at_s + timeout_s <= now_s:
            flight = self._order.popleft()
            flight.state = _State.LOST
            self.in_flight -= 1
            losses.append(
                Loss(request=flight.request, sent_at_s=flight.sent_at_s, gave_up_at_s=now_s)
            )
            self._pass_over_landed()
        return losses

    def unresolved(self) -> list[Unresolved]:
        """The probes that are in flight, as sent."""
        return [
            Unresolved(flight.request, flight.sent_at_s)
            for flight in self._order
            if flight.state is _State.IN_FLIGHT
        ]

    def match(self, parsed: ParsedReply, received_at_s: float) -> Reply | Stray:
        """The reply that `parsed` is to a probe of ours; a late one follows its Loss."""
        best: tuple[_Flight, list[str]] | None = None
        for flight in self._candidates(parsed.quoted):
            changed = self._changes(flight, parsed)
            if changed is not None and (best is None or len(changed) < len(best[1])):
                best = flight, changed
        if best is None:
            return Stray(StrayReason.NOT_OURS)
        flight, changed = best
        if flight.state is _State.ANSWERED:
            return Stray(StrayReason.DUPLICATE)
        if flight.state is _State.IN_FLIGHT:
            self.in_flight -= 1
        flight.state = _State.ANSWERED
        return Reply(
            request=flight.request,
            kind=parsed.kind,
            responder=parsed.responder,
            sent_at_s=flight.sent_at_s,
            received_at_s=received_at_s,
            icmp_type=parsed.icmp_type,
            icmp_code=parsed.icmp_code,
            quoted_ttl=parsed.quoted_ttl,
            reply_ttl=parsed.reply_ttl,
            reply_ip_id=parsed.reply_ip_id,
            mpls=parsed.mpls,
            changed=tuple(sorted(changed)),
        )

    def _pass_over_landed(self) -> None:
        while self._order and self._order[0].state is not _State.IN_FLIGHT:
            self._order.popleft()

    def _candidates(self, quoted: QuotedProbe) -> list[_Flight]:
        """The probes that the tag's own field, or its copy in the IPv4 header, points to."""
        found = []
        flight = self._flights.get(quoted.carrier_tag)
        if flight is not None:
            found.append(flight)
        if quoted.ip_id and self._carrier.highest <= 0xFFFF:
            twin = self._flights.get(quoted.ip_id - 1)
            if twin is not None and twin is not flight:
                found.append(twin)
        return found

    def _changes(self, flight: _Flight, parsed: ParsedReply) -> list[str] | None:
        """The fields of the quote that differ from what was sent; None if it is not that probe.

        Destination, protocol and destination port (for ICMP the identifier) must be as sent; a
        NAT may have rewritten the source, and with it the checksum that carries the tag.
        """
        quoted, plan = parsed.quoted, self._plan
        headers = plan.headers(flight.request.flow)
        if (quoted.destination, quoted.protocol) != (self._destination, self._protocol):
            return None
        if quoted.dport != headers.dport:
            return None
        if headers.dport is None and quoted.identifier != plan.sport:
            return None
        changed = []
        if quoted.source != self._source:
            changed.append("source")
        if quoted.sport != headers.sport:
            changed.append("sport")
        if quoted.carrier_tag != flight.tag:
            changed.append(self._carrier.name)
        if quoted.icmp_checksum is not None and quoted.icmp_checksum != headers.icmp_checksum:
            changed.append("icmp-checksum")
        if quoted.ip_id is not None and quoted.ip_id != tags.ip_id(flight.tag):
            changed.append("ip-id")
        if quoted.traffic_class is not None and quoted.traffic_class != plan.traffic_class:
            changed.append("traffic-class")
        if quoted.flow_label is not None and quoted.flow_label != headers.flow_label:
            changed.append("flow-label")
        if len({"sport", self._carrier.name, "ip-id"} & set(changed)) > 2:
            return None
        if parsed.kind in _UNQUOTED and (changed or parsed.responder != plan.destination):
            return None  # nothing was quoted, so nothing on the way can explain a difference
        return changed


_UNQUOTED = frozenset({ReplyKind.ECHO_REPLY, ReplyKind.SYN_ACK, ReplyKind.RST})
