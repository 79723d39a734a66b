"""What hops have shown so far, from made-up outcomes."""

from __future__ import annotations

import pytest

from mda.answers.so_far import HopSoFar, SoFar
from mda.statistics.stopping import Bound, miss_probability, stop_at
from tests.support.outcomes import GATEWAY, LEFT, NEAR, RIGHT, TARGET, losses, reply

BOUND = Bound(0.05, per_vertex=True)


def test_a_reply_after_its_loss_takes_the_loss_back() -> None:
    so_far = SoFar()
    for outcome in losses(0, 1, 2):
        so_far.add(outcome)
    assert (so_far.sent, so_far.lost) == (2, 2)
    so_far.add(reply(0, 1, NEAR, 1))
    assert (so_far.sent, so_far.lost) == (2, 1)


def test_hops_behind_every_end_are_left_out() -> None:
    so_far = SoFar()
    for outcome in (
        reply(0, 3, TARGET, ends=True), reply(0, 2, TARGET, ends=True), reply(0, 1, NEAR),
        reply(1, 3, TARGET, ends=True), reply(1, 4, TARGET, ends=True), reply(1, 2, GATEWAY),
    ):  # fmt: skip
        so_far.add(outcome)
    assert [ttl for ttl, _ in so_far.hops()] == [1, 2, 3]
    assert so_far.farthest == 2
    assert so_far.interfaces() == {NEAR, GATEWAY, TARGET}


@pytest.mark.parametrize("seen", [1, 2, 5, 16])
def test_the_chance_of_a_missed_interface_is_bounded_closely_where_a_hop_may_be_finished(
    seen: int,
) -> None:
    hop = HopSoFar()
    flows = stop_at(seen, 0.05)
    for flow in range(flows):
        hop.add(reply(flow, 1, NEAR + flow % seen))
    exact = miss_probability(seen, flows)
    assert exact <= hop.miss_probability <= 1.05 * exact


def test_missing_flows_are_those_up_to_the_stopping_point_of_each_hop() -> None:
    so_far = SoFar()
    assert so_far.missing(BOUND) == 0
    so_far.add(reply(0, 1, NEAR))
    assert so_far.missing(BOUND) == stop_at(1, 0.05) - 1
    for flow in range(6):
        so_far.add(reply(flow, 1, NEAR))
        so_far.add(reply(flow, 2, (LEFT, RIGHT)[flow % 2]))
    assert so_far.missing(BOUND) == stop_at(2, 0.05) - 6
    so_far.add(reply(0, 3, GATEWAY))  # which is behind each of two
    assert so_far.missing(BOUND) == stop_at(2, 0.05) - 6 + 2 * stop_at(1, 0.05) - 1


def test_more_flows_are_missing_for_thin_branches_and_for_a_whole_graph() -> None:
    so_far = SoFar()
    for flow in range(11):
        so_far.add(reply(flow, 1, (LEFT, RIGHT)[flow % 2]))
    assert so_far.missing(BOUND) == 0
    assert so_far.missing(Bound(0.05)) == stop_at(2, 0.025) - 11 == 1
    assert so_far.missing(Bound(0.05, per_vertex=True, min_share=0.1)) == 51 - 11
