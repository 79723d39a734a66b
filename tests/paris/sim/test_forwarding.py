"""Where packets end: expired, refused, dropped, at a host that is down, behind a NAT."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest, ReplyKind
from paris.packets import replies
from paris.packets.flows import Flows
from paris.packets.probes import build
from paris.packets.protocols import Protocol
from paris.sim.network import Network
from tests.support.probes import reply_to

if TYPE_CHECKING:
    from tests.paris.sim.conftest import FromText

ADDRESSES = {
    4: ("192.0.2.1", "203.0.113.9", [f"198.51.100.{number}" for number in (1, 2, 3)]),
    6: ("2001:db8::1", "2001:db8:f::9", [f"2001:db8:a::{number}" for number in (1, 2, 3)]),
}
BOTH = pytest.mark.parametrize("version", [4, 6])
HOST_UNREACHABLE = {4: 1, 6: 3}


class Row:
    """Three routers in a row and a host, with further keys for the second router and the host."""

    def __init__(self, topology: FromText, version: int, second: str = "", host: str = "") -> None:
        source, self.end, self.routers = ADDRESSES[version]
        lines = [f"source: '{source}'", f"destination: {{address: '{self.end}'{host}}}", "routers:"]
        for number, address in enumerate(self.routers, start=1):
            more = second if number == 2 else ""
            lines.append(f"  R{number}: {{interfaces: ['{address}']{more}}}")
        lines += ["paths:", "  - source -> R1 -> R2 -> R3 -> destination"]
        self.network = Network(topology("\n".join(lines)), 1)
        self.flows = Flows(
            source=ip_address(source), destination=ip_address(self.end), protocol=Protocol.UDP,
            field=HeaderField.SPORT, sport=24000, dport=33434,
        )  # fmt: skip

    def ask(self, ttl: int) -> tuple[float, replies.ParsedReply] | None:
        answer = reply_to(self.network, build(self.flows, ProbeRequest(0, ttl), 7), 0.0)
        if answer is None:
            return None
        parsed = replies.parse(answer[1])
        assert isinstance(parsed, replies.ParsedReply)
        return answer[0], parsed

    def reply(self, ttl: int) -> replies.ParsedReply:
        answer = self.ask(ttl)
        assert answer is not None
        return answer[1]

    def responders(self) -> list[str]:
        answers = [self.ask(ttl) for ttl in range(1, 6)]
        return ["*" if answer is None else str(answer[1].responder) for answer in answers]


@BOTH
def test_a_router_that_drops_packets_replies_only_for_itself(
    topology: FromText, version: int
) -> None:
    row = Row(topology, version, ", drops: true")
    assert row.responders() == [*row.routers[:2], "*", "*", "*"]


@BOTH
def test_a_router_refuses_after_its_ttl_check(topology: FromText, version: int) -> None:
    row = Row(topology, version, ", refuses: 0")
    r1, r2, _ = row.routers
    assert row.responders() == [r1, r2, r2, r2, r2]
    assert row.reply(2).kind is ReplyKind.TIME_EXCEEDED
    refusals = [row.reply(ttl) for ttl in (3, 5)]
    assert {reply.kind for reply in refusals} == {ReplyKind.UNREACHABLE}
    assert [reply.quoted_ttl for reply in refusals] == [1, 3]  # lowered before it was refused


@BOTH
def test_the_last_router_reports_a_host_that_is_down_after_its_delay(
    topology: FromText, version: int
) -> None:
    row = Row(topology, version, host=", down_after_ms: 3000")
    assert row.responders() == [*row.routers, row.routers[2], row.routers[2]]
    answer = row.ask(4)
    assert answer is not None
    assert answer[0] == pytest.approx(3.003)
    assert answer[1].icmp_code == HOST_UNREACHABLE[version]


@BOTH
def test_a_router_that_passes_expired_packets_on_is_hidden_and_the_next_quotes_a_ttl_of_0(
    topology: FromText, version: int
) -> None:
    row = Row(topology, version, ", passes_expired: true")
    r1, _, r3 = row.routers
    assert row.responders() == [r1, r3, r3, row.end, row.end]
    assert [row.reply(ttl).quoted_ttl for ttl in (1, 2, 3, 4)] == [1, 0, 1, 1]


@BOTH
def test_a_router_that_counts_twice_replies_at_two_hops(topology: FromText, version: int) -> None:
    row = Row(topology, version, ", counts_twice: true")
    r1, r2, r3 = row.routers
    assert row.responders() == [r1, r2, r2, r3, row.end]
    assert {row.reply(ttl).quoted_ttl for ttl in (1, 2, 3, 4, 5)} == {1}


@BOTH
def test_a_router_that_masks_replaces_the_addresses_behind_it(
    topology: FromText, version: int
) -> None:
    row = Row(topology, version, ", masks: true")
    assert row.responders() == [*row.routers[:2], row.end, row.end, row.end]
    assert row.reply(3).kind is ReplyKind.TIME_EXCEEDED


@BOTH
def test_a_router_loses_a_share_of_what_it_forwards(topology: FromText, version: int) -> None:
    row = Row(topology, version, ", loses: 0.5")
    assert all(row.ask(2) for _ in range(50))
    answered = sum(row.ask(3) is not None for _ in range(400))
    assert 140 < answered < 260  # 200 are expected: six standard deviations


@BOTH
def test_routers_behind_a_nat_quote_its_address(topology: FromText, version: int) -> None:
    nat = {4: "198.18.0.1", 6: "2001:db8:e::1"}[version]
    row = Row(topology, version, f", rewrites_source: '{nat}'")
    sources = [str(ip_address(row.reply(ttl).quoted.source)) for ttl in (1, 2, 3, 4)]
    assert sources == [*[str(row.network.source)] * 2, nat, nat]


def test_a_router_that_duplicates_makes_replies_arrive_twice(topology: FromText) -> None:
    row = Row(topology, 4, ", duplicates: 1")
    probes = [build(row.flows, ProbeRequest(0, ttl), 7) for ttl in (1, 2, 3)]
    found = [row.network.answers(probe, 0.0) for probe in probes]
    assert [len(replies) for replies in found] == [1, 2, 1]
    (first_s, reply), (second_s, copy) = found[1]
    assert reply == copy
    assert first_s < second_s


WAY_BACK = """
source: '{source}'
destination: '{end}'
routers:
  R1: {{interfaces: ['{near}', '{far}'], way_back: {by}, initial_ttl: 64}}
paths:
  - source -> R1 -> destination
"""


def met_at_the_router_that_balances_replies(
    topology: FromText, version: int, by: str
) -> list[list[str]]:
    """The addresses from which it replies to four packets of each of 40 flows."""
    source, end, (near, far, _) = ADDRESSES[version]
    text = WAY_BACK.format(source=source, end=end, near=near, far=far, by=by)
    network = Network(topology(text), 1)
    flows = Flows(
        source=ip_address(source), destination=ip_address(end), protocol=Protocol.UDP,
        field=HeaderField.SPORT, sport=24000, dport=33434,
    )  # fmt: skip
    met: list[list[str]] = []
    for flow in range(40):
        met.append([])
        for tag in range(4):
            answer = reply_to(network, build(flows, ProbeRequest(flow, 1), tag), 0.0)
            assert answer is not None
            parsed = replies.parse(answer[1])
            assert isinstance(parsed, replies.ParsedReply)
            assert parsed.reply_ttl == 64
            met[-1].append(str(parsed.responder))
    return met


@BOTH
def test_a_router_that_balances_its_replies_by_flow_answers_each_from_one_address(
    topology: FromText, version: int
) -> None:
    met = met_at_the_router_that_balances_replies(topology, version, "flow")
    assert {len(set(flow)) for flow in met} == {1}
    assert {flow[0] for flow in met} == set(ADDRESSES[version][2][:2])


@BOTH
def test_a_router_that_balances_its_replies_by_packet_answers_a_flow_from_both(
    topology: FromText, version: int
) -> None:
    # One flow shows one address with a chance of 2 / 2^4; thirty of 40 do so with one of 1e-18.
    met = met_at_the_router_that_balances_replies(topology, version, "packet")
    assert sum(len(set(flow)) == 2 for flow in met) > 10


@BOTH
def test_a_router_that_balances_its_replies_by_destination_answers_all_from_one_address(
    topology: FromText, version: int
) -> None:
    met = met_at_the_router_that_balances_replies(topology, version, "destination")
    assert len({address for flow in met for address in flow}) == 1
