"""Shifts: found where something changes, and not where nothing does."""

from __future__ import annotations

from random import Random

from mda.statistics.shifts import Steady


def test_a_change_is_found_with_the_time_at_which_it_began() -> None:
    steady = Steady(0.01)
    found = [steady.add(float(at), is_other=at >= 20) for at in range(40)]
    (first, *_) = [shift for shift in found if shift is not None]
    assert (first.before_s, first.at_s) == (19.0, 20.0)
    assert first.others == first.trials


def test_series_without_a_change_shift_no_more_often_than_the_level() -> None:
    random = Random(5)
    shifted = 0
    for _ in range(200):
        steady = Steady(0.05)
        trials = [steady.add(float(at), is_other=random.random() < 0.3) for at in range(150)]
        shifted += any(trials)
    assert shifted <= 20
