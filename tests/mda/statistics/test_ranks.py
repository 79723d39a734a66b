from __future__ import annotations

from itertools import combinations, product
from random import Random

import pytest
import scipy

from mda.statistics.ranks import rank_probability, stratified_rank_probability

# Only the worker that runs these imports scipy.stats, which takes a second.
pytestmark = pytest.mark.xdist_group("scipy")


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (5, 5), (8, 8), (3, 20), (9, 30), (8, 190)])
def test_rank_sum_probabilities_agree_with_scipy(n: int, m: int) -> None:
    random = Random(n * m)
    for shift in (0.0, 0.5, 1.0):
        some, others = [random.gauss(shift) for _ in range(n)], [random.gauss() for _ in range(m)]
        expected = scipy.stats.mannwhitneyu(some, others, method="exact").pvalue
        assert rank_probability(some, others) == pytest.approx(expected)
        assert rank_probability(others, some) == pytest.approx(expected)


@pytest.mark.parametrize("size", [300, 30_000])
def test_large_samples_use_the_normal_approximation(size: int) -> None:
    random = Random(1)
    some = [random.gauss(0.2 * (300 / size) ** 0.5) for _ in range(size)]
    others = [random.gauss() for _ in range(size + 100)]
    expected = scipy.stats.mannwhitneyu(some, others, method="asymptotic").pvalue
    assert rank_probability(some, others) == pytest.approx(expected)


def test_samples_that_are_empty_or_equal_do_not_differ() -> None:
    assert rank_probability([2, 2], [2, 2, 2]) == 1.0
    assert rank_probability([], [1]) == rank_probability([1], []) == 1.0
    assert stratified_rank_probability([]) == stratified_rank_probability([([1], []), ([], [2])])
    assert rank_probability([7.0] * 400, [7.0] * 400) == 1.0


@pytest.mark.parametrize(
    "strata",
    [
        [([1, 1, 3], [2, 3, 4])],  # ties
        [([1, 2], [3, 4]), ([10, 11], [12])],
        [([5, 6], [5, 1, 2]), ([3], []), ([4, 4], [4, 5])],
    ],
)
def test_a_stratified_probability_counts_every_assignment(
    strata: list[tuple[list[int], list[int]]],
) -> None:
    assert stratified_rank_probability(strata) == pytest.approx(every_assignment(strata))


def test_many_strata_use_the_normal_approximation() -> None:
    # To multiply the counts of 48 strata would take seconds.
    random = Random(3)
    strata = [
        ([random.gauss(0.2) for _ in range(10)], [random.gauss() for _ in range(10)])
        for _ in range(48)
    ]
    ranks = [scipy.stats.rankdata([*some, *others]) for some, others in strata]
    deviation = abs(sum(told[:10].sum() - 105 for told in ranks))
    variance = 48 * 10 * 10 * 21 / 12
    expected = 2 * scipy.stats.norm.sf((deviation - 0.5) / variance**0.5)
    assert stratified_rank_probability(strata) == pytest.approx(expected)


def every_assignment(strata: list[tuple[list[int], list[int]]]) -> float:
    """The share of all ways to assign values to samples that deviate as much, one by one."""
    told = [
        (some, scipy.stats.rankdata([*some, *others])) for some, others in strata if some and others
    ]
    middle = sum(len(some) * (len(ranks) + 1) / 2 for some, ranks in told)
    seen = abs(sum(ranks[: len(some)].sum() for some, ranks in told) - middle)
    sums = product(*(combinations(ranks, len(some)) for some, ranks in told))
    found = [abs(sum(map(sum, chosen)) - middle) >= seen - 1e-9 for chosen in sums]
    return sum(map(bool, found)) / len(found)


def test_values_are_compared_only_within_their_stratum() -> None:
    # Both samples are alike on each path; one has most of its flows on the slow path.
    quick, slow = [10.0 + n / 10 for n in range(12)], [30.0 + n / 10 for n in range(12)]
    some_quick, some_slow = quick[::6], [time for place, time in enumerate(slow) if place % 6]
    quick, slow = [time for time in quick if time not in some_quick], slow[::6]
    pooled = rank_probability([*some_quick, *some_slow], [*quick, *slow])
    assert stratified_rank_probability([(some_quick, quick), (some_slow, slow)]) > 0.3
    assert pooled < 0.01
