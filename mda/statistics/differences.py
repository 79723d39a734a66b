"""The median difference between two samples, without looking at every pair of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class _Row(NamedTuple):
    """The differences of `value` to `others`, in ascending order, from `begin` to before `end`."""

    value: float
    others: Sequence[float]  # descending
    begin: int
    end: int

    @property
    def middle(self) -> tuple[float, int]:
        """The difference in the middle, and the number of differences."""
        return self.value - self.others[(self.begin + self.end) // 2], self.end - self.begin

    def upto(self, limit: float) -> _Row:
        """The differences below `limit`."""
        return self._replace(end=bisect_left(*self._searched(limit), key=self._difference))

    def beyond(self, limit: float) -> _Row:
        """The differences above `limit`."""
        return self._replace(begin=bisect_right(*self._searched(limit), key=self._difference))

    def _searched(self, limit: float) -> tuple[Sequence[float], float, int, int]:
        return self.others, limit, self.begin, self.end

    def _difference(self, other: float) -> float:
        return self.value - other


def median_difference(
    strata: Iterable[tuple[Sequence[float], Sequence[float]]],
) -> float | None:
    """The median of a - b, for each a and b of the two samples of a stratum, of all strata.

    By Hodges and Lehmann, 1963. None without a pair. For samples of n values it takes a time of
    n log² n, where there are n² pairs.

    >>> median_difference([([4, 6], [1, 2]), ([9], [])])
    3.5
    """
    rows = []
    for some, others in strata:
        descending = sorted(others, reverse=True)
        rows += [_Row(value, descending, 0, len(others)) for value in some if others]
    pairs = _pairs(rows)
    if not pairs:
        return None
    return (_smallest(rows, (pairs - 1) // 2) + _smallest(rows, pairs // 2)) / 2


def _smallest(rows: list[_Row], place: int) -> float:
    """The difference with so many below it; each round leaves out a quarter of them at least.

    By Johnson and Mizoguchi, 1978.
    """
    while True:
        pivot = _weighted_median([row.middle for row in rows])
        below = [row.upto(pivot) for row in rows]
        beyond = [row.beyond(pivot) for row in rows]
        at_most = _pairs(rows) - _pairs(beyond)
        if _pairs(below) <= place < at_most:
            return pivot
        if place < at_most:
            left = below
        else:
            left, place = beyond, place - at_most
        rows = [row for row in left if row.begin < row.end]


def _weighted_median(weighted: list[tuple[float, int]]) -> float:
    """The first value, in ascending order, by which half of all weight is counted."""
    ordered = sorted(weighted)
    counted = list(accumulate(weight for _, weight in ordered))
    return ordered[bisect_left(counted, counted[-1] / 2)][0]


def _pairs(rows: Iterable[_Row]) -> int:
    return sum(row.end - row.begin for row in rows)
