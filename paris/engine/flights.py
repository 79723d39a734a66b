"""A probe in flight, the probes it can be confused with, and replies that do not count."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from mda.model import FROM_OURSELVES

if TYPE_CHECKING:
    from mda.model import ProbeRequest


class StrayReason(Enum):
    """Why a well-formed reply does not count."""

    NOT_OURS = "answers no probe of this run"
    DUPLICATE = "a second answer to one probe"
    AMBIGUOUS = "names two probes of this run"
    HALF_OPEN = "acknowledges the connection that an earlier probe half opened"
    OWN_ADDRESS = FROM_OURSELVES
    NO_RESPONDER = "comes from an address that no router can have"


class Stray(NamedTuple):
    """A reply that does not count, and why."""

    reason: StrayReason


class State(Enum):
    """The state of a probe; it is withdrawn if no reply can tell whether it arrived."""

    IN_FLIGHT = "in flight"
    LOST = "lost"
    WITHDRAWN = "withdrawn"
    ANSWERED = "answered"


# Dataclasses would delay the first probe, each by half a millisecond.
class Conversation:
    """The probes between the same ports of the same hosts; a reply without a tag names only those.

    `unanswered` is in sending order; `in_flight` counts its probes that still wait for a reply.
    `served_at_s` is when the last probe left that a UDP service answered; it may answer again.
    No probe to `expired_ttl` or nearer reached the destination: a router let one expire there.
    """

    __slots__ = ("expired_ttl", "in_flight", "served_at_s", "unanswered")

    def __init__(self) -> None:
        self.in_flight = 0
        self.expired_ttl = 0
        self.unanswered: list[Flight] = []
        self.served_at_s = float("-inf")

    def last_sent_s(self) -> float:
        """When the last probe left that may still get a reply."""
        unanswered = self.unanswered[-1:]
        return max([self.served_at_s, *(flight.sent_at_s for flight in unanswered)])


class Flight:
    """A probe that was sent, and its state; `number` counts the probes of the run, from 0.

    `datagram` is the probe while it is in flight, and empty afterwards.
    """

    __slots__ = ("conversation", "datagram", "number", "request", "sent_at_s", "state", "tag")

    def __init__(
        self,
        number: int,
        tag: int,
        request: ProbeRequest,
        sent_at_s: float,
        conversation: Conversation,
        datagram: bytes,
    ) -> None:
        self.number = number
        self.tag = tag
        self.request = request
        self.sent_at_s = sent_at_s
        self.conversation = conversation
        self.datagram = datagram
        self.state = State.IN_FLIGHT
