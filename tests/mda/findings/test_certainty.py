"""What a graph may still hide: by hand for small cases, and as the promise it is."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.answers.graph import locate
from mda.answers.hop_pairs import pairs
from mda.answers.table import tabulate
from mda.findings.certainty import Certainty, certainty
from mda.procedure import Procedure
from mda.statistics.stopping import Bound, miss_probability
from tests.support.drive import SOURCE, full_mda, layers, play, vertex

if TYPE_CHECKING:
    from mda.model import Outcome, ProbeRequest
    from tests.support.drive import Network


def after(*widths: int, failure_probability: float, per_vertex: bool, seed: int) -> Certainty:
    procedure = full_mda(failure_probability=failure_probability, per_vertex=per_vertex)
    played = play(procedure, layers(*widths).per_flow(Random(seed)))
    return certainty_of(played.outcomes, Bound(failure_probability, per_vertex))


def certainty_of(outcomes: list[Outcome], bound: Bound) -> Certainty:
    table = tabulate(outcomes, 3)
    located = locate(table, SOURCE, 1)
    return certainty(table, located, pairs(table, located, 30), bound)


def test_a_plain_path_is_as_sure_as_its_least_certain_vertex() -> None:
    known = after(1, 1, 1, failure_probability=0.05, per_vertex=True, seed=1)
    assert [one.vertex for one in known.vertices[1:]] == [vertex(1, 1), vertex(2, 2)]
    assert {(one.seen, one.flows) for one in known.vertices} == {(1, 6)}
    assert known.miss_probability == pytest.approx(1 / 32)
    assert known.unfinished == ()


def test_a_balancer_adds_its_own_chance() -> None:
    known = after(1, 2, 1, failure_probability=0.05, per_vertex=True, seed=3)
    (balancer,) = [one for one in known.vertices if one.seen == 2]
    assert balancer.vertex == vertex(1, 1)
    assert balancer.flows >= 11
    plain = max(one.miss_probability for one in known.vertices if one.seen == 1)
    whole = 1 - (1 - miss_probability(2, balancer.flows)) * (1 - plain)
    assert known.miss_probability == pytest.approx(whole)


@pytest.mark.parametrize("widths", [(1, 1), (1, 2, 1), (1, 4, 1, 3, 1), (1, 16, 1)])
def test_a_bound_for_the_graph_is_kept_by_what_is_reported(widths: tuple[int, ...]) -> None:
    for seed in range(10):
        known = after(*widths, failure_probability=0.05, per_vertex=False, seed=seed)
        assert known.unfinished == ()
        # One tenth above the bound: a stopping point counts earlier chances of stopping, the
        # figure reported is that of the flows that were answered in the end.
        assert known.miss_probability <= 0.05 * 1.1


def test_what_was_cut_short_is_named() -> None:
    procedure = full_mda()
    network = layers(1, 2, 1).per_flow(Random(1))
    first_wave = _first_wave(procedure, network)
    known = certainty_of(first_wave, Bound(0.05, per_vertex=True))
    assert {one.vertex.ttl for one in known.unfinished} == {0, 1, 2}
    assert known.miss_probability == 1.0


def _first_wave(procedure: Procedure, network: Network) -> list[Outcome]:
    class OneWave(Procedure):
        finished = True

        def __init__(self) -> None:
            self.waves = 0

        def wanted(self, room: int) -> list[ProbeRequest]:
            self.waves += 1
            return procedure.wanted(room) if self.waves == 1 else []

        def rate_pps(self, _: int) -> None:
            return None

        def on_outcome(self, outcome: Outcome) -> None:
            procedure.on_outcome(outcome)

    return play(OneWave(), network).outcomes
