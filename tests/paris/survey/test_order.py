"""The order of targets: every number once, in an order that the seed chooses."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from paris.survey.order import MOST, in_random_order


@pytest.mark.parametrize("count", [0, 1, 2, 3, 6, 10, 256, 1000])
def test_every_number_comes_once(count: int) -> None:
    assert sorted(in_random_order(count, Random(1))) == list(range(count))


def test_the_seed_chooses_the_order() -> None:
    orders = {tuple(in_random_order(100, Random(seed))) for seed in range(5)}
    assert len(orders) == 5
    assert tuple(in_random_order(100, Random(3))) in orders


def test_any_count_begins_at_once_and_spreads() -> None:
    numbers = list(islice(in_random_order(MOST, Random(2)), 1000))
    assert len(set(numbers)) == 1000
    assert max(numbers) < MOST
    # Of 1,000 even numbers, fewer than 400 are in one half but once in 10 ** 10.
    assert 400 < sum(number < MOST // 2 for number in numbers) < 600
