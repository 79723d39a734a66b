"""A simulated network as a wire: its clock is a number that jumps to whatever happens next."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from paris.wire.base import Received

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paris.sim.network import Network


@dataclass(slots=True)
class SimWire:
    """Carries datagrams to a Network and back in virtual time; see Wire."""

    network: Network
    _now_s: float = 0.0
    _arriving: list[tuple[float, int, Received]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)

    def now_s(self) -> float:
        """See Wire."""
        return self._now_s

    def unix_s(self, at_s: float) -> float:
        """See Wire. Virtual time begins in 1970, so that equal runs have equal dates."""
        return at_s

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """See Wire; sending takes no time."""
        for datagram in datagrams:
            answer = self.network.answer(datagram, self._now_s)
            if answer is not None:
                at_s, reply = answer
                heapq.heappush(self._arriving, (at_s, next(self._order), Received(reply, at_s)))
        return [self._now_s] * len(datagrams)

    def receive(self, until_s: float) -> list[Received]:
        """See Wire."""
        if not self._arriving or self._arriving[0][0] > until_s:
            self._now_s = max(self._now_s, until_s)
            return []
        self._now_s = max(self._now_s, self._arriving[0][0])
        arrived = []
        while self._arriving and self._arriving[0][0] <= self._now_s:
            arrived.append(heapq.heappop(self._arriving)[2])
        return arrived

    def close(self) -> None:
        """See Wire."""
