"""All requests so far, and the requests of one wave on top of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mda.model import ProbeRequest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Sent:
    """Requests returned by a procedure, and which of them have no outcome yet.

    `counts` has how often each flow was requested at each TTL.
    """

    def __init__(self) -> None:
        self.counts: defaultdict[int, dict[int, int]] = defaultdict(dict)  # TTL -> flow -> requests
        self.flying: set[ProbeRequest] = set()
        self._flying_at: dict[int, int] = {}

    def flows(self) -> list[int]:
        """Every flow requested anywhere, ascending."""
        return sorted({flow for counts in self.counts.values() for flow in counts})

    def is_flying_at(self, ttl: int) -> bool:
        """Whether any request at `ttl` has no outcome yet."""
        return self._flying_at.get(ttl, 0) > 0

    def add(self, requests: list[ProbeRequest]) -> None:
        """Record that these requests were returned."""
        for request in requests:
            counts = self.counts[request.ttl]
            counts[request.flow] = counts.get(request.flow, 0) + 1
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
        self.requests: list[ProbeRequest] = []

    def is_asked(self, flow: int, ttl: int) -> bool:
        """Whether the flow was requested at `ttl`, before or in this wave."""
        return flow in self.sent.counts[ttl] or flow in self._fresh[ttl]

    def is_fresh(self, flow: int, ttl: int) -> bool:
        """Whether the flow is requested at `ttl` in this wave."""
        return flow in self._fresh[ttl]

    def count(self, flow: int, ttl: int) -> int:
        """How often the flow was requested at `ttl`, before and in this wave."""
        return self.sent.counts[ttl].get(flow, 0) + self._fresh[ttl].get(flow, 0)

    def asked(self, ttl: int) -> Iterator[int]:
        """The flows requested at `ttl`, before or in this wave, each once."""
        before = self.sent.counts[ttl]
        yield from before
        yield from (flow for flow in self._fresh[ttl] if flow not in before)

    def ask(self, flow: int, ttl: int) -> None:
        """Request the flow at `ttl` once more, whatever was requested before."""
        fresh = self._fresh[ttl]
        attempt = self.sent.counts[ttl].get(flow, 0) + fresh.get(flow, 0)
        fresh[flow] = fresh.get(flow, 0) + 1
        self.requests.append(ProbeRequest(flow, ttl, attempt))

    def ask_first(self, flow: int, ttl: int) -> None:
        """Request the flow at `ttl` if it was never requested there."""
        if not self.is_asked(flow, ttl):
            self.ask(flow, ttl)

    def first(self, room: int) -> list[ProbeRequest]:
        """The most urgent requests, at most `room`."""
        return sorted(self.requests, key=_urgency)[:room]


def _urgency(request: ProbeRequest) -> tuple[int, int, int]:
    """The order of requests: first attempts first, then by flow, then along the path."""
    return request.attempt, request.flow, request.ttl
