"""All requests so far, and the requests of one wave on top of them."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from mda.model import ProbeRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


class Sent:
    """Requests returned by a procedure, and which of them have no outcome yet.

    `counts` has how often each flow was requested at each TTL, `repeated` the flows requested more
    than once there, and `flows` every flow requested anywhere, in the order of first requests.
    """

    def __init__(self) -> None:
        self.counts: defaultdict[int, dict[int, int]] = defaultdict(dict)  # TTL -> flow -> requests
        self.repeated: defaultdict[int, set[int]] = defaultdict(set)  # by TTL
        self.flows: list[int] = []
        self.flying: set[ProbeRequest] = set()
        self._flying_at: dict[int, int] = {}
        self._known_flows: set[int] = set()
        self._lowest: dict[int, int] = {}  # by TTL: below, every flow was requested

    def first_unsent(self, ttl: int) -> int:
        """The lowest flow that was never requested at `ttl`."""
        counts, flow = self.counts[ttl], self._lowest.get(ttl, 0)
        while flow in counts:
            flow += 1
        self._lowest[ttl] = flow
        return flow

    def is_flying_at(self, ttl: int) -> bool:
        """Whether any request at `ttl` has no outcome yet."""
        return self._flying_at.get(ttl, 0) > 0

    def add(self, requests: list[ProbeRequest]) -> None:
        """Record that these requests were returned."""
        for request in requests:
            counts = self.counts[request.ttl]
            counts[request.flow] = counts.get(request.flow, 0) + 1
            if counts[request.flow] > 1:
                self.repeated[request.ttl].add(request.flow)
            if request.flow not in self._known_flows:
                self._known_flows.add(request.flow)
                self.flows.append(request.flow)
            self._flying_at[request.ttl] = self._flying_at.get(request.ttl, 0) + 1
        self.flying.update(requests)

    def settle(self, request: ProbeRequest) -> None:
        """Record that a request has an outcome; a second outcome changes nothing."""
        if request in self.flying:
            self.flying.remove(request)
            self._flying_at[request.ttl] -= 1


class Wave:
    """The requests of one call of `wanted`, on top of those in `sent`, all earlier ones."""

    def __init__(self, sent: Sent) -> None:
        self.sent = sent
        self._fresh: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self._first: dict[int, _FirstFlows] = {}  # by TTL
        self.requests: list[ProbeRequest] = []

    def is_asked(self, flow: int, ttl: int) -> bool:
        """Whether the flow was requested at `ttl`, before or in this wave."""
        return flow in self.sent.counts[ttl] or self.is_fresh(flow, ttl)

    def is_fresh(self, flow: int, ttl: int) -> bool:
        """Whether the flow is requested at `ttl` in this wave."""
        return flow in self._fresh[ttl] or (ttl in self._first and self._first[ttl].has(flow))

    def count(self, flow: int, ttl: int) -> int:
        """How often the flow was requested at `ttl`, before and in this wave."""
        is_first = ttl in self._first and self._first[ttl].has(flow)
        return self.sent.counts[ttl].get(flow, 0) + self._fresh[ttl].get(flow, 0) + is_first

    def asked(self, ttl: int) -> Iterator[int]:
        """The flows requested at `ttl`, before or in this wave, each once."""
        before = self.sent.counts[ttl]
        yield from before
        yield from (flow for flow in self._fresh[ttl] if flow not in before)
        if ttl in self._first:
            fresh = self._fresh[ttl]
            yield from (flow for flow in self._first[ttl].unsent() if flow not in fresh)

    def ask_first_flows(self, below: int, ttl: int, ended: Mapping[int, int], room: int) -> None:
        """Request at `ttl` all flows from 1 to `below` that were never requested there.

        Those that `ended` nearer are left out. Only the first `room` requests are made: the others
        count as asked, but are less urgent than so many.
        """
        first = max(1, self.sent.first_unsent(ttl))
        if first < below:
            sent = self.sent.counts[ttl]
            flows = self._first[ttl] = _FirstFlows(range(first, below), ttl, sent, ended)
            self.requests += [ProbeRequest(flow, ttl) for flow in islice(flows.unsent(), room)]

    def ask(self, flow: int, ttl: int) -> None:
        """Request the flow at `ttl` once more, whatever was requested before."""
        fresh = self._fresh[ttl]
        attempt = self.count(flow, ttl)
        fresh[flow] = fresh.get(flow, 0) + 1
        self.requests.append(ProbeRequest(flow, ttl, attempt))

    def ask_first(self, flow: int, ttl: int) -> None:
        """Request the flow at `ttl` if it was never requested there."""
        if not self.is_asked(flow, ttl):
            self.ask(flow, ttl)

    def first(self, room: int) -> list[ProbeRequest]:
        """The most urgent requests, at most `room`."""
        return sorted(self.requests, key=_urgency)[:room]


class _FirstFlows(NamedTuple):
    """Those of `flows` at `ttl` that were not `sent` and have not `ended` nearer."""

    flows: range
    ttl: int
    sent: Collection[int]
    ended: Mapping[int, int]

    def has(self, flow: int) -> bool:
        """Whether a flow is among them."""
        return (
            flow in self.flows
            and flow not in self.sent
            and self.ended.get(flow, self.ttl) >= self.ttl
        )

    def unsent(self) -> Iterator[int]:
        """All of them, ascending."""
        return filter(self.has, self.flows)


def _urgency(request: ProbeRequest) -> tuple[int, int, int]:
    """The order of requests: first attempts first, then by flow, then along the path."""
    return request.attempt, request.flow, request.ttl
