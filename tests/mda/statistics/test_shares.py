"""Splits: shares with intervals, and integer weights only where flows support them."""

from __future__ import annotations

from random import Random

import pytest

from mda.statistics.shares import likely_weights, split
from tests.support.drive import vertex


def test_a_split_lists_its_successors_in_order() -> None:
    found = split({vertex(3, 12): 5, vertex(3, 11): 15})
    assert [share.successor for share in found.shares] == [vertex(3, 11), vertex(3, 12)]
    assert [share.share for share in found.shares] == [0.75, 0.25]
    assert all(share.low < share.share < share.high for share in found.shares)
    assert found.flows == 20
    assert found.even_probability < 0.05


@pytest.mark.parametrize("weights", [(1, 1), (3, 1), (6, 1), (1, 2), (1, 1, 1), (4, 1, 1)])
def test_integer_weights_are_named_from_thousands_of_flows(weights: tuple[int, ...]) -> None:
    random = Random(7)
    for _ in range(20):
        drawn = random.choices(range(len(weights)), weights, k=10_000)
        counts = [drawn.count(place) for place in range(len(weights))]
        named, chance = likely_weights(counts)
        assert named == weights
        assert chance > 0.8


def test_no_weights_are_named_from_few_flows() -> None:
    assert split({vertex(3, 1): 8, vertex(3, 2): 3}).weights is None
    assert split({vertex(3, 1): 16, vertex(3, 2): 8}).weights is None
