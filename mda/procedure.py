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
        """All requests worth having in flight now and not yet returned, at most `room` of them.

        There is room for one at least. If none is returned and every one returned before has its
        outcome, the procedure is finished: nothing else could ever happen to it.
        """

    def on_outcome(self, outcome: Outcome) -> None:
        """Take in one outcome of a returned request; a reply may follow the loss of the same."""

    def rate_pps(self, ttl: int) -> float | None:
        """The probes a second that `ttl` answers, where routers there limit their answers."""

    @property
    def finished(self) -> bool:
        """Whether every returned request has its outcome, or is abandoned, and that is all."""

    def abandons(self, request: ProbeRequest) -> bool:
        """Whether a returned request is not wanted any more; if so it is not sent: no outcome."""
        return False

    def silent_since_s(self) -> dict[int, float]:
        """The TTLs with a silence that is believed in: when the first probe it rests on was sent.

        Of several silences at a TTL the latest. An answer may still come and take one back.
        """
        return {}

    def goes_on(self) -> bool:
        """Whether something else begins, now that it is finished and late answers had their time.

        If so, it is no longer finished.
        """
        return False


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
        return self._current.finished

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure."""
        return self._current.abandons(request)

    def silent_since_s(self) -> dict[int, float]:
        """See Procedure."""
        return self._current.silent_since_s()

    def goes_on(self) -> bool:
        """See Procedure."""
        if not self._following:
            return False
        self._current = self._following.pop(0)(self._history)
        return True
