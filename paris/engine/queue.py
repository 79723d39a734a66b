"""The queue of requests: decides which may leave now, and when the next may."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.engine.pacing import Pacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mda.model import ProbeRequest
    from mda.procedure import Procedure
    from paris.engine.pending import Pending
    from paris.engine.spacing import Lane
    from paris.engine.waits import Waits

# Replies may wait this long on this machine until they are read.
_SLACK_S: Final = 0.005


class _Line:
    """Waiting requests, in order, and how many there are to each TTL."""

    def __init__(self) -> None:
        self._requests: deque[ProbeRequest] = deque()
        # By TTL, and whether it is repeated; a number that has become 0 stays.
        self._numbers: Counter[tuple[int, bool]] = Counter()

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[ProbeRequest]:
        return iter(self._requests)

    def ttls(self, *, only_first: bool = False) -> set[int]:
        """The TTLs of the requests, or of the first requests for a flow at a TTL."""
        if not self._requests:
            return set()
        return {
            ttl
            for (ttl, is_repeated), number in self._numbers.items()
            if number and not (only_first and is_repeated)
        }

    def extend(self, requests: Iterable[ProbeRequest]) -> None:
        """Append requests."""
        for request in requests:
            self._numbers[request.ttl, request.attempt > 0] += 1
            self._requests.append(request)

    def put_back(self, requests: Sequence[ProbeRequest]) -> None:
        """Insert requests before all others."""
        self._numbers.update((request.ttl, request.attempt > 0) for request in requests)
        self._requests.extendleft(reversed(requests))

    def pop(self) -> ProbeRequest:
        """Remove and return the first request."""
        request = self._requests.popleft()
        self._numbers[request.ttl, request.attempt > 0] -= 1
        return request

    def discard(self, request: ProbeRequest) -> None:
        """Remove a request, if it is here."""
        if request in self._requests:
            self._requests.remove(request)
            self._numbers[request.ttl, request.attempt > 0] -= 1

    def take(self, leaves: Callable[[ProbeRequest], bool]) -> list[ProbeRequest]:
        """Remove and return the requests that leave, in order."""
        taken: list[ProbeRequest] = []
        for _ in range(len(self)):
            request = self.pop()
            if leaves(request):
                taken.append(request)
            else:
                self.extend((request,))
        return taken


class _HeldBack(NamedTuple):
    """The requests to a TTL whose routers limit their reply rate; `pacing` counts their replies."""

    pacing: Pacing
    line: _Line


# A dataclass would delay the first probe by half a millisecond.
class RequestQueue:
    """The requests that a procedure returned and that have not been sent.

    They leave in order, at the rate of `pacing`. Requests to a TTL whose routers limit their
    replies are held back to that rate, while other requests overtake them. First requests to a TTL
    whose latest replies are all overdue wait for a reply or a loss: it may have begun to limit its
    replies. With `in_turn`, each flow has one probe in flight at a time (see Conversations).
    Requests that the procedure abandons are dropped; `abandoned` counts them. Before all this, each
    request waits until `spacing`, if given, lets it leave.
    """

    def __init__(
        self,
        procedure: Procedure,
        pending: Pending,
        pacing: Pacing,
        waits: Waits,
        spacing: Lane | None = None,
    ) -> None:
        self.procedure = procedure
        self.pending = pending
        self.pacing = pacing
        self.waits = waits
        self.abandoned = 0
        self._spacing = spacing
        self._order = count()
        self._spaced: list[tuple[float, int, ProbeRequest, bool]] = []  # see _space
        self._passing = _Line()
        self._held: dict[int, _HeldBack] = {}  # by TTL
        self._quiet: dict[int, list[ProbeRequest]] = {}  # by TTL
        self._sent_at_s: dict[int, float] = {}  # when the latest probe left, by TTL

    def extend(self, requests: Iterable[ProbeRequest], now_s: float) -> None:
        """Append requests."""
        if self._spacing is None:
            self._passing.extend(requests)
            return
        for request in requests:
            self._space(self._spacing.own_turn_s(request, now_s), request, has_turn=False)

    def _space(self, until_s: float, request: ProbeRequest, *, has_turn: bool) -> None:
        """Let a request wait: for its turn at the destination, then for that at its router."""
        heapq.heappush(self._spaced, (until_s, next(self._order), request, has_turn))

    def _pass_spaced(self, now_s: float) -> None:
        if self._spacing is None:
            return
        while self._spaced:
            at_s, _, request, has_turn = self._spaced[0]
            # What has become pointless would otherwise wake the engine at its turn.
            is_abandoned = self.procedure.abandons(request)
            if not is_abandoned and at_s > now_s:
                return
            heapq.heappop(self._spaced)
            if is_abandoned:
                self.abandoned += 1
                continue
            until_s = now_s if has_turn else self._spacing.turn_s(request, now_s)
            if until_s > now_s:
                self._space(until_s, request, has_turn=True)
            else:
                self._passing.extend((request,))

    def clear(self) -> None:
        """Drop all requests."""
        self._spaced = []
        self._passing = _Line()
        self._held.clear()
        self._quiet.clear()

    def discard(self, request: ProbeRequest) -> None:
        """Drop a request, if it waits here."""
        self._passing.discard(request)
        if any(spaced[2] == request for spaced in self._spaced):
            self._spaced = [spaced for spaced in self._spaced if spaced[2] != request]
            heapq.heapify(self._spaced)

    def take(self, most: int, now_s: float, *, in_turn: bool) -> list[ProbeRequest]:
        """Remove and return the requests that may leave at `now_s`, at most `most` of them."""
        self._pass_spaced(now_s)
        self._wait_for_signs(now_s)
        self._hold_back(now_s)
        waiting = self._waiting
        if not waiting:
            return []
        admitted = min(self.pacing.admits(now_s, waiting), most)
        taken: list[ProbeRequest] = []
        for held in self._held.values():
            room = min(held.pacing.admits(now_s), admitted - len(taken))
            ready = self._ready(held.line, room, taken, now_s, in_turn=in_turn)
            held.pacing.spend(sum(map(self.procedure.cost, ready)))
            taken += ready
        taken += self._ready(self._passing, admitted - len(taken), taken, now_s, in_turn=in_turn)
        self._sent_at_s.update((request.ttl, now_s) for request in taken)
        return taken

    def may_leave_soon(self, now_s: float, *, in_turn: bool) -> bool:
        """Whether any request waits only for its time, and neither for a limit nor its flow."""
        if self._spaced and self._spaced[0][0] <= now_s:
            return True
        if not in_turn:
            return bool(self._passing)
        free_at_s = self.pending.conversations.free_at_s
        return any(free_at_s(request.flow) <= now_s for request in self._passing)

    @property
    def _waiting(self) -> int:
        """How many requests wait, if only for their time."""
        return len(self._passing) + sum(len(held.line) for held in self._held.values())

    def next_s(self, *, in_turn: bool) -> float:
        """When the next request may leave; infinite if none is waiting only for its time."""
        lines = [(self._passing, self.pacing)]
        lines += [(held.line, held.pacing) for held in self._held.values()]
        next_s = min(self._may_leave_s(*line, in_turn=in_turn) for line in lines)
        if self._spaced:
            next_s = min(next_s, max(self._spaced[0][0], self.pacing.next_s(self._waiting)))
        return next_s

    def _may_leave_s(self, line: _Line, pacing: Pacing, *, in_turn: bool) -> float:
        if not line:
            return float("inf")
        at_s = max(pacing.next_s(), self.pacing.next_s(self._waiting))
        if not in_turn:
            return at_s
        return max(
            at_s, min(self.pending.conversations.free_at_s(request.flow) for request in line)
        )

    def _wait_for_signs(self, now_s: float) -> None:
        """Set aside first requests to TTLs that have fallen quiet, until those are heard again."""
        if not (self._passing or self._quiet):
            return
        quiet = {
            ttl
            for ttl in self._quiet.keys() | self._passing.ttls(only_first=True)
            if self.pending.is_quiet(ttl, now_s - _SLACK_S - self.waits.due_s(ttl))
        }
        for ttl in self._quiet.keys() - quiet:
            self._passing.put_back(self._quiet.pop(ttl))
        if quiet:
            for request in self._passing.take(
                lambda request: not request.attempt and request.ttl in quiet
            ):
                self._quiet.setdefault(request.ttl, []).append(request)

    def _hold_back(self, now_s: float) -> None:
        """Move the requests that limited routers may have to answer to the queues of their TTLs.

        Where what seemed to be a limit turned out to be something else, they pass again.
        """
        if not (self._passing or self._held):
            return
        ttls = self._held.keys() | self._passing.ttls()
        rates = {ttl: self.procedure.rate_pps(ttl) for ttl in ttls}
        for ttl in [ttl for ttl in self._held if rates[ttl] is None]:
            self._passing.put_back([*self._held.pop(ttl).line])
        limited = {ttl: rate_pps for ttl, rate_pps in rates.items() if rate_pps is not None}
        if not limited:
            return
        for request in self._passing.take(
            lambda request: request.ttl in limited and self.procedure.cost(request) > 0
        ):
            held = self._held.get(request.ttl)
            if held is None:
                held = _HeldBack(Pacing(limited[request.ttl], 1), _Line())
                self._held[request.ttl] = held
                # The limit is known by its losses: it had no reply left for the latest probe.
                held.pacing.empty(self._sent_at_s.get(request.ttl, now_s))
            held.line.extend((request,))
        for ttl, held in self._held.items():
            if rate_pps := rates[ttl]:
                held.pacing.change_rate(rate_pps)

    def _ready(
        self,
        line: _Line,
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
        while line and len(ready) < room:
            request = line.pop()
            if self.procedure.abandons(request):
                self.abandoned += 1
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
        line.put_back(waiting)
        return ready
