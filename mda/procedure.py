"""What a procedure is: it returns requests and takes in outcomes until nothing is left to ask."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.model import Outcome, ProbeRequest


class Procedure(Protocol):
    """Decides what to probe; knows no socket, clock or file.

    `on_outcome` only records, and `wanted` only derives from what is recorded. So the order in
    which replies arrive cannot change what is known at the end.
    """

    def wanted(self, room: int) -> list[ProbeRequest]:
        """All requests worth having in flight now and not yet returned, at most `room` of them.

        `room` is at least 1. If none is returned, and every earlier request has its outcome, the
        procedure is finished: nothing else could ever happen to it.
        """

    def wanted_in_silence(self) -> list[ProbeRequest]:
        """Further requests, worth having in flight because no outcome has come for a while."""
        return []

    def on_outcome(self, outcome: Outcome) -> None:
        """Take in one outcome of a returned request; a reply may follow the loss of a probe."""

    def on_other(self, outcome: Outcome) -> None:
        """Learn the outcome of a probe of another procedure that runs at the same time.

        Its flow number is none of this procedure's. Routers limit their replies to both.
        """
        return

    def on_withheld(self, request: ProbeRequest, *, is_new: bool) -> bool:
        """Learn that this system refused to send a returned request: it gets no outcome.

        `is_new` says that no probe of its flow has left yet. Returns whether another flow takes the
        place of this one, of which then no probe may leave.
        """
        return False

    def on_refusal(self, reason: str, at_s: float) -> bool:
        """Learn why, and when, this system refuses to send; `on_withheld` says what.

        Returns whether to go on where it may send nothing any more, which ends a run otherwise.
        """
        return False

    def rate_pps(self, ttl: int) -> float | None:
        """How many replies per second to ask for at `ttl`, whose routers have or may have a limit.

        Somewhat fewer than they send, so that almost nothing is lost. None where there is no limit.
        """

    def cost(self, request: ProbeRequest) -> float:
        """How many of these replies a request is expected to take; 0 if it need not wait for any.

        Where a limit is only suspected, new flows need not: they show whether there is one.
        """
        return 1.0

    @property
    def finished(self) -> bool:
        """Whether no request will follow, and every one has its outcome or is not awaited."""

    def abandons(self, request: ProbeRequest) -> bool:
        """Whether a returned request has become pointless: it is not sent and gets no outcome."""
        return False

    def silent_since_s(self) -> dict[int, float]:
        """By TTL with a believed silence, when the first probe that shows it was sent, in seconds.

        Of several silences at a TTL, the latest. A late reply may still take a silence back.
        """
        return {}

    def silent_ends(self) -> set[int]:
        """The TTLs of `silent_since_s` where a flow was silent and got no answer behind it."""
        return set()

    def goes_on(self) -> bool:
        """Whether the procedure begins something else, after it finished and late replies came.

        If so, it is no longer finished.
        """
        return False

    @property
    def is_recorded(self) -> bool:
        """Whether outcomes belong to the record; a procedure without end keeps its own account.

        Once this is false, it stays false.
        """
        return True

    @property
    def resumes_s(self) -> float:
        """Until when there is nothing to ask, in seconds on the wire's clock."""
        return -inf


# A dataclass would delay the first probe by half a millisecond.
class History:
    """All requests that procedures returned, in order, and the outcomes so far."""

    def __init__(self) -> None:
        self.requests: list[ProbeRequest] = []
        self.outcomes: list[Outcome] = []


class Chain:
    """One procedure after another; see Procedure.

    Each of `following` makes the next procedure from the history of those before. The next
    procedure also gets the outcomes of probes that were in flight when the last one finished.
    """

    def __init__(self, first: Procedure, *following: Callable[[History], Procedure]) -> None:
        self._current = first
        self._following = list(following)
        self._history = History()

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        requests = self._current.wanted(room)
        self._note(requests)
        return requests

    def wanted_in_silence(self) -> list[ProbeRequest]:
        """See Procedure."""
        requests = self._current.wanted_in_silence()
        self._note(requests)
        return requests

    def _note(self, requests: list[ProbeRequest]) -> None:
        """Keep these requests, if another procedure will ask for them."""
        if self._following:
            self._history.requests.extend(requests)

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        if self._following:
            self._history.outcomes.append(outcome)
        self._current.on_outcome(outcome)

    def on_other(self, outcome: Outcome) -> None:
        """See Procedure."""
        self._current.on_other(outcome)

    def on_withheld(self, request: ProbeRequest, *, is_new: bool) -> bool:
        """See Procedure."""
        return self._current.on_withheld(request, is_new=is_new)

    def on_refusal(self, reason: str, at_s: float) -> bool:
        """See Procedure."""
        return self._current.on_refusal(reason, at_s)

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        return self._current.rate_pps(ttl)

    def cost(self, request: ProbeRequest) -> float:
        """See Procedure."""
        return self._current.cost(request)

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

    def silent_ends(self) -> set[int]:
        """See Procedure."""
        return self._current.silent_ends()

    def goes_on(self) -> bool:
        """See Procedure."""
        if self._current.goes_on():
            return True
        if not self._following:
            return False
        self._current = self._following.pop(0)(self._history)
        if not self._following:
            self._history = History()  # nobody continues from it
        return True

    @property
    def is_recorded(self) -> bool:
        """See Procedure."""
        return self._current.is_recorded

    @property
    def resumes_s(self) -> float:
        """See Procedure."""
        return self._current.resumes_s
