"""Intervals and tests for counts: shares, evenness, independence, and several tests at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    It is exact for two counts. For more it uses Pearson's statistic, which needs about five
    expected in each.

    >>> round(even_probability([6, 5]), 3), round(even_probability([11, 1]), 4)
    (1.0, 0.0063)
    """
    draws, classes = sum(counts), len(counts)
    if classes < 2 or not draws:
        return 1.0
    if classes == 2:
        fewest = min(counts)
        as_uneven = sum(math.comb(draws, hits) for hits in range(fewest + 1))
        return min(1.0, 2 * as_uneven / (1 << draws))
    expected = draws / classes
    return chi_square_tail(sum((count - expected) ** 2 for count in counts) / expected, classes - 1)


def independence(table: Sequence[Sequence[int]]) -> tuple[float, float]:
    """Pearson's statistic of a table of counts, and the probability of one at least as large.

    The probability assumes independent rows and columns. It is exact for two by two (Fisher), where
    small counts are common.

    >>> statistic, chance = independence([[6, 0], [0, 5]])
    >>> round(statistic, 2), round(chance, 5)
    (11.0, 0.00216)
    """
    rows = [sum(row) for row in table]
    columns = [sum(column) for column in zip(*table, strict=True)]
    total = sum(rows)
    statistic = sum(
        (count - rows[i] * columns[j] / total) ** 2 / (rows[i] * columns[j] / total)
        for i, row in enumerate(table)
        for j, count in enumerate(row)
    )
    if len(rows) == len(columns) == 2:
        return statistic, fisher(table[0][0], rows[0], columns[0], total)
    return statistic, chi_square_tail(statistic, (len(rows) - 1) * (len(columns) - 1))


def fisher(hits: int, row: int, column: int, total: int) -> float:
    """The probability of a two by two table no likelier than this with its sums (Fisher, 1922)."""

    def ways(first: int) -> int:
        return math.comb(row, first) * math.comb(total - row, column - first)

    seen = ways(hits)
    possible = range(max(0, row + column - total), min(row, column) + 1)
    return sum(count for count in map(ways, possible) if count <= seen) / math.comb(total, column)


def rank_probability(some: Sequence[float], others: Sequence[float]) -> float:
    """The two-sided probability that samples of one distribution differ at least so much in rank.

    By Mann and Whitney, 1947, in the normal approximation with ties; 1 if a sample is empty.
    """
    n, m = len(some), len(others)
    if not n or not m:
        return 1.0
    merged = sorted((value, index < n) for index, value in enumerate((*some, *others)))
    ranks, ties, begin = 0.0, 0.0, 0
    while begin < n + m:
        end = begin
        while end < n + m and merged[end][0] == merged[begin][0]:
            end += 1
        size = end - begin
        ranks += sum(is_some for _, is_some in merged[begin:end]) * (begin + end + 1) / 2
        ties += size**3 - size
        begin = end
    total = n + m
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    deviation = abs(ranks - n * (total + 1) / 2) - 0.5
    return math.erfc(max(0.0, deviation) / math.sqrt(2 * variance))


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
