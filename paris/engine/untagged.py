"""Matches replies that name only their probe's ports, if only one probe is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.model import ReplyKind
from paris.engine.flights import Conversation, Flight, State, Stray, StrayReason
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mda.model import ProbeRequest
    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.flows import Flows
    from paris.packets.replies import ParsedReply

# Replies may be late, and UDP services may reply more than once. For this long after a probe left,
# or for twice the slowest reply's time, a reply that names only the flow may belong to that probe.
_MAY_BE_LATE_S: Final = 1.0
_LATEST_S: Final = 10.0  # upper bound, however slow a reply seems to have been

# Addresses as numbers, protocol, ports; for ICMP, identifier and checksum.
_Name = tuple[int, int, int, int | None, int | None, int | None, int | None]


class Conversations:
    """The probes of one run by conversation.

    `unresolved` has those without reply or loss by their number, in the order of sending.
    `in_flight` counts the probes that wait for a reply. `one_at_a_time` becomes true with the first
    reply without a tag: from then on each conversation may have only one probe in flight, so that
    such a reply identifies it. `has_withdrawn` becomes true with the first probe that is withdrawn:
    from then on a request may be sent twice. `headers_of` returns the headers of a flow.
    """

    def __init__(self, flows: Flows, headers_of: Callable[[int], FlowHeaders]) -> None:
        self._flows = flows
        self._headers_of = headers_of
        self._by_name: dict[_Name, Conversation] = {}
        self._by_flow: dict[int, Conversation] = {}
        self._may_be_late_s = _MAY_BE_LATE_S
        self._withdrawn: list[ProbeRequest] = []
        self._landed: list[int] = []
        self.unresolved: dict[int, Flight] = {}
        self.in_flight = 0
        self.one_at_a_time = self.has_withdrawn = False

    def of(self, flow: int) -> Conversation:
        """The conversation of a flow; flows with equal addresses, ports and checksum share it."""
        conversation = self._by_flow.get(flow)
        if conversation is None:
            headers = self._headers_of(flow)
            name = (
                int(headers.source),
                int(headers.destination),
                headers.protocol.number(self._flows.source.version),
                headers.sport,
                headers.dport,
                self._flows.sport if headers.protocol is Protocol.ICMP else None,
                headers.icmp_checksum,
            )
            conversation = self._by_name.setdefault(name, Conversation())
            self._by_flow[flow] = conversation
        return conversation

    def add(self, flight: Flight) -> None:
        """Count a probe as in flight."""
        conversation = flight.conversation
        self._forget(conversation, flight.sent_at_s - _LATEST_S)
        conversation.unanswered.append(flight)
        conversation.in_flight += 1
        self.unresolved[flight.number] = flight
        self.in_flight += 1

    def _forget(self, conversation: Conversation, before_s: float) -> None:
        """Leave out probes that left before `before_s` and have their outcome."""
        unanswered = conversation.unanswered
        if unanswered and unanswered[0].sent_at_s < before_s:
            unanswered[:] = [
                own
                for own in unanswered
                if own.sent_at_s >= before_s or own.number in self.unresolved
            ]

    def land(self, flight: Flight, state: State) -> None:
        """Set the final state of a probe, which is then no longer in flight."""
        if flight.state is State.IN_FLIGHT:
            self.in_flight -= 1
            self._landed.append(flight.number)
            flight.conversation.in_flight -= 1
            flight.datagram = b""
        flight.state = state
        if state is not State.WITHDRAWN:
            for other in self._same_request(flight):
                self.unresolved.pop(other.number, None)

    def _same_request(self, flight: Flight) -> Sequence[Flight]:
        """The probe, and those that were sent for the same request before or after it."""
        if not self.has_withdrawn:
            return (flight,)
        unanswered = flight.conversation.unanswered
        return [flight, *(other for other in unanswered if other.request == flight.request)]

    def landed(self) -> list[int]:
        """Take the numbers of the probes that have landed since the last call."""
        landed, self._landed = self._landed, []
        return landed

    def free_at_s(self, flow: int) -> float:
        """From when on a reply without a tag can belong only to the next probe of this flow.

        Infinite while a probe of its conversation is in flight, because its reply may still arrive.
        """
        conversation = self.of(flow)
        if conversation.in_flight:
            return float("inf")
        return conversation.last_sent_s() + self._may_be_late_s if self.one_at_a_time else 0.0

    def withdrawn(self) -> list[ProbeRequest]:
        """Take the requests to send again, because no reply can tell whether they arrived."""
        withdrawn, self._withdrawn = self._withdrawn, []
        return withdrawn

    def match(self, parsed: ParsedReply, received_at_s: float) -> Flight | Stray:
        """The probe that `parsed` replies to, if its conversation has only one candidate.

        If there are several, those in flight are withdrawn.
        """
        quoted = parsed.quoted
        conversation = self._by_name.get(
            (
                int.from_bytes(quoted.source),
                int.from_bytes(quoted.destination),
                quoted.protocol,
                quoted.sport,
                quoted.dport,
                quoted.identifier,
                quoted.icmp_checksum,
            )
        )
        if conversation is None:
            return Stray(StrayReason.NOT_OURS)
        self.one_at_a_time = True
        if not conversation.unanswered:
            return Stray(StrayReason.DUPLICATE)
        self._learn_delay(received_at_s - conversation.last_sent_s())
        since_s = received_at_s - self._may_be_late_s
        able = [flight for flight in conversation.unanswered if flight.sent_at_s > since_s]
        may_be_second = parsed.kind is ReplyKind.UDP_ANSWER and conversation.served_at_s > since_s
        if not able:
            return Stray(StrayReason.DUPLICATE)
        if len(able) == 1 and not may_be_second:
            return able[0]
        self._withdraw(able)
        return Stray(StrayReason.AMBIGUOUS)

    def half_open(self, first: Flight, received_at_s: float) -> None:
        """Withdraw the probes that may have met the connection that `first` half opened.

        The host does not answer those, until this system has refused the connection: that happens
        when the host's SYN-ACK or its acknowledgement arrives, at `received_at_s`.
        """
        self._withdraw(
            flight
            for flight in first.conversation.unanswered[:]
            if flight.request.ttl > first.conversation.expired_ttl
            and first.sent_at_s <= flight.sent_at_s <= received_at_s
        )

    def _withdraw(self, flights: Iterable[Flight]) -> None:
        """Let those of the probes that are in flight be sent again."""
        for flight in flights:
            if flight.state is State.IN_FLIGHT:
                self.land(flight, State.WITHDRAWN)
                self.has_withdrawn = True
                self._withdrawn.append(flight.request)

    def answered(self, flight: Flight, kind: ReplyKind, received_at_s: float) -> None:
        """Record the reply to a probe."""
        conversation = flight.conversation
        unanswered = conversation.unanswered
        # The reply to a withdrawn probe also settles the same request's second probe.
        for other in self._same_request(flight):
            self.land(other, State.ANSWERED)
            if other in unanswered:
                unanswered.remove(other)
        if kind is ReplyKind.TIME_EXCEEDED:
            conversation.expired_ttl = max(conversation.expired_ttl, flight.request.ttl)
        if kind is ReplyKind.SYN_ACK:
            self.half_open(flight, received_at_s)
        if kind is ReplyKind.UDP_ANSWER:
            conversation.served_at_s = max(conversation.served_at_s, flight.sent_at_s)
        self._learn_delay(received_at_s - flight.sent_at_s)

    def _learn_delay(self, delay_s: float) -> None:
        """Record that a reply took at least this long."""
        if 2 * delay_s > self._may_be_late_s:
            self._may_be_late_s = min(2 * delay_s, _LATEST_S)
