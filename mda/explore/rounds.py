"""Procedures that ask in rounds; each round is derived from the outcomes of those before it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from mda.answers.table import tabulate
from mda.explore.wave import Sent
from mda.procedure import Procedure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import Outcome, ProbeRequest
    from mda.procedure import History


class Rounds(Procedure, ABC):
    """See Procedure; for procedures that continue from the `history` of others.

    `outcomes` are all outcomes so far, and `sent` has all requests.
    """

    def __init__(self, history: History, attempts: int) -> None:
        self.outcomes = list(history.outcomes)
        self.sent = Sent()
        self.sent.add(history.requests)
        self.sent.settle_all()  # requests of earlier procedures are not waited for
        self._table = tabulate(self.outcomes, attempts)
        self._queue: deque[ProbeRequest] = deque()
        self._is_done = False

    @abstractmethod
    def next_round(self) -> Sequence[ProbeRequest]:
        """The requests of the next round, now that nothing is in flight; empty at the end."""

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        if not self._queue and not self.sent.is_flying and not self._is_done:
            self._queue.extend(self.next_round())
            self._is_done = not self._queue
        requests = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        self.sent.add(requests)
        return requests

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        self.outcomes.append(outcome)
        self._table.add(outcome)
        self.sent.settle(outcome.request)

    def on_withheld(self, request: ProbeRequest, *, is_new: bool) -> bool:
        """See Procedure."""
        self.sent.settle(request)
        return False

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure."""
        is_beyond = self._table.is_beyond_end(request.flow, request.ttl)
        if is_beyond:
            self.sent.settle(request)
        return is_beyond

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        return self._table.rate_pps(ttl)

    def cost(self, request: ProbeRequest) -> float:
        """See Procedure."""
        return self._table.limits(request.ttl).cost(request)

    @property
    def finished(self) -> bool:
        """See Procedure."""
        return self._is_done
