"""The path of one flow: plain Paris traceroute, with every hop probed in the same round trip."""

from __future__ import annotations

from collections import Counter
from math import inf
from typing import TYPE_CHECKING, Final

from mda.answers.rate_limits import USUAL_ASKED_PPS
from mda.answers.table import FlowTable
from mda.model import Loss, ProbeRequest
from mda.procedure import Procedure

if TYPE_CHECKING:
    from mda.answers.contradictions import Doubt
    from mda.model import Outcome

_LOOK_BEHIND: Final = 2  # TTLs behind a refusal: a router may refuse at its own TTL, or one later


class SingleFlow(Procedure):
    """Sends `queries` probes of flow 0 at every TTL from `first_ttl` to `max_ttl`.

    TTLs beyond the first that is known to end the path are no longer probed. Two TTLs behind a
    refusal are, because a reply from there shows that packets pass it. Where no end is known, the
    last TTL gets one more probe, after a second: these probes, or those of a trace before this one,
    may have used up all that a destination replies at once.

    With `most`, no more probes than that are sent, and each lost one once more within them.
    """

    def __init__(
        self, *, first_ttl: int, max_ttl: int, queries: int, most: int | None = None
    ) -> None:
        self._table = FlowTable(queries)
        # TTLs inside attempts, so that each router's probes are spread out.
        self._waiting = [
            ProbeRequest(0, ttl, attempt)
            for attempt in range(queries)
            for ttl in range(first_ttl, max_ttl + 1)
        ]
        self._flying: set[ProbeRequest] = set()
        self._doubts: list[Doubt] = []
        self._end: float | None = None  # see _last_ttl
        self._made = Counter(request.ttl for request in self._waiting)
        self._last = ProbeRequest(0, max_ttl, queries)  # sent after a second
        self._is_last_asked = False
        self._left = inf if most is None else most  # how many more probes may be sent
        self._repeats_lost = most is not None
        self._queries = queries

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        self._ask_in_doubt()
        ready = [
            request
            for request in self._waiting
            if self._is_due(request) and not self._is_beyond(request)
        ][: int(min(room, self._left))]
        self._flying.update(ready)
        self._waiting = [request for request in self._waiting if request not in self._flying]
        may_ask_last = self._left and not (self._is_last_asked or self._table.ended)
        if may_ask_last and not (ready or self._waiting):
            self._is_last_asked = True
            self._flying.add(self._last)
            self._made[self._last.ttl] += 1
            ready = [self._last]
        self._left -= len(ready)
        return ready

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        self._flying.discard(outcome.request)
        self._table.add(outcome)
        self._end = None
        if isinstance(outcome, Loss) and self._repeats_lost:
            self._repeat(outcome.request.ttl)

    def on_withheld(self, request: ProbeRequest, *, is_new: bool) -> bool:
        """See Procedure."""
        self._flying.discard(request)
        self._is_last_asked |= is_new  # what has never left has used up no replies
        return False

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        if self._last in self._flying and ttl == self._last.ttl:
            return USUAL_ASKED_PPS
        is_doubted = any(doubt.near == ttl for doubt in self._doubts)
        return None if is_doubted else self._table.rate_pps(ttl)

    @property
    def finished(self) -> bool:
        """See Procedure; probes in flight beyond the path's end are not waited for."""
        waiting = self._waiting if self._left else []
        return all(self._is_beyond(request) for request in (*waiting, *self._flying))

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure; the request waits, in case that the path goes on."""
        if not self._is_beyond(request):
            return False
        self._flying.discard(request)
        self._waiting.append(request)
        self._left += 1
        return True

    def _is_due(self, request: ProbeRequest) -> bool:
        """Whether a request that is worth sending may be sent now."""
        return True

    def _is_beyond(self, request: ProbeRequest) -> bool:
        """Whether a request is not worth sending, given what is known now."""
        is_for_end = request == self._last and bool(self._table.ended)
        return is_for_end or request.ttl > self._last_ttl()

    def _repeat(self, ttl: int) -> None:
        """Ask this TTL, where a probe was lost, once more than at first."""
        attempt = self._made[ttl]
        if attempt == self._queries:
            self._made[ttl] += 1
            self._waiting.append(ProbeRequest(0, ttl, attempt))
            self._is_last_asked |= ttl == self._last.ttl

    def _ask_in_doubt(self) -> None:
        self._doubts, self._end = self._table.doubts(), None
        for _, near, far, pairs in self._doubts:
            is_awaited = any(own.ttl in (near, far) for own in (*self._flying, *self._waiting))
            for _ in range(0 if is_awaited else pairs):
                for ttl in (near, far):
                    self._waiting.append(ProbeRequest(0, ttl, self._made[ttl]))
                    self._made[ttl] += 1

    def _last_ttl(self) -> float:
        """The last TTL to probe, given what is known now; infinite while no end is known."""
        if self._end is None:
            end = max((self._table.ended.get(0, inf), *(doubt.far for doubt in self._doubts)))
            self._end = end + _LOOK_BEHIND if self._table.ends.doubtful_ends() else end
        return self._end

    def silent_since_s(self) -> dict[int, float]:
        """See Procedure."""
        end = self._table.ended.get(0)
        return {
            ttl: hop.silent_since_s((0,))
            for ttl, hop in self._table.hops.items()
            if hop.losses and not hop.answers and (end is None or ttl < end)
        }
