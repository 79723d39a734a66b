from __future__ import annotations

from random import Random

import numpy as np
import pytest
import scipy

from mda.statistics.tables import fisher, independence

# Only the worker that runs these imports scipy.stats, which takes a second.
pytestmark = pytest.mark.xdist_group("scipy")


def test_fishers_test_counts_every_table_with_the_same_sums() -> None:
    # Lady tasting tea: three of four right, twice; all four right, once in 35.
    assert fisher(3, 4, 4, 8) == pytest.approx(34 / 70)
    assert fisher(4, 4, 4, 8) == pytest.approx(2 / 70)


def test_dependent_tables_have_small_probabilities_and_independent_ones_rarely() -> None:
    assert independence([[12, 0], [0, 12]])[1] < 1e-6
    assert independence([[6, 6], [6, 6]]) == (0.0, 1.0)
    assert independence([[8, 0, 0], [0, 8, 0], [0, 0, 8]])[1] < 1e-8
    random = Random(5)
    low = 0
    for _ in range(300):
        table = [[0] * 3 for _ in range(3)]
        for _ in range(45):
            table[random.randrange(3)][random.randrange(3)] += 1
        low += independence(table)[1] <= 0.01
    assert low <= 11  # of 3 on average: more by chance once in 5,000 times


@pytest.mark.parametrize("table", [[[3, 1], [0, 4]], [[9, 2], [3, 8]], [[1, 0], [0, 1]]])
def test_two_by_two_tables_agree_with_scipy(table: list[list[int]]) -> None:
    assert independence(table)[1] == pytest.approx(scipy.stats.fisher_exact(np.array(table)).pvalue)


@pytest.mark.parametrize("table", [[[30, 20, 25], [28, 40, 22]], [[12, 9, 8], [5, 9, 14]]])
def test_large_tables_agree_with_scipy(table: list[list[int]]) -> None:
    expected = scipy.stats.chi2_contingency(table, correction=False)
    assert independence(table) == pytest.approx((expected.statistic, expected.pvalue))


@pytest.mark.parametrize("table", [[[4, 1, 0], [1, 3, 1], [0, 1, 4]], [[9, 0, 1], [3, 1, 3]]])
def test_small_tables_agree_with_random_tables(table: list[list[int]]) -> None:
    counts = np.array(table)
    rows, columns = counts.sum(1), counts.sum(0)
    expected = np.outer(rows, columns) / counts.sum()
    drawn = scipy.stats.random_table(rows, columns).rvs(100_000, random_state=1)
    statistics = ((drawn - expected) ** 2 / expected).sum((1, 2))
    statistic, chance = independence(table)
    share = float((statistics >= statistic - 1e-9).mean())
    # Within five standard deviations: by chance beyond them once in two million.
    assert abs(share - chance) < 5 * (chance * (1 - chance) / 100_000) ** 0.5
