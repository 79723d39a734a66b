"""A probe on its way, the probes that it may be mistaken for, and answers that are not counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mda.model import ProbeRequest


class StrayReason(Enum):
    """Why a well-formed answer is not counted."""

    NOT_OURS = "answers no probe of this run"
    DUPLICATE = "a second answer to one probe"
    AMBIGUOUS = "names two probes of this run"


@dataclass(frozen=True, slots=True)
class Stray:
    """An answer that is not counted, and why."""

    reason: StrayReason


class State(Enum):
    """What became of a probe so far; withdrawn ones cannot be told apart by their answers."""

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
    unanswered: list[Flight] = field(default_factory=list)
    served_at_s: float = float("-inf")

    def last_sent_s(self) -> float:
        """When the last probe left that may yet be answered."""
        unanswered = self.unanswered[-1:]
        return max([self.served_at_s, *(flight.sent_at_s for flight in unanswered)])


@dataclass(slots=True, eq=False)
class Flight:
    """One probe that was sent, and what became of it."""

    tag: int
    request: ProbeRequest
    sent_at_s: float
    conversation: Conversation
    state: State = State.IN_FLIGHT
