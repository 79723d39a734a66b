"""Rounds over simulated networks: what changes is reported with its time, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.studies.watch import Watch
from paris import run
from paris.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from mda.model import Outcome

CHANGE = """
source: 192.0.2.1
destination: {address: 203.0.113.9, delay_ms: 2}
routers:
  gateway: {interfaces: [192.0.2.254], delay_ms: 1}
  border: {interfaces: [198.51.100.1], delay_ms: 3, turns: {at_ms: 20000, to: B}}
  A: {interfaces: [198.51.100.11], delay_ms: 4}
  B: {interfaces: [198.51.100.12], delay_ms: 4}
paths:
  - source -> gateway -> border -> [A, B] -> destination
"""


def watched(network: str, rounds: int, seed: int, follow: str | None = None) -> Watch:
    watch = Watch()
    settings = Settings.of(
        network=network, multipath=True, every_s=1.0, rounds=rounds, seed=seed,
        studies={} if follow is None else {"follow": follow},
    )  # fmt: skip
    run.measure(settings, run.NO_HOOKS._replace(watch=watch))
    return watch


def test_a_route_that_changes_after_20_s_is_reported_with_its_time(tmp_path: Path) -> None:
    file = tmp_path / "change.yaml"
    file.write_text(CHANGE)
    for seed in range(20):
        (change,) = watched(str(file), 45, seed).changes
        assert change.ttl == 3
        assert change.last_s < 20 <= change.first_s < 21.5


def test_every_path_is_probed_in_every_round_and_a_clean_network_does_not_change() -> None:
    for seed in range(20):
        watch = watched("two-way", 30, seed)
        rounds = watch.rounds
        assert rounds.number == 30
        assert {own.delays.sent for own in rounds.ends.values()} == {30}
        assert not watch.changes


def test_of_the_paths_only_the_one_that_is_followed_is_watched() -> None:
    watch = watched("two-way", 3, 1, follow="2")
    (path,) = watch.paths
    assert (path.number, str(path.vertices[2].address)) == (2, "198.51.100.3")
    assert watch.rounds.ends[2].delays.sent == watch.rounds.number == 3
    assert not watched("two-way", 3, 1, follow="9").rounds.number


def test_outcomes_of_rounds_are_not_observed_as_those_of_the_trace_are() -> None:
    observed: list[Outcome] = []
    watch = Watch()
    settings = Settings.of(network="two-way", multipath=True, every_s=1.0, rounds=30, seed=1)
    hooks = run.NO_HOOKS._replace(watch=watch, observe=observed.append)
    record = run.measure(settings, hooks).record
    assert watch.count == 30
    assert tuple(observed) == record.outcomes
