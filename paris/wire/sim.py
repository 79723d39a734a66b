"""A simulated network as a wire: its clock is a number that jumps to the next event."""

from __future__ import annotations

import heapq
from itertools import count
from math import isfinite
from typing import TYPE_CHECKING, ClassVar

from mda.plan import Stamp, WireReport
from paris.errors import WithheldError
from paris.wire.base import SIMULATED, UNLIMITED, Received

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paris.packets.flows import Flows
    from paris.sim.registry import Simulated


class SimWire:
    """Carries datagrams to a simulated network and back in virtual time; see Wire."""

    hidden: ClassVar[frozenset[str]] = frozenset()
    one_at_a_time: ClassVar[bool] = False
    sends_whole: ClassVar[bool] = True
    longest_wait_s: ClassVar[float] = float("inf")
    room: ClassVar[int] = UNLIMITED

    def __init__(self, network: Simulated) -> None:
        self.network = network
        self._now_s = 0.0
        self._arriving: list[tuple[float, int, Received]] = []
        self._order = count()

    def now_s(self) -> float:
        """See Wire."""
        return self._now_s

    def unix_s(self, at_s: float) -> float:
        """See Wire. Virtual time begins in 1970, so that equal runs have equal dates."""
        return at_s

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """See Wire; sending takes no time."""
        for sent, datagram in enumerate(datagrams):
            try:
                answers = self.network.answers(datagram, self._now_s)
            except WithheldError as error:
                error.sent_at_s = (self._now_s,) * sent
                raise
            for arrival_s, reply in answers:
                at_s = _whole_ns(arrival_s)
                heapq.heappush(self._arriving, (at_s, next(self._order), Received(reply, at_s)))
        return [self._now_s] * len(datagrams)

    def settle(self, numbers: Iterable[int]) -> None:
        """See Wire."""

    def corrections(self) -> list[tuple[int, float]]:
        """See Wire; there are none."""
        return []

    def gather(self, until_s: float) -> None:
        """See Wire; to receive takes no time."""

    def receive(self, until_s: float) -> list[Received]:
        """See Wire."""
        if not self._arriving or self._arriving[0][0] > until_s:
            self._now_s = max(self._now_s, _whole_ns(until_s))
            return []
        self._now_s = max(self._now_s, self._arriving[0][0])
        arrived = []
        while self._arriving and self._arriving[0][0] <= self._now_s:
            arrived.append(heapq.heappop(self._arriving)[2])
        return arrived

    def report(self) -> WireReport:
        """See Wire."""
        return WireReport(wire=SIMULATED, sent=Stamp.VIRTUAL, received=Stamp.VIRTUAL)

    def close(self) -> None:
        """See Wire."""


def open_wire(network: Simulated, _: Flows) -> SimWire:
    """A wire to a network that answers within this process."""
    return SimWire(network)


def _whole_ns(at_s: float) -> float:
    """The time in whole nanoseconds, never rounded below `at_s`, so that no wait ends early."""
    if not isfinite(at_s):
        return at_s
    whole_ns = round(at_s * 1e9)
    return whole_ns / 1e9 if whole_ns / 1e9 >= at_s else (whole_ns + 1) / 1e9
