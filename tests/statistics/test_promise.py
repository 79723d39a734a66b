"""The chance of having missed something that a trace prints, held against how often it missed some.

A promise may be too high, but never too low: over any runs, the share of incomplete graphs is at
most the mean of what was printed. The bound of Clopper and Pearson at 99.9 % decides. A number that
spoke only of the flows drawn in each run was 0.7 % on average for six balancers in series, which
lack something in 4.7 % of all runs: 600 runs show that with a probability above 99 %.
"""

from __future__ import annotations

from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from mda.answers.graph import locate
from mda.answers.hop_pairs import pairs
from mda.findings.certainty import certainty
from mda.statistics.stopping import Bound
from tests.support.drive import SOURCE, full_mda, layers, play
from tests.support.expect import interval
from tests.support.experiments import edges_in, in_series

if TYPE_CHECKING:
    from tests.support.drive import Edges, Layers

CONFIDENCE = 0.999


@pytest.mark.parametrize(
    ("topology", "per_vertex", "lite", "runs"),
    [
        (in_series(2, 2, 2, 2, 2, 2), False, False, 600),
        (in_series(2), False, False, 600),
        (in_series(2, 2, 2), True, False, 600),
        (in_series(4, 2), False, True, 400),
        (layers(1, 3, 3, 1), False, False, 200),
    ],
    ids=["six in series", "one of two", "three, bound per vertex", "lite", "meshed"],
)  # fmt: skip
def test_incomplete_traces_are_no_more_frequent_than_promised(
    topology: Layers, runs: int, *, per_vertex: bool, lite: bool
) -> None:
    bound, incomplete, promised = Bound(0.05, per_vertex), 0, []
    (destination,) = {
        after[0] for after in topology.successors.values() if after[0] not in topology.successors
    }
    for seed in range(runs):
        procedure = full_mda(failure_probability=0.05, per_vertex=per_vertex, lite=lite, max_ttl=20)
        play(procedure, topology.per_flow(Random(seed)))
        located = locate(procedure.table, SOURCE, 1)
        hop_pairs = pairs(procedure.table, located, 30)
        known = certainty(procedure.table, located, hop_pairs, bound, {destination}, lite=lite)
        assert known.miss_probability is not None
        promised.append(known.miss_probability)
        found = edges_in(hop_pairs)
        incomplete += _lacks_vertices(topology, found) if lite else not topology.edges <= found
    lowest, _ = interval(incomplete, runs, CONFIDENCE)
    assert lowest <= fmean(promised)
    assert lowest <= max(promised)
    assert max(promised) <= 0.2  # and it promises something


def _lacks_vertices(topology: Layers, found: Edges) -> bool:
    """Whether an interface is missing; MDA-Lite assumes links into a hop's only interface."""
    return not {far for _, far in topology.edges} <= {far for _, far in found}
