"""One measurement's view of a wire that several measurements share; see `paris.engine.crowd`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mda.plan import WireReport
    from paris.wire.base import Received, Wire


class LaneWire:
    """See Wire. Datagrams are numbered from this measurement's first; the crowd receives for all.

    `sent` numbers the datagrams of all measurements.
    """

    def __init__(self, wire: Wire, sent: SharedNumbers) -> None:
        self._wire = wire
        self._shared = sent
        self._count = 0
        self._numbers: dict[int, int] = {}  # on the shared wire, of those that are in flight
        self._late: list[tuple[int, float]] = []
        self.hidden = wire.hidden
        self.one_at_a_time = wire.one_at_a_time
        self.sends_whole = wire.sends_whole
        self.longest_wait_s = wire.longest_wait_s

    @property
    def room(self) -> int:
        """See Wire."""
        return self._wire.room

    def settle(self, numbers: Iterable[int]) -> None:
        """See Wire."""
        shared = [self._numbers.pop(number) for number in numbers]
        for number in shared:
            self._shared.forget(number)
        self._wire.settle(shared)

    def now_s(self) -> float:
        """See Wire."""
        return self._wire.now_s()

    def unix_s(self, at_s: float) -> float:
        """See Wire."""
        return self._wire.unix_s(at_s)

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """See Wire."""
        try:
            sent_at_s = self._wire.send(datagrams)
        except WireError as error:
            self._note(len(error.sent_at_s))
            raise
        self._note(len(sent_at_s))
        return sent_at_s

    def _note(self, count: int) -> None:
        """Number the datagrams that were sent."""
        for _ in range(count):
            self._numbers[self._count] = self._shared.add(self, self._count)
            self._count += 1

    def corrections(self) -> list[tuple[int, float]]:
        """See Wire."""
        late, self._late = self._late, []
        return late

    def correct(self, number: int, at_s: float) -> None:
        """Keep a send time that became known until it is asked for."""
        self._late.append((number, at_s))

    def gather(self, until_s: float) -> None:
        """See Wire."""
        self._wire.gather(until_s)

    def receive(self, until_s: float) -> list[Received]:
        """See Wire; what arrives is for several measurements, so the crowd hands it out."""
        raise NotImplementedError("the crowd receives")

    def report(self) -> WireReport:
        """See Wire; the losses are those of the shared wire."""
        return self._wire.report()

    def close(self) -> None:
        """Forget what is still in flight; the shared wire stays open."""
        self.settle(list(self._numbers))


class SharedNumbers:
    """Whose each datagram on a shared wire is, by its number there, while it is in flight."""

    def __init__(self) -> None:
        self._count = 0
        self._owners: dict[int, tuple[LaneWire, int]] = {}

    def add(self, lane: LaneWire, number: int) -> int:
        """Count a datagram of a lane; returns its number on the shared wire."""
        self._owners[self._count] = lane, number
        self._count += 1
        return self._count - 1

    def forget(self, number: int) -> None:
        """Nobody waits any longer for the reply to a datagram."""
        self._owners.pop(number, None)

    def correct(self, corrections: Iterable[tuple[int, float]]) -> None:
        """Tell lanes the send times that became known."""
        for shared, at_s in corrections:
            owner = self._owners.get(shared)
            if owner is not None:
                owner[0].correct(owner[1], at_s)
