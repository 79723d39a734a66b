"""Procedures side by side: each learns what it would alone, in as many rounds as the slowest."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.explore.rounds import Rounds
from mda.model import ProbeRequest
from mda.multiplex import LANE, Multiplexed, in_lane, lane_of, of_others
from mda.procedure import History
from tests.support.drive import edges_of, full_mda, graph_of, layers, play

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address

    from mda.model import Outcome
    from tests.support.drive import Network

WIDE, PLAIN = layers(1, 4, 1), layers(1, 1, 1)


def both(flow: int) -> Sequence[IPv4Address]:
    lane, number = lane_of(flow)
    return (WIDE, PLAIN)[lane].per_flow(Random(f"{lane} {number}"))(number)


def in_one(lane: int) -> Network:
    return lambda flow: both(flow + lane * LANE)


def test_each_lane_finds_the_same_graph_as_it_would_alone() -> None:
    alone = [play(full_mda(failure_probability=0.001), in_one(lane)) for lane in (0, 1)]
    together = Multiplexed([full_mda(failure_probability=0.001) for _ in range(2)])
    played = play(together, both)
    assert played.probes == sum(single.probes for single in alone)
    assert played.rounds <= max(single.rounds for single in alone) + 1
    for lane, topology in enumerate((WIDE, PLAIN)):
        assert edges_of(graph_of(in_lane(played.outcomes, lane))) == topology.edges


def test_lanes_share_little_room_evenly() -> None:
    together = Multiplexed([full_mda(), full_mda()])
    lanes = [lane_of(request.flow)[0] for request in together.wanted(6)]
    assert lanes.count(0) == lanes.count(1) == 3
    assert not together.finished
    assert together.rate_pps(3) is None


class Asking(Rounds):
    """Asks so many things, all at once."""

    def __init__(self, requests: int) -> None:
        super().__init__(History(), 3)
        self._left = requests

    def next_round(self) -> list[ProbeRequest]:
        asked, self._left = self._left, 0
        return [ProbeRequest(flow, 1) for flow in range(asked)]


@pytest.mark.parametrize("room", range(1, 13))
@pytest.mark.parametrize("needs", [(9, 9), (0, 9), (20, 3), (1, 0, 30), (7, 7, 7), (0, 0, 0)])
def test_no_room_stays_unused_while_a_lane_has_requests(needs: tuple[int, ...], room: int) -> None:
    together = Multiplexed([Asking(need) for need in needs])
    left = list(needs)
    calls = 0
    while any(left):
        wanted = together.wanted(room)
        assert len(wanted) == min(room, sum(left))
        for request in wanted:
            left[lane_of(request.flow)[0]] -= 1
        calls += 1
        if calls == len(needs):  # whoever has something to say has had a turn by now
            assert all(now < need for now, need in zip(left, needs, strict=True) if need)
    assert left == [0] * len(needs)


@pytest.mark.parametrize("room", range(1, 13))
def test_each_lane_completes_its_graph_with_any_room(room: int) -> None:
    together = Multiplexed([full_mda(failure_probability=0.001) for _ in range(2)])
    played = play(together, both, room=room)
    assert together.finished
    for lane, topology in enumerate((WIDE, PLAIN)):
        assert edges_of(graph_of(in_lane(played.outcomes, lane))) == topology.edges


class Listening(Asking):
    """Keeps what it learns of others."""

    def __init__(self) -> None:
        super().__init__(2)
        self.learnt: list[Outcome] = []

    def on_other(self, outcome: Outcome) -> None:
        self.learnt.append(outcome)


def test_each_lane_learns_the_outcomes_of_the_others_under_numbers_that_are_not_its_own() -> None:
    lanes = [Listening() for _ in range(3)]
    played = play(Multiplexed(lanes), lambda flow: both(flow % LANE))
    by_lane = [in_lane(played.outcomes, lane) for lane in range(3)]
    for number, lane in enumerate(lanes):
        assert len(lane.learnt) == 4
        assert sorted(lane.learnt) == sorted(of_others(by_lane, number))
        assert all(lane_of(outcome.request.flow)[0] > 0 for outcome in lane.learnt)
        assert lane.outcomes == by_lane[number]
