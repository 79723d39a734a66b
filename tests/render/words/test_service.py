"""The words of the verdict on a service that simulated networks do not bring about."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from mda.model import ProbeRequest, Reply, ReplyKind
from mda.studies.paths import Recipe
from mda.trace import Trace
from render.words.service import verdict_words
from tests.support.traces import DESTINATION, assembled, hops, outcomes

if TYPE_CHECKING:
    from mda.model import Outcome
    from render.words.service import VerdictWords

ROUTER = "192.0.2.254"
ROUTERS = ["198.51.100.1", "198.51.100.2"]
TTLS = {ROUTERS[0]: {"reply_ttl": 64}, ROUTERS[1]: {"reply_ttl": 63}}


def no_recipes(flow: int) -> Recipe:
    raise AssertionError(flow)


def said(found: list[Outcome], host: str | None = None) -> VerdictWords:
    words = verdict_words(assembled(found, protocol="tcp", host=host), no_recipes)
    assert words is not None
    return words


def test_the_verdict_says_where_the_address_comes_from() -> None:
    found = outcomes(
        hops(ROUTER, DESTINATION, flows=2),
        answers={DESTINATION: {"kind": ReplyKind.SYN_ACK, "quoted_ttl": None}},
    )
    given, named = said(found), said(found, host="example.net")
    assert given.causes[1] == ("name", "ok", "the address was given")
    assert named.causes[1] == ("name", "ok", f"example.net has the address {DESTINATION}")


def test_nothing_answered_is_said_of_nothing() -> None:
    words = said(outcomes(hops("*", "*", flows=2)))
    assert (words.word, words.sentence) == (
        "SILENT",
        "nothing answered, not even the first hop",
    )
    assert words.causes[2].evidence == "nothing behind this machine answers"


def test_the_name_row_lists_the_other_addresses_of_a_name() -> None:
    found = outcomes(
        hops(ROUTER, DESTINATION, flows=2),
        answers={DESTINATION: {"kind": ReplyKind.SYN_ACK, "quoted_ttl": None}},
    )
    trace = assembled(found, protocol="tcp", host="example.net")
    addresses = ip_address(DESTINATION), ip_address("2001:db8::9")
    for order, why in ((addresses, ", which this system prefers"), (addresses[::-1], "")):
        words = verdict_words(trace.replace(addresses=order), no_recipes)
        assert words is not None
        said_of_name = words.causes[1].evidence
        assert said_of_name == f"example.net has the address {DESTINATION}{why}; also 2001:db8::9"


def limited(*, is_silent: bool = False) -> Trace:
    """A trace whose first SYN is accepted, and whose others are reset at hop 2, perhaps silent."""
    met = [ROUTERS[0], "*"] if is_silent else ROUTERS
    gone = outcomes(dict.fromkeys(range(6), met), answers=TTLS)
    host = ip_address(DESTINATION)
    resets = [
        Reply(ProbeRequest(flow, 3), ReplyKind.RST, host, 1.0, 1.1, reply_ttl=63)
        for flow in range(6)
    ]
    accepted = Reply(ProbeRequest(0, 30), ReplyKind.SYN_ACK, host, 0.5, 0.6, reply_ttl=61)
    return assembled([*gone, accepted, *resets], protocol="tcp")


def test_a_limit_that_resets_is_told_from_paths_that_do_not_get_through() -> None:
    words = verdict_words(limited(), lambda flow: Recipe(f"port {flow}", ()))
    assert words is not None
    assert words.sentence.startswith("5 of 6 flows followed to their end do not get through")
    network, _, firewall, service = words.causes
    assert "the host is reached in at least 3 hops" in network.evidence
    assert firewall.standing == "HERE"
    assert "SYN-ACKs arrive with TTL 61, resets with 63" in firewall.evidence
    assert f"over as many hops as replies of {ROUTERS[1]} (hop 2)" in firewall.evidence
    assert service.standing == "ok"
    assert "--rate 1: whether fewer connections a second are all accepted" in words.advice


def test_a_limit_at_a_silent_hop_is_said_to_be_nearer_than_the_host() -> None:
    words = verdict_words(limited(is_silent=True), lambda flow: Recipe(f"port {flow}", ()))
    assert words is not None
    evidence = words.causes[2].evidence
    assert evidence.endswith("SYN-ACKs arrive with TTL 61, resets with 63, from nearer")


def test_a_host_that_accepts_some_connections_and_resets_others_is_not_called_closed() -> None:
    host = ip_address(DESTINATION)
    found: list[Outcome] = [*outcomes(dict.fromkeys(range(6), ROUTERS), answers=TTLS)]
    found += [
        Reply(
            ProbeRequest(flow, 3), ReplyKind.RST if flow else ReplyKind.SYN_ACK, host, 1.0, 1.1,
            reply_ttl=62,
        )
        for flow in range(6)
    ]  # fmt: skip
    words = verdict_words(assembled(found, protocol="tcp"), lambda flow: Recipe(f"port {flow}", ()))
    assert words is not None
    assert words.causes[3].standing == "HERE"
    assert words.causes[3].evidence.startswith("the host accepts some connections and resets")


def test_a_service_of_both_protocols_that_refuses_tcp_may_be_asked_over_udp() -> None:
    found = outcomes(
        hops(ROUTER, DESTINATION, flows=2),
        answers={DESTINATION: {"kind": ReplyKind.RST, "quoted_ttl": None}},
    )
    for port, hints in ((53, ["-U: DNS is asked over UDP first"]), (443, [])):
        trace = assembled(found, protocol="tcp")
        plan = trace.plan.replace(probing=trace.plan.probing._replace(dport=port))
        words = verdict_words(Trace.of(trace.replace(plan=plan)), no_recipes)
        assert words is not None
        assert words.word == "CLOSED"
        assert [line for line in words.advice if "UDP" in line] == hints
