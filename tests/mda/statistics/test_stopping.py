"""Stopping points against published tables and against their own definition."""

from __future__ import annotations

import math

import pytest

from mda.statistics.stopping import (
    Bound,
    SharedStoppingPoints,
    StoppingPoints,
    exact_failure,
    flows_for_share,
    miss_probability,
    stop_at,
    unseen_share,
)

# Points for 1, 2, ... seen, recomputed from the definition by an independent program.
POINTS = {
    0.1: [5, 9, 14, 18, 23, 28, 33, 39, 44, 50, 55, 61, 67, 73, 79, 85, 91, 97, 103, 109, 116],
    0.05: [6, 11, 16, 21, 27, 33, 39, 45, 51, 57, 63, 70, 76, 83, 90, 96, 103, 110, 117, 124, 131],
    0.01: [8, 15, 21, 28, 36, 43, 51, 58, 66, 74, 82, 90, 98, 106, 115, 123, 132, 140, 149, 157],
    0.001: [11, 20, 29, 39, 48, 58, 68, 78, 88, 98, 108, 119, 129, 140, 150, 161, 172, 183, 194],
}
FAR_POINTS = {0.05: {50: 349, 100: 763, 128: 1007}, 0.01: {50: 431, 100: 927, 128: 1216}}
EXACT = {
    2: 0.03125,
    3: 0.037714,
    4: 0.042393,
    8: 0.044124,
    16: 0.047538,
    32: 0.049883,
    96: 0.049882,
}


@pytest.mark.parametrize(("failure_probability", "points"), POINTS.items())
def test_stopping_points_agree_with_the_published_sequential_rule(
    failure_probability: float, points: list[int]
) -> None:
    seen = range(1, len(points) + 1)
    assert [stop_at(k, failure_probability) for k in seen] == points


@pytest.mark.parametrize(("failure_probability", "points"), FAR_POINTS.items())
def test_stopping_points_of_wide_balancers_agree_with_the_table(
    failure_probability: float, points: dict[int, int]
) -> None:
    assert {k: stop_at(k, failure_probability) for k in points} == points


@pytest.mark.parametrize(("successors", "failure"), EXACT.items())
def test_the_exact_failure_of_the_rule_agrees_with_the_table(
    successors: int, failure: float
) -> None:
    assert exact_failure(successors, 0.05) == pytest.approx(failure, abs=5e-7)


@pytest.mark.parametrize("failure_probability", [0.2, 0.05, 0.01, 0.0051162])
def test_the_bound_holds_for_every_width_and_no_stopping_point_can_be_lower(
    failure_probability: float,
) -> None:
    for successors in range(2, 40):
        assert exact_failure(successors, failure_probability) <= failure_probability
        # One flow fewer at the last point and the bound would break, or the point before is met.
        seen = successors - 1
        last, before = stop_at(seen, failure_probability), stop_at(seen - 1, failure_probability)
        if last - 1 > before:
            at_last = _alive_one_short(successors, failure_probability)
            earlier = exact_failure(successors, failure_probability) - at_last
            one_less = at_last * successors / (successors - 1)
            assert earlier + one_less > failure_probability


def _alive_one_short(successors: int, failure_probability: float) -> float:
    """Chance of standing at the last stopping point with one successor unseen, by brute force."""
    by_seen = {1: 1.0}
    for n in range(1, stop_at(successors - 1, failure_probability)):
        for seen in [k for k in by_seen if k < successors and n >= stop_at(k, failure_probability)]:
            del by_seen[seen]
        grown: dict[int, float] = {}
        for seen, chance in by_seen.items():
            grown[seen] = grown.get(seen, 0) + chance * seen / successors
            grown[seen + 1] = grown.get(seen + 1, 0) + chance * (1 - seen / successors)
        by_seen = grown
    return by_seen.get(successors - 1, 0.0)


@pytest.mark.parametrize("failure_probability", [0.9, 0.5, 0.05, 1 / 32, 0.0051162, 1e-9])
def test_the_table_of_points_agrees_with_the_rule_played_flow_by_flow(
    failure_probability: float,
) -> None:
    table = StoppingPoints(failure_probability)
    played = SharedStoppingPoints(failure_probability, share=1.0)
    seen = range(1, 60)
    assert [table.stop_at(k) for k in seen] == [played.stop_at(k) for k in seen]


def test_the_miss_probability_agrees_with_known_values() -> None:
    assert miss_probability(1, 6) == 1 / 32
    assert miss_probability(2, 11) == pytest.approx(0.034666, abs=1e-6)
    assert miss_probability(15, 90) == pytest.approx(0.047312, abs=1e-6)
    assert miss_probability(4, 21) == pytest.approx(0.0459, abs=1e-4)
    assert miss_probability(3, 2) == 1.0


def test_a_probability_outside_its_range_is_refused() -> None:
    for wrong in (0.0, 1.0, -0.1, 2.0):
        with pytest.raises(ValueError, match=r"\(0, 1\)"):
            StoppingPoints(wrong)


def test_a_bound_for_the_graph_is_shared_over_the_balancers_found_and_one_more() -> None:
    assert Bound(0.05).points(0).stop_at(1) == 6
    assert [Bound(0.05).points(1).stop_at(k) for k in (1, 2)] == [7, 12]
    assert [Bound(0.05).points(9).stop_at(k) for k in (1, 2, 4)] == [9, 16, 31]
    assert Bound(0.05, per_vertex=True).points(9).stop_at(1) == 6


def test_the_largest_unseen_share_shrinks_with_the_flows() -> None:
    assert [round(unseen_share(n, 0.05), 2) for n in (0, 6, 11, 33)] == [1.0, 0.39, 0.24, 0.09]


def test_flows_for_a_share_are_the_fewest_that_keep_the_bound() -> None:
    for share in (0.5, 0.3, 0.1, 0.02):
        for failure_probability in (0.05, 0.001):
            flows = flows_for_share(share, failure_probability)
            successors = math.floor(1 / share)
            assert successors * (1 - share) ** flows <= failure_probability
            assert successors * (1 - share) ** (flows - 1) > failure_probability
    for wrong in (0.0, 1.0):
        with pytest.raises(ValueError, match="share"):
            flows_for_share(wrong, 0.05)


def test_a_least_share_raises_the_low_stopping_points() -> None:
    thin = Bound(0.05, per_vertex=True, min_share=0.1).points(0)
    assert [thin.stop_at(k) for k in (1, 9, 10)] == [51, 51, 57]
