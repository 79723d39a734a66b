"""The path of one flow: plain Paris traceroute, with every hop probed in the same round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.answers.table import FlowTable
from mda.model import ProbeRequest
from mda.procedure import Procedure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import Outcome


_LOOK_BEHIND: Final = 2  # TTLs behind a refusal: a router may refuse at its own TTL, or one later


class SingleFlow(Procedure):
    """Sends `queries` probes of flow 0 at every TTL from `first_ttl` to `max_ttl`.

    TTLs beyond the first that is known to end the path are no longer probed. Two TTLs behind a
    refusal are, because a reply from there shows that packets pass it.
    """

    def __init__(self, *, first_ttl: int, max_ttl: int, queries: int) -> None:
        self._table = FlowTable(queries)
        self._plan = _plan(first_ttl, max_ttl, queries)
        self._skipped: list[ProbeRequest] = []  # beyond what seems to be the end
        self._planned_all = False
        self._flying: set[ProbeRequest] = set()

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        again = [request for request in self._skipped if not self._is_beyond_end(request)][:room]
        self._skipped = [request for request in self._skipped if request not in again]
        requests = again
        while len(requests) < room:
            request = next(self._plan, None)
            if request is None:
                self._planned_all = True
                break
            (self._skipped if self._is_beyond_end(request) else requests).append(request)
        self._flying.update(requests)
        return requests

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        self._flying.discard(outcome.request)
        self._table.add(outcome)

    def _is_beyond_end(self, request: ProbeRequest) -> bool:
        end = self._table.ended.get(0, request.ttl)
        if self._table.ends.behind_refusals():
            end += _LOOK_BEHIND
        return request.ttl > end

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        return self._table.hop(ttl).rate_pps()

    @property
    def finished(self) -> bool:
        """See Procedure; probes in flight beyond the path's end are not waited for."""
        return self._planned_all and all(map(self._is_beyond_end, self._flying))

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure."""
        is_beyond = self._is_beyond_end(request)
        if is_beyond:
            self._flying.discard(request)
            self._skipped.append(request)
        return is_beyond

    def silent_since_s(self) -> dict[int, float]:
        """See Procedure."""
        end = self._table.ended.get(0)
        return {
            ttl: hop.silent_since_s((0,))
            for ttl, hop in self._table.hops.items()
            if hop.losses and not hop.answers and (end is None or ttl < end)
        }


def _plan(first_ttl: int, max_ttl: int, queries: int) -> Iterator[ProbeRequest]:
    """Every request, TTLs inside attempts so that each router's probes are spread out."""
    for attempt in range(queries):
        for ttl in range(first_ttl, max_ttl + 1):
            yield ProbeRequest(0, ttl, attempt)
