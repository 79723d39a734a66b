"""Limits are found from the losses that they explain, and those losses say nothing of flows."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from mda.answers import trials
from mda.answers.rate_limits import Answering
from mda.answers.table import FlowTable, tabulate
from mda.model import Loss, Outcome, ProbeRequest, Reply, ReplyKind, Vertex
from tests.support.outcomes import (
    GATEWAY,
    LEFT,
    NEAR,
    RIGHT,
    TARGET,
    located,
    losses,
    reply,
    some_limited,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.answers.limits import Limits


def test_probes_that_one_branch_drops_do_not_count_as_losses_of_the_other_branch() -> None:
    """Flows through LEFT are dropped behind it; the others meet the target in time."""
    near = [reply(flow, 1, (LEFT, RIGHT)[flow % 2]) for flow in range(12)]
    answered = [reply(flow, 2, NEAR, at_s=flow / 100) for flow in range(1, 12, 2)]
    dropped = [loss for flow in range(0, 12, 2) for loss in losses(flow, 2, 3)]
    unknown = losses(12, 2, 3)  # never probed at the first hop, where there are two vertices
    table = tabulate([*near, *answered, *dropped, *unknown], 3)
    hop, here = table.hop(2), located(table, 2)
    (vertex,) = set(hop.answers.values())
    met = trials.timed(trials.possible(hop, {vertex}))
    assert met == [(flow / 100, True) for flow in range(1, 12, 2)]
    assert table.limits(2).known() == {}
    assert table.limits(2).answering(here)[vertex] == Answering(6, 0, None)


def test_probes_that_a_router_refused_in_silence_do_not_count_as_losses_two_hops_behind_it() -> (
    None
):
    """LEFT refuses its flows, which were not probed at the second hop, and is silent at last."""
    refused = [reply(flow, 1, LEFT, ends=True) for flow in range(0, 12, 2)]
    lost = [loss for flow in range(0, 12, 2) for loss in losses(flow, 3, 3)]
    others = [
        reply(flow, ttl, responder, at_s=flow / 100)
        for flow in range(1, 12, 2)
        for ttl, responder in enumerate((RIGHT, NEAR, GATEWAY), start=1)
    ]
    table = tabulate([*refused, *lost, *others], 3)
    hop, here = table.hop(3), located(table, 3)
    (vertex,) = set(hop.answers.values())
    met = trials.timed(trials.possible(hop, {vertex}))
    assert met == [(flow / 100, True) for flow in range(1, 12, 2)]
    assert table.limits(3).answering(here)[vertex] == Answering(6, 0, None)


def test_a_silent_branch_is_not_taken_for_a_rate_limit_of_its_neighbour() -> None:
    near = [reply(flow, 1, NEAR) for flow in range(20)]
    answered = [reply(flow, 2, LEFT, at_s=flow / 1000) for flow in range(8)]

    def limited(count: int) -> bool:
        silent = [
            loss._replace(sent_at_s=0.01 + loss.request.attempt)
            for flow in range(8, 20)
            for loss in losses(flow, 2, count)
        ]
        return bool(tabulate([*near, *answered, *silent], 3).limits(2).known())

    assert limited(1)  # eight at once and no more: it may be a limit
    assert not limited(3)


def test_a_limit_of_one_of_several_vertices_is_suspected_once_it_is_silent_to_a_known_flow() -> (
    None
):
    asked_again = ProbeRequest(0, 2, 1)
    lost, answered = Loss(asked_again, 0.26, 0.51), reply(0, 2, LEFT, 1, at_s=0.26)
    for sign, suspected_pps in ((None, None), (answered, None), (lost, 0.95)):
        table = some_limited(sign=sign)
        assert table.limits(2).rate_pps() == suspected_pps
        assert (table.tries(2) == 12) == (sign == lost)  # losses say little then


def test_a_limit_that_let_nothing_through_again_is_asked_slowly() -> None:
    outcomes: list[Outcome] = [reply(n, 2, LEFT, at_s=n / 1000) for n in range(6)]
    outcomes += [Loss(ProbeRequest(n, 2), n / 1000, 0.26) for n in range(6, 26)]
    table = tabulate(outcomes, attempts=3)
    assert table.limits(2).rate_pps() == 1.7  # 85 % of two
    table.add(reply(6, 2, LEFT, 1, at_s=0.3))  # so soon that the rate is higher
    assert (table.limits(2).rate_pps() or 0.0) > 1.7


@pytest.mark.parametrize(
    "is_answered",
    [lambda n: n % 100 > 0, lambda n: n % 13 == 0],
    ids=["few are lost", "a limit takes most"],
)
def test_a_hop_with_many_outcomes_is_not_searched_for_limits_after_each_of_them(
    is_answered: Callable[[int], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def counting(*asked: Any, sent: Callable[..., Any] = trials.sent) -> Any:
        looked.append(asked)
        return sent(*asked)

    monkeypatch.setattr(trials, "sent", counting)
    table, at_so_many = FlowTable(attempts=3), {}
    for n in range(2000):
        table.add(reply(0, 2, LEFT, n, at_s=n / 13) if is_answered(n) else lost(0, n / 13, n))
        table.rate_pps(2)
        at_so_many[n] = len(looked)
    assert 0 < at_so_many[1999] - at_so_many[999] < 100


def lost(flow: int, at_s: float, attempt: int) -> Loss:
    return Loss(ProbeRequest(flow, 2, attempt), at_s, at_s + 0.25)


def slow_beside_fast() -> FlowTable:
    """LEFT answers once a second, RIGHT every time; flows behind one router are even at LEFT.

    Flows 0, 2, 4 and 6 have met LEFT; 8, 10 and 12 were only ever asked when it could not answer.
    """
    outcomes: list[Outcome] = [reply(n, 1, (NEAR, GATEWAY)[n % 2]) for n in range(14)]
    outcomes += [reply(n, 2, RIGHT, at_s=n / 1000) for n in range(1, 14, 2)]
    outcomes += [reply(0, 2, LEFT)]
    waiting = [2, 4, 6, 8, 10, 12]
    for step in range(1, 13):
        if step % 4:
            outcomes += [lost(n, step / 4, step - 1) for n in waiting]
        else:
            answered, *waiting = waiting
            outcomes += [reply(answered, 2, LEFT, step - 1, at_s=step / 4 + 0.01)]
            outcomes += [lost(n, step / 4 + 0.02, step - 1) for n in waiting]
    return tabulate(outcomes, attempts=3)


def test_a_limit_is_found_from_the_lost_probes_of_flows_that_were_never_answered() -> None:
    ((vertex, limit),) = slow_beside_fast().limits(2).known().items()
    assert vertex == Vertex(2, LEFT)
    assert 0.7 <= limit.rate_pps <= 1.3
    assert limit.burst == 1


def test_probes_lost_while_a_router_could_not_reply_do_not_make_a_flow_silent() -> None:
    table = slow_beside_fast()
    assert table.hop(2).losses[8] == 12
    assert table.limits(2).losses_that_count().get(8, 0) <= 2
    assert not table.is_silent(8, 2)
    assert not [vertex for vertex in located(table, 2).values() if vertex.address is None]


def test_probes_lost_while_a_router_could_reply_count() -> None:
    table = slow_beside_fast()
    counted = table.limits(2).losses_that_count().get(8, 0)
    for attempt in range(12, 18):
        table.add(lost(8, 2.0 * attempt, attempt))  # each long after the last reply
    assert table.limits(2).losses_that_count()[8] == counted + 6
    assert table.is_silent(8, 2)


def test_a_request_costs_what_it_is_expected_to_take_from_limited_routers() -> None:
    limits = slow_beside_fast().limits(2)
    assert limits.rate_pps() == 0.85 * sum(limit.rate_pps for limit in limits.known().values())
    costs = [limits.cost(ProbeRequest(flow, 2, 1)) for flow in (1, 2, 8)]
    assert costs == [0.0, 1.0, 1.0]  # of RIGHT, of LEFT, and lost where only LEFT was met
    assert 0 < limits.cost(ProbeRequest(20, 2)) < 1  # nothing is known of its way


def test_where_a_limit_is_only_suspected_new_flows_wait_for_a_few_replies_only() -> None:
    table = some_limited(sign=lost(0, 0.26, 1))
    limits = table.limits(2)
    assert limits.is_suspected()
    assert [limits.cost(ProbeRequest(flow, 2, 1)) for flow in (0, 6, 10)] == [1.0, 1.0, 0.0]
    costs = [limits.cost(ProbeRequest(30, 2))]
    for second, flow in enumerate(range(5, 9), start=1):
        table.add(reply(flow, 2, LEFT, 1, at_s=0.3 + 1.2 * second))
        costs.append(limits.cost(ProbeRequest(30, 2)))
    assert limits.is_suspected()
    assert [cost > 0 for cost in costs] == [True, True, True, True, False]


def lone(*later: Outcome) -> Limits:
    """The limits of a lone vertex that answered six at once, and lost the seventh; then `later`."""
    outcomes: list[Outcome] = [reply(n, 2, LEFT, at_s=n / 1000) for n in range(6)]
    return tabulate([*outcomes, lost(6, 0.007, 0), *later], attempts=3).limits(2)


def test_a_lone_vertex_is_suspected_at_the_first_loss_after_as_many_replies_as_linux_sends() -> (
    None
):
    assert lone().is_suspected()
    assert lone().rate_pps() == 0.95
    assert not lone(reply(7, 2, LEFT, at_s=0.3)).is_suspected()  # Linux would not answer so soon


def test_the_first_reply_of_a_lone_vertex_lets_new_flows_test_the_suspected_limit() -> None:
    again, new = reply(6, 2, LEFT, 1, at_s=1.06), ProbeRequest(30, 2)
    costs = [lone().cost(new), lone(again).cost(new), lone(again, lost(7, 1.07, 0)).cost(new)]
    assert [cost > 0 for cost in costs] == [True, False, True]


def test_a_limit_that_a_faster_probe_has_confirmed_is_asked_at_the_usual_rate() -> None:
    replies = [reply(n, 2, LEFT, at_s=1.06 * (n - 7)) for n in range(8, 14)]
    burst = [lost(n, 0.007, 0) for n in (20, 21, 22)]
    assert (lone(*burst, *replies).rate_pps() or 0.0) > 1.0  # it may be higher
    assert lone(*burst, *replies, lost(23, 3.3, 0)).rate_pps() == 0.95


def test_a_limit_of_one_of_several_vertices_is_suspected_after_as_many_replies_as_linux_sends() -> (
    None
):
    for answered, suspected_pps in ((5, None), (6, 0.95), (7, None)):
        outcomes: list[Outcome] = [reply(n, 2, LEFT, at_s=n / 1000) for n in range(answered)]
        outcomes += [reply(n, 2, RIGHT, at_s=n / 1000) for n in range(10, 17)]
        outcomes += [Loss(ProbeRequest(n, 2), 0.02, 0.26) for n in (7, 8)]
        assert tabulate(outcomes, attempts=3).limits(2).rate_pps() == suspected_pps


def test_a_router_that_goes_on_answering_is_no_part_of_a_limit_that_others_share() -> None:
    outcomes: list[Outcome] = [reply(n, 1, NEAR) for n in range(60)]
    outcomes += [reply(n, 2, (LEFT, RIGHT)[n % 2], at_s=n / 1000) for n in range(6)]
    outcomes += [reply(n, 2, GATEWAY, at_s=n / 10) for n in range(30, 60)]
    flows = iter(range(6, 30))
    for second in range(1, 9):  # together LEFT and RIGHT answer once a second
        first, *others = (next(flows) for _ in range(3))
        outcomes += [reply(first, 2, (LEFT, RIGHT)[second % 2], at_s=second)]
        outcomes += [lost(n, second + 0.01, 0) for n in others]
        outcomes += [lost(n, second + 0.3, 2) for n in (0, 1, first)]
    known = tabulate(outcomes, attempts=3).limits(2).known()
    assert known.keys() == {Vertex(2, LEFT), Vertex(2, RIGHT)}
    assert all(0.5 <= limit.rate_pps <= 2 for limit in known.values())


def test_losses_that_a_limit_may_explain_are_told_so_where_it_is_not_sure() -> None:
    table = some_limited(sign=lost(0, 0.26, 1))
    answering = table.limits(2).answering(located(table, 2))
    assert answering[Vertex(2, LEFT)].limit is None
    assert answering[Vertex(2, LEFT)].may_be_limited
    assert not answering[Vertex(2, RIGHT)].may_be_limited


def others(*asked: Outcome) -> list[Outcome]:
    """The outcomes of another procedure, whose flows have other numbers."""
    return [
        outcome._replace(request=outcome.request._replace(flow=outcome.request.flow + 1000))
        for outcome in asked
    ]


def starved() -> tuple[list[Outcome], list[Outcome]]:
    """LEFT replies six times, then once per half second: all but once to another procedure.

    Three flows of this one lose four probes each, right after LEFT's replies to the other.
    """
    own: list[Outcome] = [*(reply(n, 1, NEAR) for n in range(4)), reply(0, 2, LEFT)]
    met: list[Outcome] = [reply(n, 1, NEAR) for n in range(5)]
    met += [reply(n, 2, LEFT, at_s=0.001 * n) for n in range(1, 6)]
    for step in range(1, 6):
        met += [lost(5, step / 2 - 0.1, step)]
        met += [reply(step, 2, LEFT, step, at_s=step / 2)]
        own += [lost(flow, step / 2 + 0.01, step) for flow in (1, 2, 3) if step <= 4]
    return own, others(*met, reply(5, 2, LEFT, 6, at_s=3.5))


def test_probes_lost_to_the_replies_to_another_procedure_do_not_make_a_flow_silent() -> None:
    own, other = starved()
    alone, shared = tabulate(own, attempts=3), tabulate(own, 3, other)
    assert Vertex(2, None) in located(alone, 2).values()
    assert set(located(shared, 2).values()) == {Vertex(2, LEFT)}
    (limit,) = shared.limits(2).known().values()
    assert 1.5 <= limit.rate_pps <= 2.5
    assert shared.hop(2).answers == alone.hop(2).answers
    asked = shared.limits(2).answering(located(shared, 2))[Vertex(2, LEFT)]
    assert (asked.asked, asked.lost) == (13, 12)  # all of this procedure


def test_the_outcomes_of_others_may_come_in_any_order() -> None:
    own, other = starved()
    mixed = [(outcome, True) for outcome in own] + [(outcome, False) for outcome in other]
    found = set()
    for seed in range(8):
        Random(seed).shuffle(mixed)
        table = FlowTable(attempts=3)
        for outcome, is_own in mixed:
            (table.add if is_own else table.add_other)(outcome)
        found.add((*table.limits(2).known().items(), *located(table, 2).items(), table.tries(2)))
    assert len(found) == 1


def test_what_a_host_replies_to_another_procedure_says_nothing_of_its_replies_to_this_one() -> None:
    own, other = starved()
    final: list[Outcome] = [
        outcome._replace(kind=ReplyKind.SYN_ACK)
        if isinstance(outcome, Reply) and outcome.request.ttl == 2
        else outcome
        for outcome in other
    ]
    shared = tabulate(own, 3, final)
    assert located(shared, 2) == located(tabulate(own, 3), 2)
    assert shared.limits(2).known() == {}


def test_a_limit_is_forgotten_when_its_vertex_turns_out_to_be_further() -> None:
    """The quotes of TARGET place it at hop 2, until losses contradict them."""
    table = FlowTable(3)

    def play(turns: str, first: int) -> None:
        """Add answers of TARGET to probes of hop 9 ("A"), and losses of hop 2 ("l")."""
        for number, turn in enumerate(turns, start=first):
            flow, at_s = number % 6, number / 100
            if turn == "l":
                table.add(Loss(ProbeRequest(flow, 2, number), at_s, at_s + 1))
            else:
                answer = reply(flow, 9, TARGET, number, ends=True, at_s=at_s)
                table.add(answer._replace(icmp_code=3, quoted_ttl=8))

    play("A" * 6 + "l" * 6, 0)
    assert set(table.limits(2).known()) == {Vertex(2, TARGET)}
    play("lA" * 6, 12)
    assert set(table.ended.values()) == {9}
    assert table.rate_pps(2) is None
