"""A token bucket that limits how many probes may leave now. The time is always an argument."""

from __future__ import annotations

from typing import Final

_SLACK: Final = 0.5  # probes

# Probes back to back. At the default rate a burst is four flows to each of 16 hops, so that a
# router gets four probes, fewer than the six that Linux answers at once. Lower rates shrink the
# burst in proportion. Higher rates enlarge it to the probes due before a busy machine looks again.
_MOST_BURST: Final = 64
_BURST_S: Final = 0.064
_LATE_S: Final = 0.005


# A dataclass would delay the first probe by half a millisecond.
class Pacing:
    """Lets `rate_pps` probes per second leave, at most `burst` of them back to back.

    Idle time accumulates at most one burst, plus half a probe so that a slightly late check does
    not lower the rate.
    """

    __slots__ = ("_counted_at_s", "_tokens", "burst", "rate_pps")

    def __init__(self, rate_pps: float, burst: int) -> None:
        self.rate_pps = rate_pps
        self.burst = burst
        self._tokens = float(burst)
        self._counted_at_s = 0.0

    def admits(self, now_s: float) -> int:
        """How many probes may be sent at `now_s`."""
        earned = (now_s - self._counted_at_s) * self.rate_pps
        self._tokens = min(self._tokens + max(earned, 0.0), self.burst + _SLACK)
        self._counted_at_s = now_s
        # A probe that is due within less than the clock's resolution is due now, or it never is.
        return int(self._tokens + 1e-9) or int(self.next_s() <= now_s)

    def spend(self, probes: float) -> None:
        """Count `probes` as sent."""
        self._tokens -= probes

    def next_s(self) -> float:
        """When the next probe may leave."""
        return self._counted_at_s + max(0.0, 1 - self._tokens) / self.rate_pps


def burst(rate_pps: float) -> int:
    """How many probes may leave back to back at this rate."""
    return max(1, min(_MOST_BURST, int(rate_pps * _BURST_S)), int(rate_pps * _LATE_S))
