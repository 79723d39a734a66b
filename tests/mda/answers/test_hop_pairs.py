"""Which flows count for which vertex, and whether two hops are what MDA-Lite takes them to be."""

from __future__ import annotations

import pytest

from mda.answers.hop_pairs import HopPair, Samples, is_even, pair
from mda.answers.table import FlowTable
from mda.model import Vertex
from mda.statistics.stopping import Bound
from tests.support.drive import vertex


def hops(ttl: int, flows: dict[int, tuple[int, int]]) -> HopPair:
    """A pair of hops from the numbers of the two interfaces that each flow met."""
    before = {flow: vertex(ttl - 1, near) for flow, (near, _) in flows.items()}
    here = {flow: vertex(ttl, far) for flow, (_, far) in flows.items()}
    return pair(FlowTable(3), ttl, before, here)


def spread(*edges: tuple[int, int], times: int = 4) -> dict[int, tuple[int, int]]:
    """`times` flows over each edge."""
    return dict(enumerate(edge for edge in edges for _ in range(times)))


def test_flows_with_an_unknown_predecessor_count_only_if_there_is_one_successor() -> None:
    before = {0: vertex(3, 1), 1: vertex(3, 2)}
    lone = pair(FlowTable(3), 4, before, {flow: vertex(4, 9) for flow in range(5)})
    assert (lone.has_one_successor, lone.draws) == (True, 5)
    several = pair(FlowTable(3), 4, before, {flow: vertex(4, 8 + flow % 2) for flow in range(5)})
    assert (several.has_one_successor, several.draws) == (False, 2)


def test_silent_flows_that_were_not_located_one_hop_before_prove_no_edge() -> None:
    samples = Samples()
    samples.successors = {vertex(4, 8): [0, 1], vertex(4, 9): [2, 3], Vertex(4, None): [4, 5]}
    near = vertex(3, 1)
    assert samples.unproven({}) == [0, 2, 4, 5]  # a reply shows one edge, a silence none
    assert samples.unproven({1: near, 5: near}) == [2]
    assert samples.unproven(dict.fromkeys(range(6), near)) == []


@pytest.mark.parametrize(("width", "flows"), [(2, 13), (4, 28), (8, 58), (16, 116), (64, 469)])
def test_the_target_of_shared_draws_agrees_with_the_closed_form(width: int, flows: int) -> None:
    shared = hops(4, spread(*((near, 99) for near in range(width))))
    assert shared.shared_target(Bound(0.05, per_vertex=True), 1) == flows

    def missed(n: int) -> float:
        return 2 * (1 - 1 / (2 * width)) ** n - (1 - 1 / width) ** n

    assert missed(flows) <= 0.05 < missed(flows - 1)


def test_draws_are_not_shared_where_the_law_does_not_hold() -> None:
    even = spread((1, 9), (2, 9))
    assert hops(4, even).shared_target(Bound(0.05), 1) is None  # given what was answered
    assert hops(4, spread((1, 9))).shared_target(Bound(0.05, per_vertex=True), 1) is None
    thin = Bound(0.05, per_vertex=True, min_share=0.1)
    assert hops(4, even).shared_target(thin, 1) is None
    uneven = {flow: (1 if flow < 20 else 2, 9) for flow in range(22)}
    assert hops(4, uneven).shared_target(Bound(0.05, per_vertex=True), 1) is None


def test_even_hops_without_meshing_are_fit_for_lite() -> None:
    assert hops(4, spread((1, 11), (1, 12), (2, 21), (2, 22))).is_fit_for_lite()
    assert hops(4, spread((1, 11), (2, 11), (3, 12), (4, 12))).is_fit_for_lite()
    assert hops(4, spread((1, 11), (2, 12))).is_fit_for_lite()
    assert hops(4, spread((1, 11), (2, 11))).is_fit_for_lite()


def test_meshed_hops_are_unfit_for_lite_even_while_flows_are_awaited() -> None:
    for meshed in (
        spread((1, 11), (1, 12), (2, 11), (2, 22)),
        spread((1, 11), (1, 12), (2, 12)),
        spread((1, 11), (2, 11), (2, 12), (3, 12)),
    ):
        assert not hops(4, meshed).is_fit_for_lite(is_complete=False)


def test_uneven_hops_are_unfit_for_lite_once_no_flow_is_awaited() -> None:
    one_splits = hops(4, spread((1, 11), (2, 21), (2, 22)))
    assert one_splits.is_fit_for_lite(is_complete=False)
    assert not one_splits.is_fit_for_lite()
    thin_branch = hops(4, {flow: (1, 11 if flow < 40 else 12) for flow in range(44)})
    assert thin_branch.is_fit_for_lite(is_complete=False)
    assert not thin_branch.is_fit_for_lite()


def test_lite_assumes_edges_only_to_the_single_vertex_of_a_hop() -> None:
    before = {0: vertex(3, 1), 1: vertex(3, 2)}
    assert pair(FlowTable(3), 4, before, {0: vertex(4, 9)}).assumed() == [
        (vertex(3, 2), vertex(4, 9))
    ]
    two = pair(FlowTable(3), 4, before | {2: vertex(3, 1)}, {0: vertex(4, 9), 2: vertex(4, 8)})
    assert two.assumed() == []


def test_equal_counts_are_even_and_unequal_counts_are_not() -> None:
    assert is_even([6] * 16, 2.0)
    assert not is_even([90, 10], 2.0)
    assert is_even([], 2.0)
