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
# This part of a burst leaves together: to wake up for each probe takes longer than to send it. The
# other part is room for what is earned while the machine is late.
_OF_BURST: Final = 2


# A dataclass would delay the first probe by half a millisecond.
class Pacing:
    """Lets `rate_pps` probes per second leave, at most `burst` of them back to back.

    Idle time accumulates at most one burst, plus half a probe so that a slightly late check does
    not lower the rate. Where so many wait, none leaves before `together` of them may.
    """

    __slots__ = ("_counted_at_s", "_tokens", "burst", "rate_pps", "together")

    def __init__(self, rate_pps: float, burst: int, together: int = 1) -> None:
        self.rate_pps = rate_pps
        self.burst = burst
        self.together = together
        self._tokens = float(burst)
        self._counted_at_s = 0.0

    def admits(self, now_s: float, waiting: int = 1) -> int:
        """How many probes may be sent at `now_s`, where so many wait."""
        earned = (now_s - self._counted_at_s) * self.rate_pps
        self._tokens = min(self._tokens + max(earned, 0.0), self.burst + _SLACK)
        self._counted_at_s = now_s
        earned_probes, least = int(self._tokens + 1e-9), self._least(waiting)
        if earned_probes >= least:
            return earned_probes
        # A probe that is due within less than the clock's resolution is due now, or it never is.
        return least if self.next_s(waiting) <= now_s else 0

    def empty(self, at_s: float) -> None:
        """Let none leave at `at_s`, and from then on what is earned."""
        self._tokens, self._counted_at_s = 0.0, at_s

    def spend(self, probes: float) -> None:
        """Count `probes` as sent."""
        self._tokens -= probes

    def change_rate(self, rate_pps: float) -> None:
        """Let `rate_pps` probes per second leave from now on; what was overspent takes as long."""
        if self._tokens < 0:
            self._tokens *= rate_pps / self.rate_pps
        self.rate_pps = rate_pps

    def next_s(self, waiting: int = 1) -> float:
        """When the next probe may leave, where so many wait."""
        return self._counted_at_s + max(0.0, self._least(waiting) - self._tokens) / self.rate_pps

    def _least(self, waiting: int) -> int:
        """How many probes leave at once if so many wait."""
        return max(1, min(waiting, self.together))


def burst(rate_pps: float) -> int:
    """How many probes may leave back to back at this rate."""
    return max(1, min(_MOST_BURST, int(rate_pps * _BURST_S)), int(rate_pps * _LATE_S))


def together(rate_pps: float) -> int:
    """How many probes leave together at this rate, where waking up takes time."""
    return max(1, burst(rate_pps) // _OF_BURST)
