"""What every procedure is: asked for requests, told of outcomes, until it has no more to ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.model import Outcome, ProbeRequest


class Procedure(Protocol):
    """Decides what to probe; knows no socket, clock or file.

    `on_outcome` only records and `wanted` only derives from what is recorded, so the order in
    which answers arrive cannot change what is known in the end.
    """

    def wanted(self, room: int) -> list[ProbeRequest]:
        """All requests worth having in flight now and not yet returned, at most `room` of them."""

    def on_outcome(self, outcome: Outcome) -> None:
        """Take in one outcome of a returned request; a reply may follow the loss of the same."""

    def rate_pps(self, ttl: int) -> float | None:
        """The probes a second that `ttl` answers, where routers there limit their answers."""

    @property
    def finished(self) -> bool:
        """Whether every returned request has its outcome and there is nothing more to ask."""


@dataclass(frozen=True, slots=True)
class History:
    """All requests that procedures returned, in order, and the outcomes so far."""

    requests: list[ProbeRequest] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


class Chain:
    """One procedure after another; see Procedure. Each of `following` is made of what was learnt.

    What is still in flight when a procedure is finished is told to the next one.
    """

    def __init__(self, first: Procedure, *following: Callable[[History], Procedure]) -> None:
        self._current = first
        self._following = list(following)
        self._history = History()

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        requests = self._current.wanted(room)
        while not requests and self._current.finished and self._following:
            self._current = self._following.pop(0)(self._history)
            requests = self._current.wanted(room)
        self._history.requests.extend(requests)
        return requests

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        self._history.outcomes.append(outcome)
        self._current.on_outcome(outcome)

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        return self._current.rate_pps(ttl)

    @property
    def finished(self) -> bool:
        """See Procedure."""
        return not self._following and self._current.finished
