"""How often exploring misses something, against what theory says: the short suite.

`benchmarks.statistics` runs the same experiments 50,000 times each. Here a failure that is twice
as likely as it should be is noticed with a chance of 90 % in each experiment, and of all choices of
seeds one in a thousand would raise a false alarm.
"""

from __future__ import annotations

from random import Random

import pytest

from mda.answers.table import tabulate
from tests.support.drive import full_mda, play
from tests.support.expect import least_excess, power
from tests.support.experiments import EXPERIMENTS, POWER, found_edges, in_series, losing

CONFIDENCE = 1 - 0.001 / len(EXPERIMENTS)
RUNS_OF_FULL_SUITE = 50_000


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_share_of_failed_runs_agrees_with_theory(name: str) -> None:
    experiment = EXPERIMENTS[name]
    runs = experiment.runs(CONFIDENCE)
    failures = experiment.failures(range(runs))
    assert experiment.is_consistent(failures, runs, CONFIDENCE), f"{failures} of {runs}"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_rule_that_fails_twice_as_often_would_be_noticed(name: str) -> None:
    experiment = EXPERIMENTS[name]
    runs = experiment.runs(CONFIDENCE)
    assert power(experiment.probability, runs, CONFIDENCE) >= POWER >= 0.9
    # That is what the test above sees as inconsistent.
    excess = least_excess(experiment.probability, runs, CONFIDENCE)
    assert not experiment.is_consistent(excess, runs, CONFIDENCE)
    assert experiment.is_consistent(excess - 1, runs, CONFIDENCE)
    assert power(experiment.probability, RUNS_OF_FULL_SUITE, CONFIDENCE) > 0.999 > POWER


def test_a_rule_that_never_fails_would_be_noticed_where_the_probability_is_exact() -> None:
    exact = [experiment for experiment in EXPERIMENTS.values() if experiment.is_exact]
    assert len(exact) == 10
    for experiment in exact:
        assert not experiment.is_consistent(0, experiment.runs(CONFIDENCE), CONFIDENCE)


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
