"""Counts and round-trip times of many probes, in a space that does not grow with them.

Times are counted in buckets whose bounds grow by a constant factor, as in DDSketch (Masson, Rim and
Lee, 2019): a quantile is off by at most `ERROR` of itself, whatever the distribution.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

from mda.statistics.delays import Delays

ERROR: Final = 0.01  # of a quantile, relative
_GROWTH: Final = (1 + ERROR) / (1 - ERROR)
_LOG_GROWTH: Final = math.log(_GROWTH)
_SHORTEST_S: Final = 1e-9  # no clock measures shorter times
_JITTER_GAIN: Final = 16  # RFC 3550 section 6.4.1


class Sketch:
    """The probes `sent` and `lost`, and the round trips of the others: all figures in seconds.

    Each figure of times is None without a reply. The jitter compares round trips by the same path
    only: those of others are longer or shorter.
    """

    __slots__ = ("_buckets", "_last_by_path_s", "_last_s", "_mean_s", "_squares", "jitter_s",
                 "lost", "max_s", "min_s", "sent")  # fmt: skip

    def __init__(self) -> None:
        self.sent = 0
        self.lost = 0
        self.min_s: float | None = None
        self.max_s: float | None = None
        self.jitter_s: float | None = None
        self._buckets: Counter[int] = Counter()
        self._last_by_path_s: dict[int, float] = {}
        self._last_s = 0.0
        self._mean_s = 0.0
        self._squares = 0.0

    def add_loss(self) -> None:
        """Count a probe without a reply."""
        self.sent += 1
        self.lost += 1

    def add_reply(self, rtt_s: float, path: int = 0) -> None:
        """Count a probe by a path, and its round trip."""
        self.sent += 1
        self.min_s = rtt_s if self.min_s is None else min(self.min_s, rtt_s)
        self.max_s = rtt_s if self.max_s is None else max(self.max_s, rtt_s)
        last_s = self._last_by_path_s.get(path)
        if last_s is not None:
            jitter_s = self.jitter_s or 0.0
            self.jitter_s = jitter_s + (abs(rtt_s - last_s) - jitter_s) / _JITTER_GAIN
        self._last_s = self._last_by_path_s[path] = rtt_s
        self._buckets[math.ceil(math.log(max(rtt_s, _SHORTEST_S)) / _LOG_GROWTH)] += 1
        # Welford, 1962: stable however many values there are.
        off_s = rtt_s - self._mean_s
        self._mean_s += off_s / self.replies
        self._squares += off_s * (rtt_s - self._mean_s)

    @property
    def replies(self) -> int:
        """How many probes were answered."""
        return self.sent - self.lost

    @property
    def delays(self) -> Delays:
        """All figures as they are now."""
        return Delays(
            self.sent, self.lost, self.min_s, self.median_s, self.p95_s, self.max_s, self.mean_s,
            self.stdev_s, self.jitter_s,
        )  # fmt: skip

    @property
    def last_s(self) -> float | None:
        """The latest round trip."""
        return self._last_s if self.replies else None

    @property
    def mean_s(self) -> float | None:
        """The mean round trip."""
        return self._mean_s if self.replies else None

    @property
    def stdev_s(self) -> float | None:
        """The standard deviation of round trips; None for fewer than two."""
        return math.sqrt(self._squares / (self.replies - 1)) if self.replies > 1 else None

    @property
    def median_s(self) -> float | None:
        """The median round trip, within `ERROR`."""
        return self.quantile_s(0.5)

    @property
    def p95_s(self) -> float | None:
        """The time within which 95 % of replies came, within `ERROR`."""
        return self.quantile_s(0.95)

    def quantile_s(self, share: float) -> float | None:
        """The time within which this share of replies came (nearest rank), within `ERROR`.

        >>> sketch = Sketch()
        >>> for milliseconds in range(1, 101):
        ...     sketch.add_reply(milliseconds / 1000)
        >>> round(sketch.quantile_s(0.95), 2)
        0.1
        """
        if self.min_s is None or self.max_s is None:
            return None
        left = max(1, math.ceil(share * self.replies))
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                middle_s = 2 * _GROWTH**bucket / (_GROWTH + 1)
                return min(max(middle_s, self.min_s), self.max_s)
        return self.max_s
