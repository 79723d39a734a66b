"""Intervals and tests against published values, and against counting every case."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from random import Random

import pytest

from mda.statistics.inference import (
    chi_square_tail,
    even_probability,
    fisher,
    holm,
    independence,
    rank_probability,
    share_interval,
)


@pytest.mark.parametrize(
    ("degrees", "at_five_percent", "at_a_thousandth"),
    [(1, 3.841, 10.828), (2, 5.991, 13.816), (5, 11.070, 20.515), (10, 18.307, 29.588),
     (30, 43.773, 59.703)],
)  # fmt: skip
def test_chi_square_has_the_published_tails(
    degrees: int, at_five_percent: float, at_a_thousandth: float
) -> None:
    assert chi_square_tail(at_five_percent, degrees) == pytest.approx(0.05, rel=1e-3)
    assert chi_square_tail(at_a_thousandth, degrees) == pytest.approx(0.001, rel=1e-3)
    assert chi_square_tail(0.0, degrees) == 1.0


@pytest.mark.parametrize("draws", [1, 2, 7, 12])
def test_two_ways_are_judged_by_counting_every_case(draws: int) -> None:
    ways = Counter(sum(case) for case in itertools.product((0, 1), repeat=draws))
    for hits in range(draws + 1):
        as_uneven = sum(number for other, number in ways.items()
                        if abs(2 * other - draws) >= abs(2 * hits - draws))  # fmt: skip
        expected = as_uneven / 2**draws
        assert even_probability([hits, draws - hits]) == pytest.approx(expected)


def test_an_even_split_is_rarely_called_uneven() -> None:
    random = Random(3)
    for ways, draws in ((3, 16), (4, 21), (8, 45)):
        low = sum(
            even_probability([*Counter(random.choices(range(ways), k=draws)).values()]) <= 0.05
            for _ in range(2000)
        )
        assert 40 <= low <= 160  # 5 % and four standard deviations around it, or so


def test_wilson_holds_the_share_nineteen_times_of_twenty() -> None:
    random = Random(4)
    for share in (0.1, 0.5, 0.75):
        held = 0
        for _ in range(2000):
            low, high = share_interval(sum(random.random() < share for _ in range(40)), 40)
            held += low <= share <= high
        assert 1840 <= held <= 1960


def test_fisher_counts_every_table_with_these_sums() -> None:
    # Lady tasting tea: three of four right, twice; all four right, once in 35.
    assert fisher(3, 4, 4, 8) == pytest.approx(34 / 70)
    assert fisher(4, 4, 4, 8) == pytest.approx(2 / 70)


def test_dependence_is_noticed_and_independence_is_not() -> None:
    assert independence([[12, 0], [0, 12]])[1] < 1e-6
    assert independence([[6, 6], [6, 6]]) == (0.0, 1.0)
    assert independence([[8, 0, 0], [0, 8, 0], [0, 0, 8]])[1] < 1e-8
    random = Random(5)
    low = 0
    for _ in range(1000):
        table = [[0] * 3 for _ in range(3)]
        for _ in range(45):
            table[random.randrange(3)][random.randrange(3)] += 1
        low += independence(table)[1] <= 0.01
    assert low <= 25


def test_ranks_are_compared_as_published() -> None:
    # Mann and Whitney's normal approximation of two samples that do not overlap, five and five.
    deviation = (12.5 - 0.5) / math.sqrt(5 * 5 * 11 / 12)
    assert rank_probability([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(
        math.erfc(deviation / math.sqrt(2))
    )
    assert rank_probability([1, 2, 3], [1, 2, 3]) == 1.0
    assert rank_probability([2, 2], [2, 2, 2]) == 1.0
    assert rank_probability([], [1]) == 1.0


def test_holm_keeps_order_and_never_lowers_a_chance() -> None:
    random = Random(6)
    for _ in range(50):
        chances = [random.random() ** 3 for _ in range(6)]
        adjusted = holm(chances)
        order = sorted(range(6), key=lambda index: chances[index])
        assert all(a >= b for a, b in zip(adjusted, chances, strict=True))
        ranked = [adjusted[index] for index in order]
        assert ranked == sorted(ranked)
        assert min(adjusted) == min(1.0, 6 * min(chances))
    assert holm([]) == []
