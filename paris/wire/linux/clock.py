"""The kernel's monotonic clock, related to the time of day that its time stamps use."""

from __future__ import annotations

import time
from typing import Final

_CLOCK_STEP_NS: Final = 100_000


class KernelTimed:
    """The clock of a Wire that uses the kernel's clock."""

    def __init__(self) -> None:
        self._clock = KernelClock()

    def now_s(self) -> float:
        """See Wire."""
        return self._clock.now_s()

    def unix_s(self, at_s: float) -> float:
        """See Wire."""
        return self._clock.unix_s(at_s)

    def gather(self, until_s: float) -> None:
        """See Wire."""
        time.sleep(max(0.0, until_s - self.now_s()))

    def wait_s(self, until_s: float) -> float | None:
        """Seconds until `until_s`, as a timeout for select(): None if infinite, never below 0."""
        return None if until_s == float("inf") else max(0.0, until_s - self.now_s())


class KernelClock:
    """The kernel's monotonic clock in whole nanoseconds; it starts at 0 when this is created.

    `zero_unix_ns` is the time of day at that start (nanoseconds since 1970).
    """

    __slots__ = ("_opened_ns", "zero_unix_ns")

    def __init__(self) -> None:
        self._opened_ns = time.monotonic_ns()
        self.zero_unix_ns = self._measured_zero_ns()

    def now_s(self) -> float:
        """Seconds since this clock was created."""
        return (time.monotonic_ns() - self._opened_ns) / 1e9

    def unix_s(self, at_s: float) -> float:
        """The time `at_s` of this clock as seconds since 1970."""
        return self.zero_unix_ns / 1e9 + at_s

    def of_stamp(self, stamp_ns: int) -> float:
        """A kernel time stamp (time of day, nanoseconds) as seconds of this clock."""
        return (stamp_ns - self.zero_unix_ns) / 1e9

    def reconcile(self) -> None:
        """Adjust to a change of the time of day; call this before reading stamps.

        The system slews both clocks alike, so smaller differences are only reading noise.
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
            # The clock was read at an unknown point of the gap: the smallest gap is most exact.
            if gap_ns < best_gap_ns:
                best_gap_ns = gap_ns
                zero_ns = unix_ns - (before_ns - self._opened_ns) - gap_ns // 2
        return zero_ns
