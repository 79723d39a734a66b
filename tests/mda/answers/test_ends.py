"""A path ends at the hop of who answered for good, in whatever order replies arrive."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from mda.answers.table import tabulate
from mda.model import Loss, ProbeRequest, Reply, ReplyKind, Vertex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.answers.table import FlowTable
    from mda.model import Outcome

GATEWAY, ROUTER, TARGET = (IPv4Address(f"198.51.100.{n}") for n in (1, 2, 9))
NO_ROUTE, NO_PORT = 0, 3


def expired(flow: int, ttl: int, responder: IPv4Address, reply_ttl: int | None = None) -> Reply:
    request = ProbeRequest(flow, ttl)
    return Reply(request, ReplyKind.TIME_EXCEEDED, responder, 0.0, 0.01, reply_ttl=reply_ttl)


def final(
    flow: int, ttl: int, responder: IPv4Address, left: int | None, code: int = NO_PORT,
    reply_ttl: int | None = None,
) -> Reply:  # fmt: skip
    return Reply(
        ProbeRequest(flow, ttl), ReplyKind.UNREACHABLE, responder, 0.0, 0.01,
        icmp_code=code, quoted_ttl=left, reply_ttl=reply_ttl,
    )  # fmt: skip


def lost(flow: int, ttl: int, attempt: int = 0) -> Loss:
    return Loss(ProbeRequest(flow, ttl, attempt), 0.0, 1.0)


def in_every_order(outcomes: Sequence[Outcome]) -> FlowTable:
    """The table of the outcomes, which is the same in every order."""
    tables = [tabulate(order, 3) for order in permutations(outcomes)]
    for table in tables:
        assert table.ended == tables[0].ended
        assert table.end_ttls == tables[0].end_ttls == set(table.ended.values())
        assert table.answered_to == tables[0].answered_to
        assert table.ends.doubtful_ends() == tables[0].ends.doubtful_ends()
        assert [table.hop(ttl).answers for ttl in range(9)] == [
            tables[0].hop(ttl).answers for ttl in range(9)
        ]
    return tables[0]


def test_the_quoted_ttl_shows_the_destinations_hop_if_the_reply_from_that_hop_was_lost() -> None:
    table = in_every_order([expired(0, 3, ROUTER), lost(0, 4), final(0, 6, TARGET, left=3)])
    assert table.ended == {0: 4}
    assert table.hop(4).answers == {0: Vertex(4, TARGET)}
    assert not table.hop(6).answers
    assert table.hop(4).lost_of == {Vertex(4, TARGET): 1}
    assert table.answered_to == {0: 4}


@pytest.mark.parametrize("left", [None, 0, 7])
def test_a_path_ends_at_the_ttl_of_the_probe_if_the_quoted_ttl_is_useless(left: int | None) -> None:
    assert tabulate([final(0, 6, TARGET, left)], 3).ended == {0: 6}


def test_a_quoted_ttl_is_not_believed_if_the_flow_got_a_reply_from_further_away() -> None:
    table = in_every_order([expired(0, 4, ROUTER), final(0, 6, TARGET, left=4)])
    assert table.ended == {0: 6}
    assert table.hop(6).answers == {0: Vertex(6, TARGET)}


def test_a_router_that_refuses_after_lowering_the_ttl_counts_at_the_hop_of_its_time_exceeded() -> (
    None
):
    outcomes = [
        expired(0, 2, ROUTER, reply_ttl=62),
        final(0, 3, ROUTER, 1, NO_ROUTE, reply_ttl=62),
        final(1, 3, ROUTER, 1, NO_ROUTE, reply_ttl=62),
    ]
    table = in_every_order(outcomes)
    assert table.ended == {0: 2, 1: 2}
    assert table.hop(2).answers == dict.fromkeys((0, 1), Vertex(2, ROUTER))
    assert not table.hop(3).answers


def test_a_router_that_refuses_before_lowering_the_ttl_counts_at_the_hop_of_its_time_exceeded() -> (
    None
):
    outcomes = [
        expired(0, 2, ROUTER, reply_ttl=62),
        final(0, 3, ROUTER, 2, NO_ROUTE, reply_ttl=62),
        final(1, 4, ROUTER, 3, NO_ROUTE, reply_ttl=62),
    ]
    table = in_every_order(outcomes)
    assert table.ended == {0: 2, 1: 2}
    assert table.hop(2).answers == dict.fromkeys((0, 1), Vertex(2, ROUTER))


def test_two_machines_with_one_address_count_at_two_hops() -> None:
    outcomes = [expired(0, 2, TARGET, reply_ttl=62), final(0, 3, TARGET, 1, reply_ttl=61)]
    assert in_every_order(outcomes).ended == {0: 3}


def test_a_refusal_ends_no_path_if_a_reply_comes_from_behind_the_router() -> None:
    refusal, other = final(0, 2, ROUTER, 1, NO_ROUTE), final(1, 2, ROUTER, 1, NO_ROUTE)
    assert in_every_order([refusal, other, lost(0, 3)]).ended == {0: 2, 1: 2}
    assert in_every_order([refusal, other, final(0, 3, ROUTER, 2, NO_ROUTE)]).ended == {0: 2, 1: 2}
    passed = in_every_order([refusal, other, final(0, 4, TARGET, 1)])
    assert passed.ended == {0: 4}
    assert passed.hop(2).answers == dict.fromkeys((0, 1), Vertex(2, ROUTER))
    assert in_every_order([refusal, other, expired(0, 3, GATEWAY)]).ended == {}


def test_of_several_refusals_by_one_router_the_nearest_is_looked_behind() -> None:
    refusals = [final(0, ttl, ROUTER, left=None, code=NO_ROUTE) for ttl in (7, 4)]
    assert in_every_order(refusals).ends.doubtful_ends() == {0: 5}


@pytest.mark.parametrize(("ttl", "left"), [(5, 1), (7, 3)])
def test_a_path_goes_on_behind_an_expired_probe_if_its_responder_is_seen_one_hop_further(
    ttl: int, left: int
) -> None:
    early, other = final(0, 4, TARGET, 0), final(1, 4, TARGET, 0)
    table = in_every_order([early, other, final(0, ttl, TARGET, left)])
    assert table.ended == {0: 5}
    assert table.hop(4).answers == dict.fromkeys((0, 1), Vertex(4, TARGET))
    assert table.hop(5).answers == {0: Vertex(5, TARGET)}
    assert (table.ends.is_early(early), table.ends.doubtful_ends()) == (True, {})
    elsewhere = in_every_order([early, other, final(0, ttl, ROUTER, left)])
    assert elsewhere.ended == {0: 4, 1: 4}


def test_the_end_of_an_expired_probe_is_in_doubt_until_a_probe_behind_it_gets_a_reply() -> None:
    early = final(0, 4, TARGET, 0)
    assert in_every_order([early]).ends.doubtful_ends() == {0: 5}
    always_0 = in_every_order([early, final(0, 5, TARGET, 0), final(0, 6, TARGET, 0)])
    assert always_0.ended == {0: 4}
    assert always_0.ends.doubtful_ends() == {0: 5}  # whose reply has shown nothing
    assert not always_0.ends.is_early(early)


def test_a_reply_that_counts_nearer_later_takes_back_what_it_showed() -> None:
    table = in_every_order(
        [
            final(0, 3, ROUTER, 0, NO_ROUTE),
            final(1, 4, ROUTER, 1, NO_ROUTE, reply_ttl=62),
            expired(1, 3, ROUTER, reply_ttl=62),
        ]
    )
    assert table.ended == {0: 3, 1: 3}


def test_a_path_loops_if_it_meets_the_same_machine_three_times() -> None:
    at = (2, 4, 6)
    assert tabulate([expired(0, ttl, ROUTER, 60) for ttl in at], 3).ended == {0: 6}
    assert tabulate([expired(0, ttl, ROUTER, 64 - ttl) for ttl in at], 3).ended == {}


def test_an_end_is_left_out_if_the_probe_one_hop_before_was_lost() -> None:
    """A SYN-ACK quotes nothing: where the probe before it was lost, its hop is not known."""
    unquoted = [
        Reply(ProbeRequest(flow, ttl), ReplyKind.SYN_ACK, TARGET, 0.0, 0.01)
        for flow, ttl in ((0, 3), (1, 3), (2, 4))
    ]
    near: list[Outcome] = [expired(flow, ttl, ROUTER) for flow in range(3) for ttl in (1, 2)]
    table = tabulate([*near, *unquoted, lost(2, 3)], 3)
    before = {flow: Vertex(3, TARGET) for flow in (0, 1)}
    assert table.located_next(4, before) == {}
    assert table.located_next(4, before | {2: Vertex(3, None)}) == {2: Vertex(4, TARGET)}


@pytest.mark.parametrize(
    ("reset_ttl", "end"),
    [
        pytest.param(62, 5, id="by something nearer"),
        pytest.param(60, 4, id="by what accepts it"),
        pytest.param(255 - 4, 4, id="by what accepts it, with another initial TTL"),
    ],
)
def test_resets_of_something_nearer_than_what_accepts_the_flow_end_no_path(
    reset_ttl: int, end: int
) -> None:
    def answer(ttl: int, kind: ReplyKind, reply_ttl: int) -> Reply:
        return Reply(ProbeRequest(0, ttl, 1), kind, TARGET, 0.0, 0.01, reply_ttl=reply_ttl)

    table = in_every_order(
        [
            expired(0, 3, GATEWAY, 62),
            expired(0, 4, ROUTER, 61),
            answer(4, ReplyKind.RST, reset_ttl),
            answer(5, ReplyKind.SYN_ACK, 60),
        ]
    )
    assert table.ended == {0: end}
    assert (TARGET in {met.address for _, _, met in table.hop(4).history(0)}) is (end == 4)


def test_resets_of_what_resets_only_some_syns_count_as_losses_of_every_flow() -> None:
    def answer(flow: int, ttl: int, kind: ReplyKind, reply_ttl: int) -> Reply:
        return Reply(ProbeRequest(flow, ttl, 1), kind, TARGET, 0.0, 0.01, reply_ttl=reply_ttl)

    table = in_every_order(
        [
            expired(0, 3, GATEWAY, 62),
            answer(0, 3, ReplyKind.RST, 63),
            answer(1, 3, ReplyKind.RST, 63),
            answer(2, 3, ReplyKind.RST, 62),  # another machine: it may reset all
            answer(0, 4, ReplyKind.SYN_ACK, 61),
        ]
    )
    assert table.ended == {0: 4, 2: 3}
    assert table.hop(3).losses == {0: 1, 1: 1}
    assert (table.answered_to.get(0), table.answered_to.get(1)) == (4, None)
