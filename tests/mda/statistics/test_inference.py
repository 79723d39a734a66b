"""Intervals and tests against published values, and against counting every case."""

from __future__ import annotations

import itertools
from collections import Counter
from itertools import product
from random import Random

import pytest

from mda.statistics.inference import (
    chi_square_tail,
    even_probability,
    holm,
    matters,
    share_interval,
)


@pytest.mark.parametrize(
    ("degrees", "at_five_percent", "at_a_thousandth"),
    [(1, 3.841, 10.828), (2, 5.991, 13.816), (5, 11.070, 20.515), (10, 18.307, 29.588),
     (30, 43.773, 59.703)],
)  # fmt: skip
def test_chi_square_tails_agree_with_published_tables(
    degrees: int, at_five_percent: float, at_a_thousandth: float
) -> None:
    assert chi_square_tail(at_five_percent, degrees) == pytest.approx(0.05, rel=1e-3)
    assert chi_square_tail(at_a_thousandth, degrees) == pytest.approx(0.001, rel=1e-3)
    assert chi_square_tail(0.0, degrees) == 1.0


@pytest.mark.parametrize("draws", [1, 2, 7, 12])
def test_a_split_in_two_is_judged_by_counting_every_case(draws: int) -> None:
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


def test_a_share_interval_contains_the_true_share_in_95_percent_of_samples() -> None:
    random = Random(4)
    for share in (0.1, 0.5, 0.75):
        held = 0
        for _ in range(2000):
            low, high = share_interval(sum(random.random() < share for _ in range(40)), 40)
            held += low <= share <= high
        assert 1840 <= held <= 1960


@pytest.mark.parametrize("counts", [[5, 1, 0], [4, 1, 1], [3, 2, 1, 0], [2, 2, 2], [0, 0, 7]])
def test_the_probability_of_small_counts_counts_all_series_of_draws(counts: list[int]) -> None:
    squares = sum(count**2 for count in counts)
    series = product(range(len(counts)), repeat=sum(counts))
    uneven = [sum(count**2 for count in Counter(drawn).values()) >= squares for drawn in series]
    assert even_probability(counts) == pytest.approx(sum(uneven) / len(uneven))


@pytest.mark.parametrize(
    ("difference_s", "usual_s", "is_enough"),
    [(0.0001, 0.001, True), (-0.0001, 0.001, True), (0.00009, 0.0, False), (0.0019, 0.1, False)],
)
def test_a_difference_matters_from_a_tenth_of_a_millisecond_and_two_percent_on(
    difference_s: float, usual_s: float, is_enough: bool
) -> None:
    assert matters(difference_s, usual_s) == is_enough


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
