"""When each sent datagram left: the kernel's time stamps, joined to the datagrams they are for."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class SendTimes:
    """The moments at which the datagrams of one wire left, numbered as they were sent.

    Each begins with the program's own reading of the clock and gets the kernel's when that is
    known, which is most often before the call that sent it returns.
    """

    count: int = 0
    stamped: int = 0
    _unstamped: dict[int, float] = field(default_factory=dict)
    _late: list[tuple[int, float]] = field(default_factory=list)
    _batch: list[float] = field(default_factory=list)
    _batch_began: int = 0

    @contextmanager
    def batch(self) -> Iterator[list[float]]:
        """The moments of the datagrams that are added within; stamps that come later are late."""
        batch: list[float] = []
        self._batch = batch
        self._batch_began = self.count
        try:
            yield batch
        finally:
            self._batch, self._batch_began = [], self.count

    def add(self, at_s: float) -> int:
        """Count a datagram that is being sent at `at_s` by the program's clock; its number."""
        number = self.count
        self.count += 1
        self._batch.append(at_s)
        self._unstamped[number] = at_s
        return number

    def stamp(self, number: int, at_s: float) -> None:
        """Take in the kernel's time stamp for datagram `number`.

        One from before that datagram was handed over belongs to another: the kernel's count and
        ours diverge where a full queue refused a datagram.
        """
        handed_over_s = self._unstamped.get(number)
        if handed_over_s is None or at_s < handed_over_s:
            return
        del self._unstamped[number]
        self.stamped += 1
        if number >= self._batch_began:
            self._batch[number - self._batch_began] = at_s
        else:
            self._late.append((number, at_s))

    def late(self) -> list[tuple[int, float]]:
        """The stamps that came after their batch had ended, once."""
        late, self._late = self._late, []
        return late
