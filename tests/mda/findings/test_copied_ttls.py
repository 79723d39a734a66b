"""Hosts that copy the TTL of probes: how far away they are, and what nobody can promise then."""

from __future__ import annotations

from typing import Any

import pytest

from mda.findings.certainty import Obstacle
from mda.findings.copied_ttls import CopiedTtl
from mda.model import ReplyKind, Vertex
from tests.support.traces import DESTINATION, assembled, outcomes

NEAR = "198.51.100.1"
ANSWERS: dict[str, dict[str, Any]] = {
    "quoted": {"quoted_ttl": 2},
    "unquoted": {"quoted_ttl": None, "kind": ReplyKind.RST, "icmp_type": None, "icmp_code": None},
}


@pytest.mark.parametrize("how", ANSWERS)
def test_a_host_that_copies_ttls_is_nearer_than_it_is_drawn(how: str) -> None:
    answers = {DESTINATION: {**ANSWERS[how], "reply_ttl": 1}}
    paths = {flow: [NEAR, "*", DESTINATION] for flow in range(9)}
    trace = assembled(outcomes(paths, answers=answers))
    (end,) = trace.arrivals
    assert trace.copied_ttls == (CopiedTtl(end, 2, is_quoted=how == "quoted"),)
    assert (end, trace.may_be_nearer) == (Vertex(3, end.address), True)
    assert not trace.may_be_farther
    assert trace.certainty.obstacles == (Obstacle.COPIED_TTL,)


def test_a_host_that_copies_ttls_and_is_drawn_where_it_is_puts_nothing_in_doubt() -> None:
    answers = {DESTINATION: {"quoted_ttl": 2, "reply_ttl": 1}}
    found = outcomes({flow: [NEAR, "*", DESTINATION] for flow in range(5)}, answers=answers)
    trace = assembled(found)  # too few losses to contradict the quotes
    (end,) = trace.arrivals
    assert trace.copied_ttls == (CopiedTtl(end, 2, is_quoted=True),)
    assert (end.ttl, trace.may_be_nearer, trace.may_be_farther) == (2, False, False)
    assert Obstacle.COPIED_TTL not in trace.certainty.obstacles
    assert Obstacle.TUNNEL not in trace.certainty.obstacles


def test_a_host_that_sends_with_a_low_ttl_copies_nothing_if_the_hop_before_it_answers() -> None:
    answers = {DESTINATION: {**ANSWERS["unquoted"], "reply_ttl": 1}}
    paths = {flow: [NEAR, "198.51.100.2", DESTINATION] for flow in range(9)}
    trace = assembled(outcomes(paths, answers=answers))
    assert (trace.copied_ttls, trace.may_be_nearer) == ((), False)
    assert Obstacle.COPIED_TTL not in trace.certainty.obstacles


def test_other_hosts_copy_nothing() -> None:
    answers = {DESTINATION: {"reply_ttl": 62}}
    trace = assembled(outcomes({flow: [NEAR, DESTINATION] for flow in range(9)}, answers=answers))
    assert trace.copied_ttls == ()
    assert not trace.may_be_nearer
