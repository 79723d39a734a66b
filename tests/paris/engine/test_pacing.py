"""The token bucket: mean rate and burst, with literal times."""

from __future__ import annotations

from random import Random

import pytest

from paris.engine.pacing import Pacing, burst, together


def test_a_burst_may_leave_at_once_and_then_probes_leave_at_the_rate() -> None:
    pacing = Pacing(rate_pps=100, burst=5)
    assert pacing.admits(0.0) == 5
    pacing.spend(5)
    assert pacing.admits(0.0) == 0
    assert pacing.next_s() == pytest.approx(0.01)
    assert pacing.admits(0.01) == 1
    assert pacing.admits(0.035) == 3


def test_no_probe_leaves_before_all_that_leave_together_may() -> None:
    pacing = Pacing(rate_pps=100, burst=10, together=3)
    pacing.spend(10)
    assert pacing.next_s(waiting=7) == pytest.approx(0.03)
    assert pacing.admits(0.025, waiting=7) == 0
    assert pacing.admits(0.03, waiting=7) == 3


def test_where_fewer_wait_than_leave_together_they_leave_at_their_own_time() -> None:
    pacing = Pacing(rate_pps=100, burst=10, together=3)
    pacing.spend(10)
    assert pacing.next_s(waiting=2) == pytest.approx(0.02)
    assert pacing.admits(0.02, waiting=2) == 2


def test_after_idle_time_at_most_one_burst_may_leave() -> None:
    pacing = Pacing(rate_pps=100, burst=5)
    pacing.spend(5)
    assert pacing.admits(60.0) == 5


@pytest.mark.parametrize("rate_pps", [10, 1000, 33333])
def test_the_rate_is_exact_over_2000_probes(rate_pps: float) -> None:
    pacing = Pacing(rate_pps=rate_pps, burst=8)
    now_s, sent = 0.0, 0
    while now_s < 2000 / rate_pps:
        admitted = pacing.admits(now_s)
        pacing.spend(admitted)
        sent += admitted
        now_s = max(pacing.next_s(), now_s)
    assert sent == pytest.approx(2000 + 8, abs=1)


@pytest.mark.parametrize("rate_pps", [10, 33.3, 100, 1000, 10_000, 100_000])
def test_the_rate_holds_within_two_percent_if_checks_are_late(rate_pps: float) -> None:
    # A busy machine looks again some milliseconds late, now and then.
    random, most, waiting = Random(1), burst(rate_pps), 1000
    pacing = Pacing(rate_pps, most, together(rate_pps))
    pacing.spend(pacing.admits(0.0))  # the first burst is there at once
    now_s, sent, largest = 0.0, 0, 0
    while now_s < 60 or sent < 200:
        ready = pacing.admits(now_s, waiting)
        pacing.spend(ready)
        sent += ready
        largest = max(largest, ready)
        late_s = random.choice((0.0001, 0.0005, 0.002)) if rate_pps >= 1000 else 0.004
        now_s = max(pacing.next_s(waiting), now_s) + late_s
    assert sent / now_s == pytest.approx(rate_pps, rel=0.02)
    assert largest <= most


@pytest.mark.parametrize("rate_pps", [0.1, 31, 1000, 100_000, 1_000_000])
@pytest.mark.parametrize("from_s", [0.0, 1e3, 1e5, 1e7])
@pytest.mark.parametrize("waiting", [1, 3])
def test_probes_are_admitted_at_the_time_that_next_s_names(
    rate_pps: float, from_s: float, waiting: int
) -> None:
    # Late on a clock, a small part of a probe is earned in less than the clock can tell apart.
    random, pacing, now_s = Random(1), Pacing(rate_pps, waiting, waiting), from_s
    for _ in range(1000):
        looks = 0
        while not (admitted := pacing.admits(now_s, waiting)):
            now_s = max(now_s, pacing.next_s(waiting))
            looks += 1
            assert looks < 10
        assert admitted == waiting
        pacing.spend(admitted)
        now_s += random.random() / rate_pps


def test_bursts_have_at_most_64_probes_or_those_of_5_ms() -> None:
    assert [burst(rate) for rate in (1, 10, 100, 1000, 10_000, 100_000)] == [1, 1, 6, 64, 64, 500]


def test_half_of_a_burst_leaves_together() -> None:
    assert [together(rate) for rate in (1, 100, 500, 1000, 10_000, 100_000)] == [
        1,
        3,
        16,
        32,
        32,
        250,
    ]


def test_what_was_overspent_takes_as_long_at_another_rate() -> None:
    pacing = Pacing(rate_pps=100, burst=1)
    pacing.admits(0.0)
    pacing.spend(201.0)  # two seconds too many, and the next after 10 ms
    pacing.change_rate(2.0)
    assert pacing.next_s() == pytest.approx(2.0 + 0.5)
    pacing.change_rate(100.0)
    assert pacing.next_s() == pytest.approx(2.0 + 0.01)


def test_an_empty_bucket_fills_from_the_moment_at_which_it_was_empty() -> None:
    pacing = Pacing(2.0, 1)
    pacing.empty(10.0)
    assert pacing.admits(10.4) == 0
    assert pacing.next_s() == 10.5
    assert pacing.admits(10.5) == 1
