"""Bursts are as large as the usual limit answers, until more are answered."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.answers.table import FlowTable
from mda.explore.bursts import Bursts
from mda.explore.wave import Sent
from mda.model import Loss, ProbeRequest
from tests.support.drive import full_mda, layers, play
from tests.support.outcomes import LEFT, RIGHT, reply

if TYPE_CHECKING:
    from ipaddress import IPv4Address

TTL = 2


def admitted(table: FlowTable, sent: Sent, *requests: ProbeRequest) -> int:
    """How many of many new flows leave, after `requests`."""
    return len(Bursts(table, sent).admitted([*requests, *new_flows()])) - len(requests)


def new_flows() -> list[ProbeRequest]:
    return [ProbeRequest(flow, TTL) for flow in range(100, 200)]


def test_a_ttl_that_nothing_is_known_of_gets_few_more_probes_than_linux_answers_at_once() -> None:
    table, sent = FlowTable(3), Sent()
    assert admitted(table, sent) == 10
    sent.add([ProbeRequest(flow, TTL) for flow in range(5)])
    assert admitted(table, sent) == 5


@pytest.mark.parametrize(("vertices", "more"), [([LEFT], 4), ([LEFT, RIGHT], 100)])
def test_only_bursts_to_a_lone_vertex_are_bounded(vertices: list[IPv4Address], more: int) -> None:
    table = FlowTable(3)
    for flow in range(6):
        table.add(reply(flow, TTL, vertices[flow % len(vertices)], at_s=flow / 1000))
    assert admitted(table, Sent()) == more


@pytest.mark.parametrize(("at_s", "more"), [(0.3, 100), (1.2, 4), (3.0, 6)])
def test_more_leave_where_more_were_answered_than_the_usual_limit_allows(
    at_s: float, more: int
) -> None:
    table = FlowTable(3)
    for flow in range(6):
        table.add(reply(flow, TTL, LEFT, at_s=flow / 1000))
    table.add(reply(6, TTL, LEFT, at_s=at_s))
    assert admitted(table, Sent()) == more


def test_probes_that_are_repeated_are_not_bounded_while_nothing_is_lost() -> None:
    table = FlowTable(3)
    for flow in range(6):
        table.add(reply(flow, TTL, LEFT, at_s=flow / 1000))
    known = [ProbeRequest(flow, TTL, 1) for flow in range(6)]
    assert admitted(table, Sent(), *known) == 4


def test_where_there_may_be_a_limit_a_higher_rate_is_tried_by_few_probes() -> None:
    """One is in flight, and one more for every four replies since the last loss."""
    retry = ProbeRequest(50, TTL, 1)
    for answered, in_flight in ((6, 1), (2, 101)):
        table = FlowTable(3)
        for flow in range(answered):
            table.add(reply(flow, TTL, LEFT, at_s=flow / 1000))
        for flow in (50, 51):
            table.add(Loss(ProbeRequest(flow, TTL), 0.02, 0.3))
        assert 1 + admitted(table, Sent(), retry) == in_flight
        if in_flight == 1:
            for second in range(1, 5):
                table.add(reply(60 + second, TTL, LEFT, at_s=1.1 * second))
            assert 1 + admitted(table, Sent(), retry) == 2


def test_where_a_limit_is_only_possible_as_many_may_leave_as_replies_have_come() -> None:
    """Two replies at once after a burst and losses are more than the usual limit allows."""
    for replies, in_flight in ((2, 4), (7, 7)):
        table = FlowTable(3)
        for flow in range(5):
            table.add(reply(flow, TTL, LEFT, at_s=flow / 1000))
        for flow in (50, 51, 52):
            table.add(Loss(ProbeRequest(flow, TTL), 0.02, 0.3))
        for flow in range(replies):
            table.add(reply(60 + flow, TTL, LEFT, at_s=1.0 + flow / 1000))
        assert admitted(table, Sent()) == in_flight


def test_without_limits_a_wide_diamond_takes_few_more_rounds() -> None:
    """The first burst to the joint is bounded; its answers show that it need not be."""
    for seed in range(5):
        played = play(full_mda(per_vertex=False), layers(1, 8, 1, 1).per_flow(Random(seed)))
        asked = [0] * (played.rounds + 1)
        for outcome in played.outcomes:
            if outcome.request.ttl == 3:
                asked[int(outcome.sent_at_s)] += 1
        assert max(after for before, after in pairwise(asked)) > 8
        assert played.rounds <= 9
