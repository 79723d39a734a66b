"""The kernel's monotonic clock, joined to the time of day of its time stamps."""

from __future__ import annotations

import time
from typing import Final

_CLOCK_STEP_NS: Final = 100_000


class KernelTimed:
    """The half of a Wire that is its clock, where that is the kernel's."""

    def __init__(self) -> None:
        self._clock = KernelClock()

    def now_s(self) -> float:
        """See Wire."""
        return self._clock.now_s()

    def unix_s(self, at_s: float) -> float:
        """See Wire."""
        return self._clock.unix_s(at_s)

    def wait_s(self, until_s: float) -> float | None:
        """How long it is until then, as select() takes it: None for ever, never below 0."""
        return None if until_s == float("inf") else max(0.0, until_s - self.now_s())


class KernelClock:
    """The kernel's monotonic clock, counted from when this was made, in whole nanoseconds.

    `zero_unix_ns` is the time of day at which it stood at 0.
    """

    __slots__ = ("_opened_ns", "zero_unix_ns")

    def __init__(self) -> None:
        self._opened_ns = time.monotonic_ns()
        self.zero_unix_ns = self._measured_zero_ns()

    def now_s(self) -> float:
        """Seconds since this was made."""
        return (time.monotonic_ns() - self._opened_ns) / 1e9

    def unix_s(self, at_s: float) -> float:
        """A moment of this clock as seconds since 1970."""
        return self.zero_unix_ns / 1e9 + at_s

    def of_stamp(self, stamp_ns: int) -> float:
        """A kernel time stamp, which is a time of day, as a moment of this clock."""
        return (stamp_ns - self.zero_unix_ns) / 1e9

    def reconcile(self) -> None:
        """Follow the time of day if it was set anew; call before reading stamps.

        Both clocks are slewed alike, so that anything else is the noise of reading them.
        """
        zero_ns = self._measured_zero_ns()
        if abs(zero_ns - self.zero_unix_ns) > _CLOCK_STEP_NS:
            self.zero_unix_ns = zero_ns

    def _measured_zero_ns(self) -> int:
        best_gap_ns, zero_ns = 1 << 62, 0
        for _ in range(3):
            before_ns = time.monotonic_ns()
            unix_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
            gap_ns = time.monotonic_ns() - before_ns
            # The time of day was read somewhere in the gap: the smallest says most.
            if gap_ns < best_gap_ns:
                best_gap_ns = gap_ns
                zero_ns = unix_ns - (before_ns - self._opened_ns) - gap_ns // 2
        return zero_ns
