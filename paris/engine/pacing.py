"""A token bucket: how many probes may leave now. `now_s` is always an argument."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_CARRIED: Final = 0.5  # of a probe


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
