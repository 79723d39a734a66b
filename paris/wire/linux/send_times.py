"""Send times: matches the kernel's time stamps to the datagrams that they belong to."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# So many of the latest datagrams may still get a stamp: the kernel's queue holds a few hundred.
_MOST_AWAITED: Final = 4096
_KERNEL_COUNTS: Final = 1 << 32  # then its numbers begin again


# A dataclass would delay the first probe by half a millisecond.
class SendTimes:
    """The send times of one wire's datagrams, numbered in sending order.

    Each time starts as the program's own clock reading. The kernel's stamp replaces it when it
    arrives, usually before the wire's `send` returns.
    """

    def __init__(self) -> None:
        self.count = 0
        self.stamped = 0
        self._unstamped: dict[int, float] = {}
        self._late: list[tuple[int, float]] = []
        self._batch: list[float] = []
        self._batch_began = 0

    @contextmanager
    def batch(self) -> Iterator[list[float]]:
        """The send times of the datagrams added within; stamps after that count as late."""
        batch: list[float] = []
        self._batch = batch
        self._batch_began = self.count
        try:
            yield batch
        finally:
            self._batch, self._batch_began = [], self.count

    def add(self, at_s: float) -> int:
        """Count a datagram sent at `at_s` by the program's clock; returns its number."""
        number = self.count
        self.count += 1
        self._batch.append(at_s)
        self._unstamped[number] = at_s
        if len(self._unstamped) > _MOST_AWAITED:
            self._unstamped.pop(number - _MOST_AWAITED, None)
        return number

    def withdraw(self) -> None:
        """Uncount the last datagram added, because it did not leave."""
        self.count -= 1
        del self._unstamped[self.count]
        self._batch.pop()

    def stamp(self, number: int, at_s: float) -> None:
        """Record the kernel's time stamp for datagram `number`.

        A stamp older than the hand-over of that datagram belongs to another one, and is ignored:
        the kernel's count and ours diverge when a full queue refuses a datagram.
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
        """The stamps that arrived after their batch had ended; each is returned once."""
        late, self._late = self._late, []
        return late


class Numbers:
    """Our numbers of a socket's latest datagrams by those of the kernel, until asked for.

    The kernel also counts the datagrams that it refused after it had built them.
    """

    def __init__(self) -> None:
        self._count = 0
        self._ours: dict[int, int] = {}

    def sent(self, number: int) -> None:
        """Count the datagram that has our `number`."""
        self._ours[self._count % _KERNEL_COUNTS] = number
        self.refused()

    def refused(self) -> None:
        """Count a datagram that did not leave."""
        self._count += 1
        self._ours.pop((self._count - _MOST_AWAITED) % _KERNEL_COUNTS, None)

    def ours(self, kernels: int) -> int | None:
        """Our number of a datagram, once; None if it was refused, or long ago."""
        return self._ours.pop(kernels, None)
