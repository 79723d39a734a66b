"""A token bucket: how many probes may leave now. `now_s` is always an argument."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_CARRIED: Final = 0.5  # of a probe

# Probes back to back: at the default rate four flows to every hop of a path of sixteen. A router
# gets four of them, less than the six that Linux answers at once. At lower rates in proportion; at
# much higher ones as many as may be due by the time that a busy machine looks again.
_MOST_BURST: Final = 64
_BURST_S: Final = 0.064
_LATE_S: Final = 0.005


@dataclass(slots=True)
class Pacing:
    """Lets `rate_pps` probes a second leave, at most `burst` of them back to back.

    Time in which nothing was sent earns no more than one burst; half a probe more is kept, so that
    looking a little late does not lower the rate.
    """

    rate_pps: float
    burst: int
    _tokens: float = field(init=False)
    _counted_at_s: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._tokens = float(self.burst)

    def admits(self, now_s: float) -> int:
        """How many probes may be sent at `now_s`."""
        earned = (now_s - self._counted_at_s) * self.rate_pps
        self._tokens = min(self._tokens + max(earned, 0.0), self.burst + _CARRIED)
        self._counted_at_s = now_s
        # What is due in less than the clock can tell apart is due now: else it would never be.
        return int(self._tokens + 1e-9) or int(self.next_s() <= now_s)

    def spend(self, probes: int) -> None:
        """Count `probes` as sent."""
        self._tokens -= probes

    def next_s(self) -> float:
        """When the next probe may leave."""
        return self._counted_at_s + max(0.0, 1 - self._tokens) / self.rate_pps


def burst(rate_pps: float) -> int:
    """How many probes may leave back to back at this rate."""
    return max(1, min(_MOST_BURST, int(rate_pps * _BURST_S)), int(rate_pps * _LATE_S))
