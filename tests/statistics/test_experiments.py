"""How often exploring misses something, against what theory says: the short suite.

`benchmarks.statistics` runs the same experiments 50,000 times each. Here each runs until a
failure that is twice as likely is ruled out: such a one is noticed with a chance of at least 90 %,
and of all choices of seeds one in a thousand would raise a false alarm.
"""

from __future__ import annotations

from itertools import count, repeat
from random import Random

import pytest

from mda.answers.table import tabulate
from tests.support.drive import full_mda, play
from tests.support.expect import least_excess, power
from tests.support.experiments import EXPERIMENTS, POWER, found_edges, in_series, losing
from tests.support.sequential import all_rejected

CONFIDENCE = 1 - 0.001 / len(EXPERIMENTS)
RUNS_OF_FULL_SUITE = 50_000


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_share_of_failed_runs_agrees_with_theory(name: str) -> None:
    experiment = EXPERIMENTS[name]
    assert all_rejected(experiment.rivals(CONFIDENCE), map(experiment.fails, count()))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_rule_that_fails_more_or_less_often_would_be_noticed(name: str) -> None:
    experiment = EXPERIMENTS[name]
    for rival in experiment.rivals(CONFIDENCE):
        assert rival.chance_of_alarm(rival.rival) >= POWER >= 0.9
        assert rival.chance_of_alarm(rival.expected) <= rival.false_alarm
    assert power(experiment.probability, RUNS_OF_FULL_SUITE, CONFIDENCE) > 0.999 > POWER


def test_a_rule_that_always_or_never_fails_would_be_noticed() -> None:
    for experiment in EXPERIMENTS.values():
        rivals = experiment.rivals(CONFIDENCE)
        assert not all_rejected(rivals, repeat(True, 100))
        assert all_rejected(rivals, repeat(False, 1000)) is not experiment.is_exact
    assert sum(experiment.is_exact for experiment in EXPERIMENTS.values()) == 10


def test_an_excess_of_failures_in_the_full_suite_is_inconsistent() -> None:
    for experiment in EXPERIMENTS.values():
        excess = least_excess(experiment.probability, 500, CONFIDENCE)
        assert not experiment.is_consistent(excess, 500, CONFIDENCE)
        assert experiment.is_consistent(excess - 1, 500, CONFIDENCE)
        assert experiment.is_consistent(0, 500, CONFIDENCE) is not experiment.is_exact


@pytest.mark.parametrize("lost_share", [0.0, 0.2])
@pytest.mark.parametrize("lite", [False, True])
def test_what_a_run_knows_is_what_its_outcomes_prove(lost_share: float, *, lite: bool) -> None:
    # The experiments read the table of the run, and a trace is drawn from its outcomes.
    topology = in_series(2, 3)
    for seed in range(20):
        procedure = full_mda(attempts=10, max_ttl=12, lite=lite)
        lost = losing(lost_share, Random(-seed - 1))
        played = play(procedure, topology.per_flow(Random(seed)), lost=lost)
        assert found_edges(procedure.table) == found_edges(tabulate(played.outcomes, 10))
