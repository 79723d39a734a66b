"""The first hops of all paths of a survey: known from many destinations, they are not asked anew.

Where enough traces have met the same router, and no other, at every TTL up to one, later traces
begin at that TTL. They still ask the last shared router with the certainty that any hop needs, so
what a trace says is measured, and a path that does not pass it is traced whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import count
from typing import TYPE_CHECKING, Final

from mda.model import Reply, ReplyKind

if TYPE_CHECKING:
    from mda.model import IPAddress
    from mda.trace import Trace

_WHOLE_EVERY: Final = 20  # traces: one of them begins at the first hop, and so checks what is known


class SharedHops:
    """Learns, from whole traces, which router all paths meet at each TTL from `first_ttl` on.

    A router is known when `after` traces have met it and none another; with 0, none is ever.
    """

    def __init__(self, after: int, first_ttl: int) -> None:
        self._after = after
        self._first_ttl = first_ttl
        self._routers: dict[int, IPAddress] = {}  # by TTL
        self._traces: Counter[int] = Counter()  # that met it, by TTL
        self._end = float("inf")  # the first TTL at which paths differ
        self._begun = count(1)

    def next_first_ttl(self) -> int:
        """Where the next trace begins: at the last known router, or at the first hop."""
        return self.last_ttl if next(self._begun) % _WHOLE_EVERY else self._first_ttl

    @property
    def last_ttl(self) -> int:
        """The TTL of the last router that is known, with all before it; else the first TTL."""
        ttl = self._first_ttl
        while self._is_known(ttl):
            ttl += 1
        return max(self._first_ttl, ttl - 1)

    def _is_known(self, ttl: int) -> bool:
        return 0 < self._after <= self._traces[ttl] and ttl < self._end

    def learn(self, trace: Trace) -> bool:
        """Take in a trace; returns whether it stands: it is whole, or begins at a known router."""
        destination, first_ttl = trace.plan.destination, trace.plan.first_ttl
        met = _met(trace)
        if first_ttl > self._first_ttl:
            if met[first_ttl] == {self._routers[first_ttl]}:
                return True
            if met[first_ttl] and destination not in met[first_ttl]:
                self._end = min(self._end, first_ttl)
            return False
        ttl = first_ttl
        while ttl < self._end and met[ttl] and destination not in met[ttl]:
            router = self._routers.setdefault(ttl, min(met[ttl]))
            if met[ttl] != {router}:
                self._end = ttl
            self._traces[ttl] += 1
            ttl += 1
        return True


def _met(trace: Trace) -> defaultdict[int, set[IPAddress]]:
    """By TTL, who answered there."""
    met: defaultdict[int, set[IPAddress]] = defaultdict(set)
    for outcome in trace.outcomes:
        if isinstance(outcome, Reply):
            is_end = outcome.kind is not ReplyKind.TIME_EXCEEDED
            met[outcome.request.ttl].add(trace.plan.destination if is_end else outcome.responder)
    return met
