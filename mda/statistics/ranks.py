"""Whether two samples are alike in rank, also within strata: exact where they are small."""

from __future__ import annotations

import math
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# The bytes that may be added up for an exact chance: half a second's work. Beyond that, the normal
# approximation is off by less than a fifth of a chance of 0.001 and more; by up to a half where one
# sample has fewer than 20 values and the other a thousand.
_MOST_ADDITIONS: Final = 2e9


def rank_probability(some: Sequence[float], others: Sequence[float]) -> float:
    """The chance that two samples of one distribution differ at least this much in rank, two-sided.

    By Mann and Whitney, 1947, with midranks for ties. Exact for small samples, else by the normal
    approximation. 1 where a sample is empty.

    >>> round(rank_probability([1, 2, 3], [4, 5, 6]), 3), rank_probability([1], [2])
    (0.1, 1.0)
    """
    return stratified_rank_probability([(some, others)])


def stratified_rank_probability(
    strata: Sequence[tuple[Sequence[float], Sequence[float]]],
) -> float:
    """The same for samples of which only values in one stratum are comparable (van Elteren, 1960).

    The statistic is the sum of the rank sums of all strata. A stratum in which a sample is empty
    does not count; the chance is 1 where that holds for all.
    """
    ranked = [_ranked(some, others) for some, others in strata if some and others]
    # Ranks are counted double, so that midranks are whole numbers.
    deviation = abs(sum(sum(ranks[:n]) - n * (len(ranks) + 1) for n, ranks in ranked))
    if _additions(ranked) <= _MOST_ADDITIONS:
        return _exact(ranked, deviation)
    variance = sum(_variance(n, ranks) for n, ranks in ranked)
    if variance <= 0:
        return 1.0
    return math.erfc(max(0.0, deviation / 2 - 0.5) / math.sqrt(2 * variance))


def _ranked(some: Sequence[float], others: Sequence[float]) -> tuple[int, list[int]]:
    """The size of the smaller sample, and twice the ranks of its values and of the others.

    Where that is not `some`, ranks count from above, so that its sum deviates as that of `some`.
    """
    if len(some) <= len(others):
        return len(some), _doubled_ranks([*some, *others])
    ranks = _doubled_ranks([*others, *some])
    return len(others), [2 * (len(ranks) + 1) - rank for rank in ranks]


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value; equal values have the middle of their ranks.

    >>> _doubled_ranks([5.0, 1.0, 5.0])
    [5, 2, 5]
    """
    order = sorted(range(len(values)), key=lambda index: values[index])
    ranks, begin = [0] * len(values), 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for index in order[begin:end]:
            ranks[index] = begin + end + 1
        begin = end
    return ranks


def _ways(ranked: Sequence[tuple[int, Sequence[int]]]) -> tuple[int, int]:
    """How many assignments there are, and in how many bytes that number fits."""
    ways = math.prod(math.comb(len(ranks), n) for n, ranks in ranked)
    return ways, ways.bit_length() // 8 + 1


def _additions(ranked: Sequence[tuple[int, Sequence[int]]]) -> float:
    """About how many bytes an exact chance adds up: each stratum's, and to multiply them."""
    _, width = _ways(ranked)
    lengths = [width * n * 2 * len(ranks) for n, ranks in ranked]
    strata = sum(
        len(ranks) * n * length for (n, ranks), length in zip(ranked, lengths, strict=True)
    )
    products = zip(accumulate(lengths), lengths[1:], strict=False)
    return strata + sum(_product_additions(*sorted(pair)) for pair in products)


def _product_additions(shorter: int, longer: int) -> float:
    """About how many byte additions last as long as a product of numbers of so many bytes.

    Python multiplies long integers as Karatsuba, 1962.
    """
    return longer * math.pow(shorter, math.log2(3) - 1)


def _exact(ranked: Sequence[tuple[int, Sequence[int]]], deviation: int) -> float:
    """The share of all assignments to the two samples that deviate at least so much.

    A polynomial counts the assignments by their rank sum. Its coefficients lie side by side in one
    long integer, each in as many bytes as the largest needs, so that arithmetic is quick. They are
    half as many where no values are equal: all ranks are even then.
    """
    ways, width = _ways(ranked)
    unit = math.gcd(*(rank for _, ranks in ranked for rank in ranks))
    product, middle = 1, 0
    for n, ranks in ranked:
        has_ties = len(set(ranks)) < len(ranks)
        if has_ties:
            product *= _rank_sums([rank // unit for rank in ranks], n, 8 * width)
        else:
            product *= _rank_sums_without_ties(len(ranks), n, 8 * width * 2 // unit)
        middle += n * (len(ranks) + 1)
    packed = product.to_bytes(product.bit_length() // 8 + width, "little")
    extreme = sum(
        int.from_bytes(packed[start : start + width], "little")
        for rank_sum, start in enumerate(range(0, len(packed), width))
        if abs(unit * rank_sum - middle) >= deviation
    )
    return extreme / ways


def _rank_sums(ranks: Sequence[int], n: int, bits: int) -> int:
    """The polynomial of the sums of all `n` of these ranks, with `bits` for each coefficient.

    Low ranks come first, as the coefficients are few then.
    """
    by_size = [1, *[0] * n]
    for rank in sorted(ranks):
        for size in range(n, 0, -1):
            by_size[size] += by_size[size - 1] << (bits * rank)
    return by_size[n]


def _rank_sums_without_ties(total: int, n: int, bits: int) -> int:
    """The same for the ranks from 1 to `total`: a Gaussian binomial coefficient, far sooner.

    It is the product of (1 - q^(total - n + k)) / (1 - q^k) for all k up to n, each partial product
    a polynomial. Dividing by 1 - x multiplies with 1 + x, 1 + x^2, 1 + x^4 and so on.
    """
    product = 1
    for k in range(1, n + 1):
        length = bits * (k * (total - n) + 1)
        kept = (1 << length) - 1  # higher powers cancel each other out
        product = (product - (product << bits * (total - n + k))) & kept
        power = bits * k
        while power < length:
            product = (product + (product << power)) & kept
            power *= 2
    return product << bits * (n * (n + 1) // 2)


def _variance(n: int, ranks: Sequence[int]) -> float:
    """The variance of a rank sum, given twice the ranks."""
    total = len(ranks)
    ties = sum(count**3 - count for count in Counter(ranks).values())
    return n * (total - n) / 12 * (total + 1 - ties / (total * (total - 1)))
