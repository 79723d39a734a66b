"""Sketches: figures compared with those of all values."""

from __future__ import annotations

import statistics
from random import Random

import pytest

from mda.statistics.sketches import ERROR, Sketch


def test_figures_are_those_of_all_values_but_for_the_stated_error() -> None:
    random = Random(1)
    values_s = [random.lognormvariate(-4, 1) for _ in range(5000)]
    sketch = Sketch()
    for value_s in values_s:
        sketch.add_reply(value_s)
    sketch.add_loss()
    ordered = sorted(values_s)
    assert (sketch.sent, sketch.lost) == (5001, 1)
    assert (sketch.min_s, sketch.max_s) == (ordered[0], ordered[-1])
    assert sketch.median_s == pytest.approx(ordered[2499], rel=ERROR)
    assert sketch.p95_s == pytest.approx(ordered[4749], rel=ERROR)
    assert sketch.mean_s == pytest.approx(statistics.mean(values_s))
    assert sketch.stdev_s == pytest.approx(statistics.stdev(values_s))


def test_jitter_compares_only_round_trips_by_the_same_path() -> None:
    sketch = Sketch()
    for _ in range(50):
        sketch.add_reply(0.010, path=1)
        sketch.add_reply(0.090, path=2)
    assert sketch.jitter_s == 0
    sketch.add_reply(0.026, path=1)
    assert sketch.jitter_s == pytest.approx(0.001)
