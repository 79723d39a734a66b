"""The median of all differences is found from few of them."""

from __future__ import annotations

from random import Random
from statistics import median

import pytest

from mda.statistics.differences import median_difference


def samples(random: Random, most: int, values: int) -> tuple[list[float], list[float]]:
    """Two samples of up to `most` values, of which so many differ."""
    return (
        [random.randrange(values) / 7 for _ in range(random.randint(0, most))],
        [random.randrange(values) / 7 for _ in range(random.randint(0, most))],
    )


@pytest.mark.parametrize("values", [2, 10, 10**9])
def test_it_is_the_median_of_all_differences_to_the_last_bit(values: int) -> None:
    random = Random(values)
    for _ in range(300):
        strata = [samples(random, 12, values) for _ in range(random.randint(1, 4))]
        every = [a - b for some, others in strata for a in some for b in others]
        assert median_difference(strata) == (median(every) if every else None)


class Counted(float):
    """A number that counts how often one is taken from it."""

    subtractions = 0

    def __sub__(self, other: float) -> float:
        Counted.subtractions += 1
        return float(self) - other


@pytest.mark.parametrize("values", [2, 10**9])
def test_of_a_million_pairs_few_are_looked_at(values: int) -> None:
    random = Random(1)
    some, others = ([random.randrange(values) for _ in range(1000)] for _ in range(2))
    before = Counted.subtractions
    median_difference([([Counted(value) for value in some], others)])
    assert 0 < Counted.subtractions - before < 500_000
