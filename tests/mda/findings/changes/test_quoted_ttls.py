"""Quoted TTLs: those that count up, those that jump, and those higher than a probe left with."""

from __future__ import annotations

from typing import Any

from mda.findings.certainty import Obstacle
from mda.findings.changes.base import Kind
from tests.support.traces import DESTINATION, assembled, outcomes

A, B, C, D = (f"198.51.100.{n}" for n in (1, 2, 3, 4))


def kinds(answers: dict[str, dict[str, Any]]) -> list[tuple[Kind, list[str], int]]:
    trace = assembled(outcomes({flow: [A, B, C, D, DESTINATION] for flow in range(6)},
                               answers=answers))  # fmt: skip
    return [(own.kind, [str(v.address) for v in own.vertices], own.hops) for own in trace.changes]


def test_a_destination_that_quotes_more_than_probes_left_with_is_farther_than_it_is_drawn() -> None:
    answers = {DESTINATION: {"quoted_ttl": 250}}
    trace = assembled(outcomes({flow: [A, DESTINATION] for flow in range(6)}, answers=answers))
    (change,) = trace.changes
    assert (change.kind, change.sent, change.shown, change.hops) == (
        Kind.TTL_RAISED, "2", "250", 5,
    )  # fmt: skip
    assert trace.may_be_farther
    assert {Obstacle.REWRITTEN_TTL, Obstacle.TUNNEL} <= set(trace.certainty.obstacles)


def test_quoted_ttls_that_count_up_are_a_tunnel_up_to_where_they_stop() -> None:
    answers = {B: {"quoted_ttl": 2}, C: {"quoted_ttl": 3}}
    assert kinds(answers) == [(Kind.IMPLICIT_TUNNEL, [B, C], 0)]


def test_a_quoted_ttl_that_jumps_hides_hops() -> None:
    assert kinds({D: {"quoted_ttl": 4}}) == [(Kind.OPAQUE_TUNNEL, [D], 0)]


def test_a_router_in_another_kind_of_tunnel_quotes_what_it_likes() -> None:
    assert kinds({C: {"quoted_ttl": 3, "in_tunnel": True}}) == []


def test_a_forwarded_packet_that_has_expired_is_no_tunnel() -> None:
    assert kinds({C: {"quoted_ttl": 0}}) == []
