"""Who refuses probes, by hand: ports that are closed for certain, and firewalls."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mda.findings.refusals import Refusal, Refused
from mda.model import Loss, Outcome, ProbeRequest, Reply, ReplyKind
from tests.support.traces import DESTINATION, assembled

CLOSED = (Refused(Refusal.CLOSED, ip_address(DESTINATION)),)


def tcp(*probes: tuple[int, str]) -> tuple[Refused, ...]:
    """What follows if one flow's probes, in the order of sending, to these TTLs get this."""
    outcomes: list[Outcome] = []
    for number, (ttl, said) in enumerate(probes):
        request, sent_at_s = ProbeRequest(0, ttl, number), 0.001 * number
        if said == "lost":
            outcomes.append(Loss(request, sent_at_s, sent_at_s + 1))
            continue
        kind = ReplyKind(said)
        end = DESTINATION if kind is not ReplyKind.TIME_EXCEEDED else "192.0.2.7"
        outcomes.append(Reply(request, kind, ip_address(end), sent_at_s, sent_at_s + 0.01))
    return assembled(outcomes, protocol="tcp").refusals


def test_a_reset_of_the_first_syn_that_arrives_says_that_the_port_is_closed() -> None:
    assert tcp((1, "time-exceeded"), (2, "rst"), (3, "rst")) == CLOSED
    assert tcp((2, "rst"), (2, "lost"), (3, "rst")) == CLOSED
    assert tcp((1, "lost"), (2, "rst")) == CLOSED  # a silent router


def test_a_reset_behind_a_syn_that_may_have_arrived_says_nothing_of_the_port() -> None:
    assert tcp((1, "time-exceeded"), (2, "lost"), (2, "rst"), (3, "rst")) == ()
    assert tcp((2, "syn-ack"), (3, "rst"), (4, "rst")) == ()


def unreachable(by: str, code: int, protocol: str = "tcp", icmp_type: int = 3) -> list[Refusal]:
    """How `by` refuses with this code of "destination unreachable"."""
    destination = DESTINATION if ":" not in by else "2001:db8:9::9"
    reply = Reply(
        ProbeRequest(0, 2), ReplyKind.UNREACHABLE, ip_address(by), 0.0, 0.1, icmp_type, code
    )
    trace = assembled([reply], protocol=protocol, destination=destination)
    assert all(refused.by == reply.responder for refused in trace.refusals)
    return [refused.how for refused in trace.refusals]


@pytest.mark.parametrize("protocol", ["tcp", "icmp"])
def test_port_unreachable_for_tcp_or_icmp_is_a_rejection(protocol: str) -> None:
    for by in (DESTINATION, "198.51.100.7"):
        assert unreachable(by, 3, protocol) == [Refusal.REJECTED]
    for by in ("2001:db8:9::9", "2001:db8:7::7"):
        assert unreachable(by, 4, protocol, icmp_type=1) == [Refusal.REJECTED]


def test_port_unreachable_for_udp_is_not_a_rejection_but_host_unreachable_by_the_host_is() -> None:
    assert unreachable(DESTINATION, 3, "udp") == unreachable("198.51.100.7", 3, "udp") == []
    assert unreachable(DESTINATION, 1, "udp") == [Refusal.REJECTED]


def test_a_router_without_a_route_does_not_refuse() -> None:
    for code in (0, 1, 4):
        assert unreachable("198.51.100.7", code) == []
    assert unreachable(DESTINATION, 4) == []  # too big
    assert unreachable("2001:db8:9::9", 0, icmp_type=2) == []
    assert unreachable("198.51.100.7", 13) == [Refusal.PROHIBITED]
