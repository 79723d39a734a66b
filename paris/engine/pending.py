"""Probes in flight: hands out tags, matches replies to probes, declares losses.

The time is always an argument. A reply counts only if it quotes a probe of this run.
"""

from __future__ import annotations

from collections import defaultdict, deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from mda.model import Loss, Reply, ReplyKind, Unresolved
from paris.engine.flights import Flight, State, Stray, StrayReason
from paris.engine.untagged import Conversations
from paris.errors import WireError
from paris.packets import numbers, tags
from paris.packets.changes import Unchanged, fitting, shown_in, tags_of
from paris.packets.responders import address, can_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mda.model import IPAddress, ProbeRequest
    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.flows import Flows
    from paris.packets.plain import Plain
    from paris.packets.replies import ParsedReply

# So many probes in a row without a reply are unlikely where losses are independent and rare.
_SEVERAL: Final = 4


class Pending:
    """The probes of one run by tag; a tag is reused only after all others.

    Until then, a late reply still matches its probe: no other probe is kept that has its outcome.
    `own_tags` are the tags of this run, in turn. `conversations` matches replies without a tag.
    """

    def __init__(self, flows: Flows, own_tags: Iterator[int] | None = None) -> None:
        self._flows = flows
        self._version = flows.source.version
        self._tags = tags.in_turn() if own_tags is None else own_tags
        self._headers: dict[int, FlowHeaders] = {}
        self._unchanged: dict[int, Unchanged] = {}
        self._flights: dict[int, Flight] = {}
        # By TTL, in sending order; probes that are no longer in flight are skipped.
        self._order: defaultdict[int, deque[Flight]] = defaultdict(deque)
        self._added = 0  # probes
        # The addresses of plain replies, by their bytes; None for those that no reply comes from.
        self._responders: dict[bytes, IPAddress | None] = {}
        self.conversations = Conversations(flows, self._headers_of)

    @property
    def in_flight(self) -> int:
        """How many probes still wait for a reply."""
        return self.conversations.in_flight

    def reserve(self) -> int:
        """A tag that no probe in flight has. Raises WireError if all tags are in use."""
        for tag in islice(self._tags, tags.HIGHEST_TAG):
            flight = self._flights.get(tag)
            if flight is None or flight.state is not State.IN_FLIGHT:
                return tag
        raise WireError(f"all tags are in use: {self.in_flight} probes are in flight at once")

    def add(self, tag: int, request: ProbeRequest, sent_at_s: float, datagram: bytes = b"") -> None:
        """Count a probe as in flight; call this in the order in which probes are sent.

        Plain replies quote its `datagram`.
        """
        conversation = self.conversations.of(request.flow)
        flight = self._flights[tag] = Flight(
            self._added, tag, request, sent_at_s, conversation, datagram
        )
        self._added += 1
        self._order[request.ttl].append(flight)
        self.conversations.add(flight)

    def correct(self, number: int, sent_at_s: float) -> None:
        """Correct the send time of the probe that was added as `number` (from 0)."""
        flight = self.conversations.unresolved.get(number)
        if flight is not None and flight.state is State.IN_FLIGHT:
            flight.sent_at_s = sent_at_s

    def next_expiry_s(self, timeout_s: Callable[[int], float]) -> float:
        """When the next probe times out, by its TTL's timeout; infinite if none is in flight."""
        return min(
            (flight.sent_at_s + timeout_s(ttl) for ttl, flight in self._oldest()),
            default=float("inf"),
        )

    def expire(self, now_s: float, timeout_s: Callable[[int], float]) -> list[Loss]:
        """Declare lost the probes that have been in flight for their TTL's timeout."""
        losses = []
        while overdue := [
            flight for ttl, flight in self._oldest() if flight.sent_at_s + timeout_s(ttl) <= now_s
        ]:
            for flight in overdue:
                self.conversations.land(flight, State.LOST)
                losses.append(
                    Loss(request=flight.request, sent_at_s=flight.sent_at_s, gave_up_at_s=now_s)
                )
        return losses

    def is_quiet(self, ttl: int, since_s: float) -> bool:
        """Whether the latest probes to `ttl`, all sent until `since_s`, are all unanswered."""
        order = self._order.get(ttl)
        if order is None or len(order) < _SEVERAL or order[-1].sent_at_s > since_s:
            return False
        latest = islice(reversed(order), _SEVERAL)
        return all(flight.state is State.IN_FLIGHT for flight in latest)

    def unresolved(self) -> list[Unresolved]:
        """The requests with neither reply nor loss, in order of first sending, and when last sent.

        A request may have been sent again after it was withdrawn.
        """
        unresolved = self.conversations.unresolved.values()
        sent_at_s = {flight.request: flight.sent_at_s for flight in unresolved}
        return [Unresolved(*sent) for sent in sent_at_s.items()]

    def match_plain(self, plain: Plain, received_at_s: float) -> Reply | None:
        """The Reply of `plain` to a probe in flight that it quotes as sent; else see `match`."""
        flight = self._flights.get(plain.tag)
        if flight is None or not plain.quotes(flight.datagram):
            return None
        responder = self._responder(plain.responder)
        if responder is None:
            return None
        self.conversations.answered(flight, ReplyKind.TIME_EXCEEDED, received_at_s)
        return Reply(
            flight.request,
            ReplyKind.TIME_EXCEEDED,
            responder,
            min(flight.sent_at_s, received_at_s),
            received_at_s,
            numbers.TIME_EXCEEDED[self._version],
            numbers.IN_TRANSIT,
            plain.quoted_ttl,
            plain.reply_ttl,
            plain.reply_ip_id,
        )

    def _responder(self, packed: bytes) -> IPAddress | None:
        """The address of these bytes if a reply can come from it."""
        if packed not in self._responders:
            responder = address(packed)
            self._responders[packed] = responder if can_reply(responder, self._flows) else None
        return self._responders[packed]

    def match(self, parsed: ParsedReply, received_at_s: float) -> Reply | Stray:
        """The Reply of `parsed` to one of our probes, or why it does not count.

        A late reply may follow the Loss of its probe.
        """
        quoted = parsed.quoted
        flight = self._flights.get(quoted.carrier_tag)
        if flight is not None and self._unchanged_of(flight.request.flow).is_in(quoted):
            return self._reply(flight, parsed, received_at_s, ())
        if not tags_of(quoted):
            return self._match_untagged(parsed, received_at_s)
        found = fitting(parsed, self._flows, self._headers_of_tag)
        if not found and parsed.kind is ReplyKind.UDP_ANSWER:
            return self._match_untagged(parsed, received_at_s)  # its payload only looked like ours
        if not found:
            return Stray(StrayReason.NOT_OURS)
        changed, tag = found[0]
        if len(found) > 1 and len(found[1][0]) == len(changed):
            return Stray(StrayReason.AMBIGUOUS)
        return self._reply(self._flights[tag], parsed, received_at_s, changed)

    def _reply(
        self,
        flight: Flight,
        parsed: ParsedReply,
        received_at_s: float,
        changed: tuple[str, ...],
    ) -> Reply | Stray:
        """The reply to a probe that its tag names, unless it is not the first."""
        if parsed.is_challenge:
            if flight.state in (State.IN_FLIGHT, State.LOST):
                self.conversations.half_open(flight, received_at_s)
            return Stray(StrayReason.HALF_OPEN)
        if flight.state is State.ANSWERED:
            return Stray(StrayReason.DUPLICATE)
        return self._answered(flight, parsed, received_at_s, changed)

    def _match_untagged(self, parsed: ParsedReply, received_at_s: float) -> Reply | Stray:
        found = self.conversations.match(parsed, received_at_s)
        if isinstance(found, Stray):
            return found
        return self._answered(found, parsed, received_at_s, ())

    def _answered(
        self,
        flight: Flight,
        parsed: ParsedReply,
        received_at_s: float,
        changed: tuple[str, ...],
    ) -> Reply | Stray:
        if not can_reply(parsed.responder, self._flows):
            is_own = parsed.responder in self._flows.own_addresses
            return Stray(StrayReason.OWN_ADDRESS if is_own else StrayReason.NO_RESPONDER)
        self.conversations.answered(flight, parsed.kind, received_at_s)
        return Reply(
            request=flight.request,
            kind=parsed.kind,
            responder=parsed.responder,
            # The send times of a batch are estimates, but no reply precedes its probe.
            sent_at_s=min(flight.sent_at_s, received_at_s),
            received_at_s=received_at_s,
            icmp_type=parsed.icmp_type,
            icmp_code=parsed.icmp_code,
            quoted_ttl=parsed.quoted_ttl,
            reply_ttl=parsed.reply_ttl,
            reply_ip_id=parsed.reply_ip_id,
            mpls=parsed.mpls,
            interfaces=parsed.interfaces,
            unread=parsed.unread,
            in_tunnel=parsed.in_tunnel,
            mtu=parsed.mtu,
            changed=changed,
            shown=shown_in(parsed.quoted, changed),
        )

    def _oldest(self) -> Iterator[tuple[int, Flight]]:
        """The TTLs with probes in flight, each with its oldest probe."""
        for ttl, order in list(self._order.items()):
            while order and order[0].state is not State.IN_FLIGHT:
                order.popleft()
            if order:
                yield ttl, order[0]
            else:
                del self._order[ttl]

    def _headers_of_tag(self, tag: int) -> FlowHeaders | None:
        flight = self._flights.get(tag)
        return None if flight is None else self._headers_of(flight.request.flow)

    def _unchanged_of(self, flow: int) -> Unchanged:
        unchanged = self._unchanged.get(flow)
        if unchanged is None:
            unchanged = self._unchanged[flow] = Unchanged.of(self._headers_of(flow), self._flows)
        return unchanged

    def _headers_of(self, flow: int) -> FlowHeaders:
        headers = self._headers.get(flow)
        if headers is None:
            headers = self._headers[flow] = self._flows.headers(flow)
        return headers
