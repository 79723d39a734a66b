"""All requests so far, and the requests of one wave on top of them."""

from __future__ import annotations

import sys
from collections import defaultdict
from itertools import chain, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import ProbeRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from mda.answers.ends import Ends


# The order of requests: first attempts first, then by flow, then along the path.
_URGENCY: Final = attrgetter("attempt", "flow", "ttl")


class Sent:
    """Requests returned by a procedure, and which of them have no outcome yet.

    `counts` has how often each flow was requested at each TTL, `repeated` the flows requested more
    than once there, and `flows` every flow requested anywhere, in the order of first requests.
    """

    def __init__(self) -> None:
        self.counts: defaultdict[int, dict[int, int]] = defaultdict(dict)  # TTL -> flow -> requests
        self.repeated: defaultdict[int, set[int]] = defaultdict(set)  # by TTL
        self.flows: list[int] = []
        self._flying: defaultdict[int, set[ProbeRequest]] = defaultdict(set)  # by TTL
        self._known_flows: set[int] = set()
        self._lowest: dict[int, int] = {}  # by TTL: see `first_unsent`
        self._revision = 0  # of the ends of paths, when these were found

    def first_unsent(self, ttl: int, ends: Ends) -> int:
        """The lowest flow, of those that go beyond `ttl`, that was never requested there."""
        if ends.revision != self._revision:
            self._revision = ends.revision
            self._lowest.clear()
        counts, flow = self.counts[ttl], self._lowest.get(ttl, 0)
        while flow in counts or ends.at.get(flow, ttl + 1) <= ttl:
            flow += 1
        self._lowest[ttl] = flow
        return flow

    @property
    def is_flying(self) -> bool:
        """Whether any request has no outcome yet."""
        return any(self._flying.values())

    @property
    def flying(self) -> Iterator[ProbeRequest]:
        """The requests that have no outcome yet."""
        return chain.from_iterable(self._flying.values())

    def flying_at(self, ttl: int) -> Collection[ProbeRequest]:
        """The requests at `ttl` that have no outcome yet."""
        return self._flying[ttl]

    def add(self, requests: list[ProbeRequest]) -> None:
        """Record that these requests were returned."""
        for request in requests:
            flow, ttl, _ = request
            counts = self.counts[ttl]
            if flow in counts:
                counts[flow] += 1
                self.repeated[ttl].add(flow)
            else:
                counts[flow] = 1
                if flow not in self._known_flows:
                    self._known_flows.add(flow)
                    self.flows.append(flow)
            self._flying[ttl].add(request)

    def settle(self, request: ProbeRequest) -> None:
        """Record that a request has an outcome; a second outcome changes nothing."""
        self._flying[request.ttl].discard(request)

    def forget(self, request: ProbeRequest) -> bool:
        """Take back the only request for a flow at a TTL; returns whether it was the only one."""
        flow, ttl, _ = request
        if self.counts[ttl][flow] > 1:
            return False
        del self.counts[ttl][flow]
        self._lowest[ttl] = min(flow, self._lowest.get(ttl, 0))
        self.settle(request)
        return True

    def settle_all(self) -> None:
        """Record that no request is waited for any longer."""
        self._flying.clear()


class Wave:
    """The requests of one call of `wanted`, on top of those in `sent`, all earlier ones.

    Only the `room` most urgent ones leave, by default all: first requests of a flow at a TTL before
    repeated ones. Where low flows alone fill the room, `full_at` is the last of them: new flows
    above it cannot leave.
    """

    def __init__(self, sent: Sent, room: int = sys.maxsize) -> None:
        self.sent = sent
        self.room = room
        self.requests: list[ProbeRequest] = []
        self._firsts = 0  # of the requests, how many are first ones
        self.full_at: int | None = None
        self._fresh: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self._first = _FirstFlows(range(0), range(0), sent.counts, {})

    @property
    def is_full(self) -> bool:
        """Whether first requests fill the room, so that no repeated one can leave."""
        return self._firsts >= self.room

    def is_asked(self, flow: int, ttl: int) -> bool:
        """Whether the flow was requested at `ttl`, before or in this wave."""
        return flow in self.sent.counts[ttl] or self.is_fresh(flow, ttl)

    def is_fresh(self, flow: int, ttl: int) -> bool:
        """Whether the flow is requested at `ttl` in this wave."""
        return flow in self._fresh[ttl] or self._first.has(flow, ttl)

    def asks_around(self, ttl: int) -> bool:
        """Whether this wave may have requested flows at `ttl` or one TTL before."""
        return bool(self._first.flows or self._fresh[ttl] or self._fresh[ttl - 1])

    def count(self, flow: int, ttl: int) -> int:
        """How often the flow was requested at `ttl`, before and in this wave."""
        before = self.sent.counts[ttl].get(flow, 0)
        return before + self._fresh[ttl].get(flow, 0) + self._first.has(flow, ttl)

    def asked(self, ttl: int) -> Iterator[int]:
        """The flows requested at `ttl`, before or in this wave, each once."""
        before, fresh = self.sent.counts[ttl], self._fresh[ttl]
        yield from before
        yield from (flow for flow in fresh if flow not in before)
        yield from (flow for flow in self._first.at(ttl) if flow not in fresh)

    def ask_first_flows(self, below: int, ttls: range, ends: Ends) -> None:
        """Request at each of `ttls` all flows below `below` that were never requested there.

        Those that are known to end there or nearer are left out. Only as many requests are made as
        there is room for: the others count as asked.
        """
        lowest = min((self.sent.first_unsent(ttl, ends) for ttl in ttls), default=below)
        self._first = _FirstFlows(range(lowest, below), ttls, self.sent.counts, ends.at)
        requests = list(islice(self._first.requests(), self.room))
        self.requests += requests
        self._firsts += len(requests)
        if len(requests) == self.room:
            self.full_at = requests[-1].flow

    def ask(self, flow: int, ttl: int) -> None:
        """Request the flow at `ttl` once more, whatever was requested before."""
        fresh = self._fresh[ttl]
        attempt = self.count(flow, ttl)
        fresh[flow] = fresh.get(flow, 0) + 1
        self._firsts += not attempt
        self.requests.append(ProbeRequest(flow, ttl, attempt))

    def ask_first(self, flow: int, ttl: int) -> None:
        """Request the flow at `ttl` if it was never requested there."""
        if not self.is_asked(flow, ttl):
            self.ask(flow, ttl)

    def ask_all_first(self, flows: Iterable[int], ttl: int) -> None:
        """Request those of the flows at `ttl` that were never requested there."""
        sent, fresh, first = self.sent.counts[ttl], self._fresh[ttl], self._first
        has_first = ttl in first.ttls
        for flow in flows:
            if flow not in sent and flow not in fresh and not (has_first and first.has(flow, ttl)):
                fresh[flow] = 1
                self._firsts += 1
                self.requests.append(ProbeRequest(flow, ttl))

    def by_urgency(self) -> list[ProbeRequest]:
        """The requests, the most urgent first."""
        return sorted(self.requests, key=_URGENCY)


class _FirstFlows(NamedTuple):
    """Those of `flows` at each of `ttls` that were not `sent` there and have not `ended` by then.

    Both are by flow; `sent` has them for each TTL.
    """

    flows: range
    ttls: range
    sent: Mapping[int, Collection[int]]
    ended: Mapping[int, int]

    def has(self, flow: int, ttl: int) -> bool:
        """Whether a flow at a TTL is among them."""
        return (
            flow in self.flows
            and ttl in self.ttls
            and flow not in self.sent[ttl]
            and self.ended.get(flow, ttl + 1) > ttl
        )

    def at(self, ttl: int) -> Iterator[int]:
        """Those at one TTL, ascending."""
        return (flow for flow in self.flows if self.has(flow, ttl))

    def requests(self) -> Iterator[ProbeRequest]:
        """Requests for all of them, the most urgent first."""
        for flow in self.flows:
            end = self.ended.get(flow, self.ttls.stop)
            for ttl in self.ttls:
                if ttl < end and flow not in self.sent[ttl]:
                    yield ProbeRequest(flow, ttl)
