"""What chance allows: exact probabilities to compare with, and how far off a count may be.

The figures were computed apart from this project's code, by dynamic programming over the number
of successors seen (even splits) or the set of them (uneven ones).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# Chance that the stopping rule at 0.05 per vertex leaves so many equal successors too early.
MISSED: Final = {
    1: 0.0,
    2: 0.031250,
    3: 0.037714,
    4: 0.042393,
    8: 0.044124,
    16: 0.047538,
    48: 0.049157,
}
# The same for successors with unequal shares of the flows.
MISSED_UNEVEN: Final = {
    (0.7, 0.3): 0.1184,
    (0.9, 0.1): 0.5314,
    (0.5, 0.25, 0.25): 0.0935,
}


def graph_missed(*widths: int) -> float:
    """Chance of missing anything of a graph whose balancers have these many successors each."""
    return 1 - math.prod(1 - MISSED[width] for width in widths)


def interval(hits: int, runs: int, confidence: float = 0.999) -> tuple[float, float]:
    """The probabilities that `hits` of `runs` do not rule out (Clopper and Pearson, 1934).

    Of tests that ask whether the truth is inside, at most 1 - `confidence` fail by chance.

    >>> [round(end, 4) for end in interval(5, 10, 0.95)]
    [0.1871, 0.8129]
    >>> [round(end, 4) for end in interval(0, 10, 0.95)]
    [0.0, 0.3085]
    """
    if 2 * hits > runs:  # the sums below are over the hits: count the misses if they are fewer
        low, high = interval(runs - hits, runs, confidence)
        return 1 - high, 1 - low
    tail = (1 - confidence) / 2
    low = _root(lambda p: 1 - _at_most(hits - 1, runs, p) >= tail) if hits else 0.0
    return low, _root(lambda p: _at_most(hits, runs, p) <= tail)


def is_likely(exact: float, hits: int, runs: int, confidence: float = 0.999) -> bool:
    """Whether `hits` of `runs` go with a probability of `exact`."""
    low, high = interval(hits, runs, confidence)
    return low <= exact <= high


def least_excess(probability: float, runs: int, confidence: float) -> int:
    """The least number of hits that are too many for a probability, as `interval` judges.

    >>> least_excess(0.05, 100, 0.95)
    11
    >>> interval(10, 100, 0.95)[0] < 0.05 < interval(11, 100, 0.95)[0]
    True
    """
    low, high = 0, runs + 1  # all runs may be too few to be an excess
    while low < high:
        hits = (low + high) // 2
        is_excess = 1 - _at_most(hits - 1, runs, probability) < (1 - confidence) / 2
        low, high = (low, hits) if is_excess else (hits + 1, high)
    return low


def power(probability: float, runs: int, confidence: float) -> float:
    """The chance to notice that what should happen with a probability happens twice as often.

    >>> round(power(0.05, 100, 0.95), 3)
    0.417
    """
    return 1 - _at_most(least_excess(probability, runs, confidence) - 1, runs, 2 * probability)


def _at_most(hits: int, runs: int, probability: float) -> float:
    """Chance of at most `hits` of `runs`."""
    if not 0 < probability < 1:
        return float(probability <= 0 or hits >= runs)
    yes, no, all_ways = math.log(probability), math.log1p(-probability), math.lgamma(runs + 1)
    return math.fsum(
        math.exp(
            all_ways
            - math.lgamma(count + 1)
            - math.lgamma(runs - count + 1)
            + count * yes
            + (runs - count) * no
        )
        for count in range(hits + 1)
    )


def _root(is_beyond: Callable[[float], bool]) -> float:
    """Where in [0, 1] a condition begins to hold."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if is_beyond(middle) else (middle, high)
    return (low + high) / 2
