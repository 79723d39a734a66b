"""Flows in place of those that the system withholds: the same graph, and never the same flow."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.explore.substitutes import Substituting
from mda.model import HeaderField
from mda.procedure import Procedure
from mda.variants import variant
from tests.support.drive import edges_of, full_mda, graph_of, layers, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.model import Outcome, ProbeRequest

WIDE = layers(1, 8, 4, 1)
FLOWS = 50_000


class Firewalled(Procedure):
    """See Procedure: a system between, which withholds some of the requests."""

    def __init__(self, procedure: Procedure, drops: Callable[[ProbeRequest], bool]) -> None:
        self._procedure = procedure
        self._drops = drops
        self._sent: set[int] = set()
        self.withheld: list[ProbeRequest] = []

    def wanted(self, room: int) -> list[ProbeRequest]:
        passed: list[ProbeRequest] = []
        while not passed and (requests := self._procedure.wanted(room)):
            for request in requests:
                if self._procedure.abandons(request):
                    continue
                if self._drops(request):
                    self.withheld.append(request)
                    is_new = request.flow not in self._sent
                    self._procedure.on_withheld(request, is_new=is_new)
                else:
                    self._sent.add(request.flow)
                    passed.append(request)
        return passed

    def on_outcome(self, outcome: Outcome) -> None:
        self._procedure.on_outcome(outcome)

    def rate_pps(self, ttl: int) -> float | None:
        return self._procedure.rate_pps(ttl)

    @property
    def finished(self) -> bool:
        return self._procedure.finished


def is_of(flows: Callable[[int], bool], request: ProbeRequest) -> bool:
    return flows(request.flow)


def test_a_multipath_trace_finds_the_same_graph_without_the_flows_that_are_withheld() -> None:
    for drops in (
        lambda flow: flow in {0, 3, 4},
        lambda flow: flow % 4 == 0,
        lambda flow: flow < 3000,
        lambda flow: flow > 40_000 or flow < 20,
    ):
        procedure = Substituting(full_mda(failure_probability=0.001), FLOWS)
        system = Firewalled(procedure, partial(is_of, drops))
        played = play(system, WIDE.per_flow(Random(1)))
        assert edges_of(graph_of(played.outcomes)) == WIDE.edges
        flows = {outcome.request.flow for outcome in played.outcomes}
        assert not any(map(drops, flows))
        assert max(flows) < FLOWS
        # Each of them is tried once, whatever was wanted of it.
        assert len({request.flow for request in system.withheld}) == len(system.withheld) > 2


@pytest.mark.parametrize("flows", [300, 1000])
def test_few_flows_are_never_used_twice(flows: int) -> None:
    procedure = Substituting(full_mda(failure_probability=0.001, flows=flows), flows)
    system = Firewalled(procedure, lambda request: request.flow % 3 == 0)
    played = play(system, WIDE.per_flow(Random(1)))
    sent = [outcome.request for outcome in played.outcomes]
    assert len(set(sent)) == len(sent) > 100
    assert edges_of(graph_of(played.outcomes)) <= WIDE.edges


def test_a_flow_that_has_left_before_is_not_replaced() -> None:
    procedure = Substituting(full_mda(), FLOWS)
    first, *_ = procedure.wanted(100)
    assert not procedure.on_withheld(first, is_new=False)
    assert all(request.flow < FLOWS // 2 for request in procedure.wanted(100))


def test_a_ttl_that_no_flow_may_have_is_given_up() -> None:
    procedure = Substituting(full_mda(), FLOWS)
    # TTLs beside it are asked later: the first probe of every flow is the one that is withheld.
    system = Firewalled(procedure, lambda request: request.ttl in (1, 2))
    played = play(system, WIDE.per_flow(Random(1)))
    assert {outcome.request.ttl for outcome in played.outcomes} >= {3, 4}
    assert 30 < len({request.flow for request in system.withheld}) < 200


@pytest.mark.parametrize("flow", [0, 7])
def test_variants_are_those_of_the_substitute(flow: int) -> None:
    asked = variant(flow, HeaderField.DPORT, 3)
    procedure = Substituting(full_mda(), FLOWS)
    (request,) = [r for r in procedure.wanted(100) if r[:2] == (0, 1)]
    other = request._replace(flow=flow)
    assert procedure.on_withheld(other, is_new=True)
    (again, *_) = procedure.wanted(100)
    assert again.flow >= FLOWS // 2
    assert procedure._as_sent([other._replace(flow=asked)])[0].flow == variant(
        again.flow, HeaderField.DPORT, 3
    )
