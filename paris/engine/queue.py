"""The queue of requests: decides which may leave now, and when the next may."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.engine.pacing import Pacing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.model import ProbeRequest
    from mda.procedure import Procedure
    from paris.engine.pending import Pending
    from paris.engine.waits import Waits

# Fraction of a router's reply rate that we use, so that almost nothing is lost.
_OF_LIMIT: Final = 0.85
# Replies may wait this long on this machine until they are read.
_SLACK_S: Final = 0.005


class _HeldBack(NamedTuple):
    """The requests to a TTL whose routers limit their reply rate; `pacing` counts their replies."""

    pacing: Pacing
    queue: deque[ProbeRequest]


# A dataclass would delay the first probe by half a millisecond.
class RequestQueue:
    """The requests that a procedure returned and that have not been sent.

    They leave in order, at the rate of `pacing`. Requests to a TTL whose routers limit their
    replies are held back to that rate, while other requests overtake them. First requests to a TTL
    whose latest replies are all overdue wait for a reply or a loss: it may have begun to limit its
    replies. With `in_turn`, each flow has one probe in flight at a time (see Conversations).
    Requests that the procedure abandons are dropped.

    The queue is true if requests wait that are not held back.
    """

    def __init__(
        self, procedure: Procedure, pending: Pending, pacing: Pacing, waits: Waits
    ) -> None:
        self.procedure = procedure
        self.pending = pending
        self.pacing = pacing
        self.waits = waits
        self._passing: deque[ProbeRequest] = deque()
        self._held: dict[int, _HeldBack] = {}  # by TTL
        self._quiet: dict[int, list[ProbeRequest]] = {}  # by TTL

    def __bool__(self) -> bool:
        return bool(self._passing)

    def extend(self, requests: Iterable[ProbeRequest]) -> None:
        """Append requests."""
        self._passing.extend(requests)

    def clear(self) -> None:
        """Drop all requests."""
        self._passing.clear()
        self._held.clear()
        self._quiet.clear()

    def discard(self, request: ProbeRequest) -> None:
        """Drop a request, if it waits here."""
        if request in self._passing:
            self._passing.remove(request)

    def take(self, most: int, now_s: float, *, in_turn: bool) -> list[ProbeRequest]:
        """Remove and return the requests that may leave at `now_s`, at most `most` of them."""
        self._wait_for_signs(now_s)
        self._hold_back(now_s)
        if not self._passing and not any(held.queue for held in self._held.values()):
            return []
        admitted = min(self.pacing.admits(now_s), most)
        taken: list[ProbeRequest] = []
        for held in self._held.values():
            room = min(held.pacing.admits(now_s), admitted - len(taken))
            ready = self._ready(held.queue, room, taken, now_s, in_turn=in_turn)
            held.pacing.spend(sum(map(self.procedure.cost, ready)))
            taken += ready
        taken += self._ready(self._passing, admitted - len(taken), taken, now_s, in_turn=in_turn)
        return taken

    def next_s(self, *, in_turn: bool) -> float:
        """When the next request may leave; infinite if none is waiting only for its time."""
        lines = [(self._passing, self.pacing)]
        lines += [(held.queue, held.pacing) for held in self._held.values()]
        return min(self._may_leave_s(*line, in_turn=in_turn) for line in lines)

    def _may_leave_s(self, queue: deque[ProbeRequest], pacing: Pacing, *, in_turn: bool) -> float:
        if not queue:
            return float("inf")
        at_s = max(pacing.next_s(), self.pacing.next_s())
        if not in_turn:
            return at_s
        return max(
            at_s, min(self.pending.conversations.free_at_s(request.flow) for request in queue)
        )

    def _wait_for_signs(self, now_s: float) -> None:
        """Set aside first requests to TTLs that have fallen quiet, until those are heard again."""
        ttls = {*self._quiet, *(request.ttl for request in self._passing if not request.attempt)}
        quiet = {
            ttl
            for ttl in ttls
            if self.pending.is_quiet(ttl, now_s - _SLACK_S - self.waits.due_s(ttl))
        }
        for ttl in self._quiet.keys() - quiet:
            self._passing.extendleft(reversed(self._quiet.pop(ttl)))
        if not quiet:
            return
        passing: deque[ProbeRequest] = deque()
        for request in self._passing:
            if request.attempt or request.ttl not in quiet:
                passing.append(request)
            else:
                self._quiet.setdefault(request.ttl, []).append(request)
        self._passing = passing

    def _hold_back(self, now_s: float) -> None:
        """Move the requests that limited routers may have to answer to the queues of their TTLs.

        Where what seemed to be a limit turned out to be something else, they pass again.
        """
        ttls = {*self._held, *(request.ttl for request in self._passing)}
        rates = {ttl: self.procedure.rate_pps(ttl) for ttl in ttls}
        for ttl in [ttl for ttl in self._held if rates[ttl] is None]:
            self._passing.extendleft(reversed(self._held.pop(ttl).queue))
        if not any(rates.values()):
            return
        passing: deque[ProbeRequest] = deque()
        for request in self._passing:
            rate_pps = rates[request.ttl]
            if rate_pps is None or not self.procedure.cost(request):
                passing.append(request)
                continue
            held = self._held.get(request.ttl)
            if held is None:
                held = self._held[request.ttl] = _HeldBack(Pacing(rate_pps, 1), deque())
                # The limit is known by its losses: nothing is left that could be answered at once.
                held.pacing.spend(held.pacing.admits(now_s))
            held.queue.append(request)
        self._passing = passing
        for ttl, held in self._held.items():
            if rate_pps := rates[ttl]:
                held.pacing.rate_pps = _OF_LIMIT * rate_pps

    def _ready(
        self,
        queue: deque[ProbeRequest],
        room: int,
        taken: Iterable[ProbeRequest],
        now_s: float,
        *,
        in_turn: bool,
    ) -> list[ProbeRequest]:
        """Remove and return up to `room` requests; those whose flow must wait stay queued."""
        conversations = self.pending.conversations
        busy = {conversations.of(request.flow) for request in taken} if in_turn else set()
        ready: list[ProbeRequest] = []
        waiting: list[ProbeRequest] = []
        while queue and len(ready) < room:
            request = queue.popleft()
            if self.procedure.abandons(request):
                continue
            if not in_turn:
                ready.append(request)
                continue
            conversation = conversations.of(request.flow)
            if conversation in busy or conversations.free_at_s(request.flow) > now_s:
                waiting.append(request)
            else:
                busy.add(conversation)
                ready.append(request)
        queue.extendleft(reversed(waiting))
        return ready
