"""Intervals and tests for counts: shares, evenness, and several tests at once."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EXACT_DRAWS: Final = 40
_Z95: Final = 1.959964  # standard deviations within which 95 % of a normal variable lie


def share_interval(hits: int, draws: int) -> tuple[float, float]:
    """The 95 % interval of a share, given `hits` in `draws` (Wilson, 1927).

    >>> [round(end, 3) for end in share_interval(5, 10)]
    [0.237, 0.763]
    """
    if not draws:
        return 0.0, 1.0
    share, spread = hits / draws, _Z95**2 / draws
    middle = (share + spread / 2) / (1 + spread)
    reach = _Z95 * math.sqrt(share * (1 - share) / draws + spread / (4 * draws)) / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def at_most(hits: int, draws: int, share: float) -> float:
    """The chance of at most `hits` in `draws` that hit with chance `share` each.

    >>> round(at_most(1, 3, 0.5), 9)
    0.5
    """
    if share <= 0 or share >= 1:
        return float(share <= 0 or hits >= draws)
    log_choices = math.lgamma(draws + 1)
    return min(
        1.0,
        sum(
            math.exp(
                log_choices
                - math.lgamma(hit + 1)
                - math.lgamma(draws - hit + 1)
                + hit * math.log(share)
                + (draws - hit) * math.log1p(-share)
            )
            for hit in range(min(hits, draws) + 1)
        ),
    )


def chi_square_tail(statistic: float, degrees: int) -> float:
    """The chance that a chi-square variable exceeds `statistic` (Abramowitz and Stegun 26.4.4-5).

    >>> round(chi_square_tail(3.841, 1), 4), round(chi_square_tail(11.07, 5), 4)
    (0.05, 0.05)
    """
    half = max(statistic, 0.0) / 2
    is_odd = degrees % 2
    tail = math.erfc(math.sqrt(half)) if is_odd else math.exp(-half)
    term = 2 * math.sqrt(half / math.pi) * math.exp(-half) if is_odd else math.exp(-half) * half
    for step in range(1, (degrees - is_odd) // 2 + is_odd):
        tail += term
        term *= half / (step + (0.5 if is_odd else 1.0))
    return min(1.0, tail)


def even_probability(counts: Sequence[int]) -> float:
    """The probability that an even split gives counts at least as uneven as these.

    Pearson's statistic measures how uneven counts are. The probability is exact for two counts and
    for up to 40 draws; for more it is that of the chi-square distribution.

    >>> round(even_probability([6, 5]), 3), round(even_probability([5, 1, 0]), 4)
    (1.0, 0.0535)
    """
    draws, classes = sum(counts), len(counts)
    if classes < 2 or not draws:
        return 1.0
    if classes == 2:
        fewest = min(counts)
        as_uneven = sum(math.comb(draws, hits) for hits in range(fewest + 1))
        return min(1.0, 2 * as_uneven / (1 << draws))
    squares = sum(count**2 for count in counts)
    if draws <= _EXACT_DRAWS:
        every = _series_by_squares(draws, classes)
        uneven = sum(series for found, series in every.items() if found >= squares)
        return uneven / math.pow(classes, draws)
    return chi_square_tail(squares * classes / draws - draws, classes - 1)


@cache
def _series_by_squares(draws: int, classes: int) -> dict[int, int]:
    """Of all `classes` ** `draws` series of draws, how many have each sum of squared counts."""
    found: Counter[int] = Counter()
    for counts in _partitions(draws, classes, draws):
        series = math.factorial(draws) // math.prod(map(math.factorial, counts))
        alike = math.prod(map(math.factorial, Counter(counts).values()))
        found[sum(count**2 for count in counts)] += series * math.factorial(classes) // alike
    return found


def _partitions(total: int, parts: int, largest: int) -> Iterator[tuple[int, ...]]:
    """All descending tuples of `parts` numbers, none above `largest`, that add up to `total`."""
    if parts == 1:
        yield (total,)
        return
    for first in range(min(total, largest), -(-total // parts) - 1, -1):
        for rest in _partitions(total - first, parts - 1, first):
            yield (first, *rest)


def chance_apart(near: Sequence[int], far: Sequence[int]) -> float:
    """At most the chance that two samples of one population have no class in common.

    `near` and `far` count the members of each class in either sample. Of all ways to divide the
    members into samples of these sizes, those that divide no class are at most one for each set of
    classes.

    >>> round(chance_apart([6], [6]), 4), round(chance_apart([2, 1], [2]), 4)
    (0.0043, 0.8)
    """
    size, members, classes = sum(near), sum(near) + sum(far), len(near) + len(far)
    ways = math.lgamma(members + 1) - math.lgamma(size + 1) - math.lgamma(members - size + 1)
    return min(1.0, math.exp(min(0.0, classes * math.log(2) - ways)))


def matters(difference_s: float, usual_s: float) -> bool:
    """Whether a difference of round-trip times is worth a word: 0.1 ms and 2 percent, at least."""
    return abs(difference_s) >= max(0.0001, 0.02 * usual_s)


def holm(chances: Sequence[float]) -> list[float]:
    """Each chance adjusted for the number of tests (Holm, 1979), in the order given.

    >>> [round(chance, 3) for chance in holm([0.01, 0.04, 0.02])]
    [0.03, 0.04, 0.04]
    """
    order = sorted(range(len(chances)), key=lambda index: chances[index])
    adjusted, highest = [1.0] * len(chances), 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(chances) - place) * chances[index]))
        adjusted[index] = highest
    return adjusted
