"""Finds when something that is the same each time begins to be otherwise: an exact test, repeated.

Each trial has the usual result or another one. If nothing changes, all orders of the trials are
equally likely; then the chance that so many of the latest trials are others, given how many there
are in all, is hypergeometric (Fisher, 1922). The test is repeated with every trial, for as long as
trials come: the n-th one spends 1 / n(n + 1) of the level, which sums up to all of it.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final, NamedTuple

LATEST: Final = 256  # trials within which a change is found


class Shift(NamedTuple):
    """A change: `others` of the `trials` from the time `at_s` on are others.

    The trial before was at `before_s`. `probability` is the chance of such an end of the series if
    nothing had changed.
    """

    before_s: float
    at_s: float
    others: int
    trials: int
    probability: float


class Steady:
    """A series of trials that has not shifted yet. A false shift has a chance of `level` at most.

    That holds for the whole series, however long. Only the latest trials are kept.
    """

    def __init__(self, level: float) -> None:
        self._level = level
        self._earlier = 0  # trials that are no longer kept
        self._earlier_others = 0
        self._latest: deque[tuple[float, bool]] = deque()  # when, and whether it is another

    def add(self, at_s: float, *, is_other: bool) -> Shift | None:
        """Count a trial at `at_s`; returns the shift that it proves, if any."""
        if len(self._latest) == LATEST:
            self._earlier += 1
            self._earlier_others += self._latest.popleft()[1]
        self._latest.append((at_s, is_other))
        if not is_other:
            return None
        starts = [place for place, (_, other) in enumerate(self._latest) if other]
        # As many as double: each start that is tried costs its part of the level.
        tried = [starts[-(1 << power)] for power in range(len(starts).bit_length())]
        trials = self._earlier + len(self._latest)
        level = self._level / (trials * (trials + 1)) / len(tried)
        if min(map(self._chance, tried)) > level:
            return None
        start = min(starts, key=self._chance)
        if not start:
            return None  # it began before all that is kept
        latest = list(self._latest)
        return Shift(
            before_s=latest[start - 1][0],
            at_s=latest[start][0],
            others=sum(other for _, other in latest[start:]),
            trials=len(latest) - start,
            probability=self._chance(start) * len(tried),
        )

    def _chance(self, start: int) -> float:
        """The chance of so many others among the trials from `start` on, or more."""
        kept = [other for _, other in self._latest]
        hits, drawn = sum(kept[start:]), len(kept) - start
        others, trials = self._earlier_others + sum(kept), self._earlier + len(kept)
        return sum(
            math.exp(
                _log_ways(others, count)
                + _log_ways(trials - others, drawn - count)
                - _log_ways(trials, drawn)
            )
            for count in range(hits, min(others, drawn) + 1)
            if drawn - count <= trials - others
        )


def _log_ways(of: int, chosen: int) -> float:
    """The logarithm of the number of ways to choose so many of so many."""
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)
