import math
import statistics

import pytest

from mda.statistics.delays import Delays, delays_of, smoothed_jitter_s


def test_figures_are_those_of_the_standard_library() -> None:
    rtts_s = [0.011, 0.010, 0.030, 0.012, 0.010, 0.013]
    delays = delays_of(8, rtts_s)
    assert delays.sent == 8
    assert delays.lost == 2
    assert delays.loss == 0.25
    assert delays.min_s == 0.010
    assert delays.max_s == 0.030
    assert delays.p95_s == 0.030
    assert delays.median_s == pytest.approx(statistics.median(rtts_s))
    assert delays.mean_s == pytest.approx(statistics.fmean(rtts_s))
    assert delays.stdev_s == pytest.approx(statistics.stdev(rtts_s))


def test_19_of_20_replies_came_within_p95() -> None:
    assert delays_of(20, [float(second) for second in range(1, 21)]).p95_s == 19


def test_nothing_is_known_of_times_without_a_reply() -> None:
    assert delays_of(3, []) == Delays(3, 3)
    assert delays_of(0, []).loss == 0.0


def test_a_single_reply_does_not_vary_that_we_know() -> None:
    delays = delays_of(1, [0.02])
    assert delays[:7] == (1, 0, 0.02, 0.02, 0.02, 0.02, 0.02)
    assert delays.stdev_s is None
    assert delays.jitter_s is None


def test_jitter_approaches_the_mean_difference_of_neighbours() -> None:
    times_s = [0.010, 0.014] * 200
    assert smoothed_jitter_s(times_s) == pytest.approx(0.004)


def test_jitter_of_n_equal_differences_is_that_of_the_recurrence() -> None:
    steps = 10
    rising_s = [0.001 * step for step in range(steps + 1)]
    assert smoothed_jitter_s(rising_s) == pytest.approx(0.001 * (1 - math.pow(15 / 16, steps)))


def test_jitter_depends_on_the_order_of_sending() -> None:
    apart = smoothed_jitter_s([0.01, 0.02, 0.01, 0.02])
    sorted_s = smoothed_jitter_s([0.01, 0.01, 0.02, 0.02])
    assert apart is not None
    assert sorted_s is not None
    assert apart > sorted_s


def test_more_replies_than_probes_are_refused() -> None:
    with pytest.raises(ValueError, match="2 replies to 1 probes"):
        delays_of(1, [0.1, 0.1])
