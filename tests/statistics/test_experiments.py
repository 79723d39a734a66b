"""How often exploring misses something, against what theory says: the short suite.

`benchmarks.statistics` runs the same experiments 50,000 times each. Here a failure that is twice
as likely as it should be is noticed, and of all choices of seeds one in a thousand would raise a
false alarm.
"""

from __future__ import annotations

import pytest

from tests.support.experiments import EXPERIMENTS

CONFIDENCE = 1 - 0.001 / len(EXPERIMENTS)
SLOW = 5  # as many runs fewer, of experiments with hundreds of probes a run


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_is_missed_goes_with_what_theory_says(name: str) -> None:
    experiment = EXPERIMENTS[name]
    runs = 2000 if experiment.is_exact else 1000
    if any(mark in name for mark in ("16", "32", "30%", "nested")):
        runs //= SLOW
    failures = experiment.failures(range(runs))
    assert experiment.is_consistent(failures, runs, CONFIDENCE), f"{failures} of {runs}"


def test_a_rule_that_fails_twice_as_often_would_be_noticed() -> None:
    two_way = EXPERIMENTS["1-2-1"]
    assert not two_way.is_consistent(round(2 * two_way.probability * 2000), 2000, CONFIDENCE)
    assert not two_way.is_consistent(0, 2000, CONFIDENCE)
