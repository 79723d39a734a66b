"""The table is a function of the set of outcomes, and distinguishes silence from loss."""

from __future__ import annotations

from random import Random

from mda.answers.graph import locate
from mda.answers.hop import STEADY
from mda.answers.table import tabulate
from mda.model import NOBODYS, InterfaceInfo, InterfaceRole, Outcome, Vertex
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


def test_flows_are_located_where_they_got_replies_and_nowhere_behind_their_end() -> None:
    table = tabulate([reply(0, 1, NEAR), reply(0, 2, TARGET, ends=True)], attempts=3)
    table.add(reply(0, 3, TARGET, ends=True))
    assert located(table, 1) == {0: Vertex(1, NEAR)}
    assert located(table, 2) == {0: Vertex(2, TARGET)}
    assert located(table, 3) == {}
    assert table.ended == {0: 2}


def test_a_reply_to_a_probe_that_went_too_far_places_no_end_where_other_paths_end_nearer() -> None:
    far = [reply(1, 1, NEAR), reply(1, 30, TARGET, ends=True)]
    alone = locate(tabulate(far, attempts=3), GATEWAY, 1)
    assert alone.hops[30] == {1: Vertex(30, TARGET)}
    nearer = [reply(0, 1, NEAR), reply(0, 2, TARGET, ends=True)]
    both = locate(tabulate(far + nearer, attempts=3), GATEWAY, 1)
    assert {ttl: flows for ttl, flows in both.hops.items() if flows} == {
        0: {0: Vertex(0, GATEWAY), 1: Vertex(0, GATEWAY)},
        1: {0: Vertex(1, NEAR), 1: Vertex(1, NEAR)},
        2: {0: Vertex(2, TARGET)},
    }


def test_routers_that_share_an_address_are_kept_apart_by_interface() -> None:
    eth0, eth1 = (InterfaceInfo(InterfaceRole.INCOMING, n, name=f"eth{n}") for n in (1, 2))
    gone = InterfaceInfo(InterfaceRole.OUTGOING, 9)
    said: list[tuple[InterfaceInfo, ...]] = [(eth0,), (gone, eth1), (eth0, gone), (gone,), ()]
    vertices = [Vertex(2, NOBODYS, interface=name) for name in ("eth1/1", "eth2/2", "")]
    outcomes = [reply(0, 1, NEAR)]
    outcomes += [reply(n, 2, NOBODYS)._replace(interfaces=own) for n, own in enumerate(said)]
    table = tabulate(outcomes, attempts=3)
    expected = [vertices[place] for place in (0, 1, 0, 2, 2)]
    assert table.hop(2).answers == dict(enumerate(expected))
    assert sorted(vertices, key=lambda vertex: vertex.sort_key)[0] == vertices[2]
    table.add(reply(0, 2, NOBODYS, attempt=1)._replace(interfaces=(eth1,)))
    assert table.hop(2).met_several == {0: {vertices[0], vertices[1]}}


def test_an_address_of_one_router_is_one_vertex_whatever_its_interfaces() -> None:
    eth0 = InterfaceInfo(InterfaceRole.INCOMING, 1, name="eth0")
    table = tabulate([reply(0, 2, NEAR), reply(1, 2, NEAR)._replace(interfaces=(eth0,))], 3)
    assert set(table.hop(2).answers.values()) == {Vertex(2, NEAR)}


def test_an_end_shows_no_predecessor_if_paths_end_at_several_ttls() -> None:
    wall = GATEWAY
    table = tabulate(
        [
            reply(1, 1, wall, ends=True),
            *(reply(0, ttl, address) for ttl, address in enumerate((LEFT, NEAR), start=1)),
            reply(0, 3, TARGET, ends=True),
            reply(2, 3, wall, ends=True),  # asked nowhere else: its path may be that of flow 1
            reply(3, 3, RIGHT),  # went on, so it must have come through the only vertex
        ],
        attempts=3,
    )
    before = located(table, 2)
    assert table.predecessors(3, before) == {0: Vertex(2, NEAR), 3: Vertex(2, NEAR)}


def test_a_flow_is_silent_after_all_attempts_are_lost_until_a_reply_arrives() -> None:
    table = tabulate(losses(0, 1, 2), attempts=3)
    assert not table.is_silent(0, 1)
    table.add(losses(0, 1, 3)[2])
    assert table.is_silent(0, 1)
    assert located(table, 1) == {0: Vertex(1, None)}
    table.add(reply(0, 1, NEAR, attempt=1))
    assert not table.is_silent(0, 1)
    assert located(table, 1) == {0: Vertex(1, NEAR)}


def test_a_silent_branch_is_a_star_but_a_lossy_hop_is_not() -> None:
    paths: list[Outcome] = [reply(flow, 1, NEAR) for flow in range(8)]
    answering: list[Outcome] = [reply(flow, 2, LEFT) for flow in range(0, 8, 2)]
    silent = [loss for flow in range(1, 8, 2) for loss in losses(flow, 2, 3)]
    sign = reply(0, 2, LEFT, attempt=1, at_s=2.5)  # the hop does reply in between
    branch = tabulate([*paths, *answering, *silent, sign], attempts=3)
    assert located(branch, 2)[1] == Vertex(2, None)
    # The same silence of one flow, where those that answer were lost twice each, is plain loss.
    lossy = [loss for flow in range(0, 8, 2) for loss in losses(flow, 2, 2)]
    hop = tabulate([*paths, *lossy, *answering, *losses(1, 2, 3)], attempts=3)
    assert 1 not in located(hop, 2)


def test_a_hop_that_loses_some_replies_gets_more_tries_before_a_flow_is_silent() -> None:
    steady: list[Outcome] = [reply(flow, 2, LEFT) for flow in range(20)]
    assert tabulate(steady, 3).tries(2) == 3
    few = [loss for flow in range(3) for loss in losses(flow, 2, 1)]
    rate = 3.5 / 24  # three losses beside twenty answering flows, half a loss added
    assert 20 * rate**6 < 0.001 < 20 * rate**5  # that any of twenty flows is silent by chance
    assert tabulate([*steady, *few], 3).tries(2) == 6


def test_loss_on_one_branch_raises_the_tries_at_all_hops_of_that_branch() -> None:
    near = [reply(flow, 1, (LEFT, RIGHT)[flow % 2]) for flow in range(40)]
    answering = [reply(flow, 2, NEAR) for flow in range(40)]
    on_the_right = [loss for flow in (1, 3, 5, 7, 9, 11) for loss in losses(flow, 2, 1)]
    everywhere = [loss for flow in range(6) for loss in losses(flow, 2, 1)]
    lossy = tabulate([*near, *answering, *on_the_right], 3).tries(2)
    even = tabulate([*near, *answering, *everywhere], 3).tries(2)
    rate = 6.5 / 27  # six losses beside the twenty flows that came by the right branch
    assert 40 * rate**lossy < 0.001 < 40 * rate ** (lossy - 1)
    assert even < lossy


def test_losses_at_other_hops_raise_the_tries_before_a_flow_is_silent() -> None:
    hop = [reply(flow, 2, LEFT) for flow in range(10)]
    silent = losses(10, 2, 1)
    lossy = [loss for flow in range(4) for loss in losses(flow, 1, 2)]
    before: list[Outcome] = [reply(flow, 1, NEAR) for flow in range(11)]
    assert tabulate([*before, *hop, *silent], 3).tries(2) == 3
    rate = 8.5 / (8 + 21 + 1)
    assert tabulate([*before, *hop, *silent, *lossy], 3).tries(2) == 8
    assert 11 * rate**8 < 0.001 < 11 * rate**7


def test_a_flow_is_not_silent_if_all_replies_stopped_because_of_a_rate_limit() -> None:
    answered: list[Outcome] = [reply(flow, 2, LEFT, at_s=flow / 1000 - 1) for flow in range(6)]
    stopped = [loss for flow in (0, 6, 7) for loss in losses(flow, 2, 3)]
    table = tabulate([*answered, *stopped], 3)
    assert not table.is_silent(6, 2)


def test_silent_flows_with_different_predecessors_make_different_stars() -> None:
    outcomes: list[Outcome] = [
        reply(0, 1, LEFT), reply(1, 1, RIGHT), *losses(0, 2, 1), *losses(1, 2, 1)
    ]  # fmt: skip
    assert located(tabulate(outcomes, attempts=1), 2) == {
        0: Vertex(2, None, 0),
        1: Vertex(2, None, 1),
    }


def test_a_flow_that_met_two_vertices_is_located_by_its_earliest_attempt_and_keeps_both() -> None:
    for order in ((0, 1), (1, 0)):
        outcomes = [reply(0, 1, LEFT, attempt=0), reply(0, 1, RIGHT, attempt=1)]
        table = tabulate([outcomes[n] for n in order], attempts=3)
        assert table.hop(1).answers == {0: Vertex(1, LEFT)}
        assert table.hop(1).met_several == {0: {Vertex(1, LEFT), Vertex(1, RIGHT)}}


def test_an_earlier_attempt_counts_whenever_its_reply_comes_or_goes() -> None:
    late, early = reply(0, 2, LEFT, 2), reply(0, 2, RIGHT, 1)
    for outcomes in ((late, reply(0, 2, LEFT, 3), early), (early, late, reply(0, 2, LEFT, 3))):
        table = tabulate(outcomes, attempts=3)
        hop = table.hop(2)
        assert hop.answers[0] == Vertex(2, RIGHT)
        hop.remove_answer(early, Vertex(2, RIGHT))
        assert hop.answers[0] == Vertex(2, LEFT)
        table.add(reply(0, 2, RIGHT, 0))
        assert hop.answers[0] == Vertex(2, RIGHT)


def test_located_flows_do_not_depend_on_the_order_of_outcomes() -> None:
    outcomes: list[Outcome] = [
        *(reply(flow, 1, NEAR) for flow in range(6)),
        *(reply(flow, 2, (LEFT, RIGHT)[flow % 2]) for flow in range(4)),
        *(loss for flow in (4, 5) for loss in losses(flow, 2, 3)),
        reply(4, 2, LEFT, attempt=2),
        *(reply(flow, ttl, TARGET, ends=True) for flow in range(6) for ttl in (3, 4)),
    ]
    expected = [located(tabulate(outcomes, 3), ttl) for ttl in range(1, 5)]
    for seed in range(20):
        Random(seed).shuffle(outcomes)
        assert [located(tabulate(outcomes, 3), ttl) for ttl in range(1, 5)] == expected


def test_one_silent_flow_among_many_that_got_replies_is_not_a_star() -> None:
    near: list[Outcome] = [reply(flow, 1, NEAR) for flow in range(40)]
    answering: list[Outcome] = [reply(flow, 2, LEFT) for flow in range(39)]
    assert 39 not in located(tabulate([*near, *answering, *losses(39, 2, 3)], attempts=3), 2)


def test_unprobed_flows_pass_the_only_vertex_of_a_hop_unless_paths_end_there() -> None:
    before = {0: Vertex(1, NEAR)}
    table = tabulate([reply(0, 1, NEAR), reply(1, 2, LEFT)], attempts=3)
    assert table.predecessors(2, before) == {0: Vertex(1, NEAR), 1: Vertex(1, NEAR)}
    ending = tabulate([reply(0, 1, NEAR, ends=True), reply(1, 2, NEAR, ends=True)], attempts=3)
    assert ending.predecessors(2, before) == before


def test_vertices_that_no_later_probe_met_are_quiet() -> None:
    hop = some_limited(sign=None).hop(2)
    assert hop.quiet_since(0.006) == [Vertex(2, LEFT)]
    assert hop.quiet_since(0.016) == [Vertex(2, LEFT), Vertex(2, RIGHT)]
    assert hop.quiet_since(0.001) == []


def test_a_hop_that_never_answered_is_tried_in_full_where_probes_are_lost_elsewhere() -> None:
    silent = [loss for flow in range(6) for loss in losses(flow, 2, 1)]
    near = [reply(flow, 1, NEAR) for flow in range(6)]
    later = losses(0, 2, 3)[2:]  # two seconds later
    assert tabulate([*near, *silent, *later], 3).tries(2) == 1
    assert tabulate([*near, *silent, *later, *losses(0, 1, 1)], 3).tries(2) == 3


def test_a_hop_that_never_answered_in_less_than_a_second_may_have_a_limit() -> None:
    silent = [loss for flow in range(6) for loss in losses(flow, 2, 1)]
    near = [reply(flow, 1, NEAR) for flow in range(6)]
    assert tabulate([*near, *silent], 3).tries(2) == 3


def test_a_flow_that_changes_once_has_not_turned_if_others_alternate_between_its_vertices() -> None:
    once = [LEFT, *[RIGHT] * STEADY]
    changes = [reply(0, 2, address, attempt=n) for n, address in enumerate(once)]
    assert tabulate(changes, attempts=3).hop(2).turned() == {0}
    others = [reply(1, 2, address, attempt=n) for n, address in enumerate((LEFT, RIGHT, LEFT))]
    assert tabulate(changes + others, attempts=3).hop(2).turned() == set()
    elsewhere = [reply(1, 2, address, attempt=n) for n, address in enumerate((LEFT, NEAR, LEFT))]
    assert tabulate(changes + elsewhere, attempts=3).hop(2).turned() == {0}


def test_a_flow_is_cut_off_where_all_of_its_vertex_are_silent_and_it_is_further_on_too() -> None:
    ways = [reply(flow, 1, (LEFT, RIGHT)[flow % 2]) for flow in range(6)]
    heard = [reply(flow, 2, NEAR) for flow in range(0, 6, 2)]
    lost = [loss for flow in (1, 3) for ttl in (2, 3) for loss in losses(flow, ttl, 3)]
    table = tabulate([*ways, *heard, *lost, *losses(5, 2, 3)], attempts=3)
    assert table.is_cut_off(1, 2)
    assert not table.is_cut_off(0, 2)  # it was answered there
    assert not table.is_cut_off(5, 2)  # nothing is known of it further on
    # A flow that came by the same vertex was answered, so a limit may have taken its replies.
    assert not tabulate([*ways, *heard, *lost, reply(5, 2, NEAR)], 3).is_cut_off(1, 2)
    # It was answered further on.
    assert not tabulate([*ways, *heard, *lost, reply(1, 4, TARGET)], 3).is_cut_off(1, 2)
