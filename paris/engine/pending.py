"""Probes in flight: tags given out, answers matched to them, losses declared.

The time is always an argument. An answer counts only if what it quotes is a probe of this run.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from mda.model import Loss, Reply, ReplyKind, Unresolved
from paris.errors import WireError
from paris.packets import tags
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mda.model import ProbeRequest
    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.flows import Flows
    from paris.packets.quotes import QuotedProbe
    from paris.packets.replies import ParsedReply

# Answers may be late, and UDP services answer more than once: for so long after it left, or twice
# as long as an answer took, any answer that names only its flow may be to a probe.
_MAY_BE_LATE_S: Final = 1.0
_LATEST_S: Final = 10.0  # whatever an answer seems to have taken


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
    WITHDRAWN = "withdrawn"
    ANSWERED = "answered"


@dataclass(slots=True, eq=False)
class Conversation:
    """The probes between the same ports of the same hosts: all that an answer without a tag names.

    `unanswered` are as sent, `in_flight` counts those of them that are waited for. `served_at_s` is
    when the last probe left that a UDP service answered: it may do so again.
    """

    in_flight: int = 0
    unanswered: list[_Flight] = field(default_factory=list)
    served_at_s: float = float("-inf")

    def last_sent_s(self) -> float:
        """When the last probe left that may yet be answered."""
        unanswered = self.unanswered[-1:]
        return max([self.served_at_s, *(flight.sent_at_s for flight in unanswered)])


@dataclass(slots=True, eq=False)
class _Flight:
    tag: int
    request: ProbeRequest
    sent_at_s: float
    conversation: Conversation
    state: _State = _State.IN_FLIGHT


# Addresses, protocol, ports; for ICMP identifier and checksum.
_Name = tuple[bytes, bytes, int, int | None, int | None, int | None, int | None]


class Pending:
    """The probes of one run by tag; a tag is used again only after all others.

    Until then a late answer is still matched to its probe. `first_tag` is where tags begin.
    `one_at_a_time` says that answers have come without a tag: from now on each conversation may
    have only one probe in flight, to which such an answer then is.
    """

    def __init__(self, flows: Flows, first_tag: int = tags.FIRST_TAG) -> None:
        self._flows = flows
        self._version = flows.source.version
        self._highest = min(tags.TAG_FIELD[protocol].highest for protocol in flows.protocols)
        self._next_tag = first_tag
        self._headers: dict[int, FlowHeaders] = {}
        self._flights: dict[int, _Flight] = {}
        # By TTL, as sent; the answered ones are passed over.
        self._order: defaultdict[int, deque[_Flight]] = defaultdict(deque)
        self._all: list[_Flight] = []  # as sent
        self._conversations: dict[_Name, Conversation] = {}
        self._conversation_of: dict[int, Conversation] = {}  # by flow
        self._may_be_late_s = _MAY_BE_LATE_S
        self._withdrawn: list[ProbeRequest] = []
        self.in_flight = 0
        self.one_at_a_time = False

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
        conversation = self.conversation(request.flow)
        flight = self._flights[tag] = _Flight(tag, request, sent_at_s, conversation)
        self._order[request.ttl].append(flight)
        self._all.append(flight)
        conversation.unanswered.append(flight)
        conversation.in_flight += 1
        self.in_flight += 1

    def conversation(self, flow: int) -> Conversation:
        """The conversation of a flow; flows that differ in nothing that it names share it."""
        conversation = self._conversation_of.get(flow)
        if conversation is None:
            headers = self._headers_of(flow)
            name = (
                headers.source.packed,
                headers.destination.packed,
                headers.protocol.number(self._version),
                headers.sport,
                headers.dport,
                self._flows.sport if headers.protocol is Protocol.ICMP else None,
                headers.icmp_checksum,
            )
            conversation = self._conversations.setdefault(name, Conversation())
            self._conversation_of[flow] = conversation
        return conversation

    def free_at_s(self, flow: int) -> float:
        """From when an answer without a tag could be to none but the next probe of this flow.

        Infinite while a probe of its conversation is in flight: it may be answered at any time.
        """
        conversation = self.conversation(flow)
        if conversation.in_flight:
            return float("inf")
        return conversation.last_sent_s() + self._may_be_late_s if self.one_at_a_time else 0.0

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
        """The requests that have neither answer nor loss, as first sent, and when sent last."""
        known = {one.request for one in self._all if one.state in (_State.ANSWERED, _State.LOST)}
        sent_at_s = {one.request: one.sent_at_s for one in self._all if one.request not in known}
        return [Unresolved(*sent) for sent in sent_at_s.items()]

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
        if not fitting and parsed.kind is ReplyKind.UDP_ANSWER:
            return self._match_untagged(parsed, received_at_s)  # its bytes are its own after all
        if not fitting:
            return Stray(StrayReason.NOT_OURS)
        changed, flight = fitting[0]
        if len(fitting) > 1 and len(fitting[1][0]) == len(changed):
            return Stray(StrayReason.AMBIGUOUS)
        if flight.state is _State.ANSWERED:
            return Stray(StrayReason.DUPLICATE)
        return self._answered(flight, parsed, received_at_s, changed)

    def _match_untagged(self, parsed: ParsedReply, received_at_s: float) -> Reply | Stray:
        """The reply that `parsed` is if its conversation has but one probe that it can be to.

        Where it has more, those in flight are withdrawn.
        """
        quoted = parsed.quoted
        conversation = self._conversations.get(
            (
                quoted.source,
                quoted.destination,
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
            return self._answered(able[0], parsed, received_at_s, ())
        for flight in able:
            if flight.state is _State.IN_FLIGHT:
                self._land(flight, _State.WITHDRAWN)
                self._withdrawn.append(flight.request)
        return Stray(StrayReason.AMBIGUOUS)

    def _learn_delay(self, delay_s: float) -> None:
        """Take in that an answer took at least so long."""
        self._may_be_late_s = max(self._may_be_late_s, min(2 * delay_s, _LATEST_S))

    def _land(self, flight: _Flight, state: _State) -> None:
        if flight.state is _State.IN_FLIGHT:
            self.in_flight -= 1
            flight.conversation.in_flight -= 1
        flight.state = state

    def _answered(
        self,
        flight: _Flight,
        parsed: ParsedReply,
        received_at_s: float,
        changed: tuple[str, ...],
    ) -> Reply:
        conversation = flight.conversation
        # One that was withdrawn and asked anew has been answered after all.
        for one in conversation.unanswered[:] if self.one_at_a_time else (flight,):
            if one.request == flight.request:
                self._land(one, _State.ANSWERED)
                conversation.unanswered.remove(one)
        if parsed.kind is ReplyKind.UDP_ANSWER:
            conversation.served_at_s = max(conversation.served_at_s, flight.sent_at_s)
        self._learn_delay(received_at_s - flight.sent_at_s)
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
            headers = self._headers[flow] = self._flows.headers(flow)
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
            ("identifier", quoted.identifier, self._flows.sport),
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


_UNQUOTED = frozenset(
    {ReplyKind.ECHO_REPLY, ReplyKind.SYN_ACK, ReplyKind.RST, ReplyKind.UDP_ANSWER}
)
