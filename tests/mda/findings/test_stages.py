from __future__ import annotations

import pytest

from mda.findings.stages import stages
from mda.trace import Trace
from tests.support.traces import DESTINATION, assembled, hops, outcomes

_NETWORK = hops("192.0.2.254", ["198.51.100.1", "198.51.100.2"], DESTINATION, flows=16)
TRACE = assembled(outcomes(_NETWORK))


def test_nothing_is_known_before_the_first_probe_and_everything_after_the_last() -> None:
    first, last = stages(TRACE, (0, len(TRACE.outcomes)))
    assert (set(first.vertices), first.edges) == ({TRACE.origin}, frozenset())
    assert (last.vertices, last.edges) == (frozenset(TRACE.dag), frozenset(TRACE.dag.edges))
    assert last.unfinished == len(TRACE.certainty.unfinished)
    chances = [known.miss_probability for known in TRACE.certainty.vertices]
    assert last.miss_probability == max(chances)


def test_a_branch_is_known_once_a_flow_has_met_it_and_an_edge_once_it_met_both_ends() -> None:
    # Flow 0 takes three probes along one branch; then flow 1 meets the first hop, and the other.
    found = {stage.outcomes: stage for stage in stages(TRACE, range(6))}
    sizes = {count: (len(own.vertices), len(own.edges)) for count, own in found.items()}
    assert sizes == {0: (1, 0), 1: (2, 1), 2: (3, 2), 3: (4, 3), 4: (4, 3), 5: (5, 4)}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_stage_is_what_a_trace_that_stopped_there_shows(share: float) -> None:
    count = round(len(TRACE.outcomes) * share)
    (stage,) = stages(TRACE, [count])
    stopped = Trace.of(TRACE.replace(outcomes=TRACE.outcomes[:count]))
    assert (stage.vertices, stage.edges) == (frozenset(stopped.dag), frozenset(stopped.dag.edges))
    assert stage.unfinished == len(stopped.certainty.unfinished)
