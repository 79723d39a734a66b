"""The simulated network answers real bytes with real bytes, and never an exception."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.model import (
    HeaderField,
    InterfaceInfo,
    InterfaceRole,
    MplsEntry,
    ProbeRequest,
    ReplyKind,
)
from mda.variants import variant
from paris.packets import headers, replies, tags
from paris.packets.checksums import checksum, pseudo_header
from paris.packets.flows import Flows
from paris.packets.headers import read_ip, with_ttl
from paris.packets.probes import build
from paris.packets.protocols import Protocol
from paris.sim.balancers import header_fields
from paris.sim.network import Network
from paris.sim.topology import Router, Service, Topology
from paris.sim.topology_file import load, samples
from tests.support.expect import is_likely
from tests.support.probes import reply_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import IPAddress
    from tests.paris.sim.conftest import FromText

TWO_WAY = load(samples()["two-way"])
IPV6 = load(samples()["ipv6-label"])
FIELD = {
    Protocol.UDP: HeaderField.SPORT,
    Protocol.TCP: HeaderField.SPORT,
    Protocol.ICMP: HeaderField.ICMP_CHECKSUM,
}
KINDS = [(net, protocol) for net in (TWO_WAY, IPV6) for protocol in Protocol]
EVERY_KIND = pytest.mark.parametrize(
    ("net", "protocol"), KINDS, ids=[f"{net.name}-{protocol.value}" for net, protocol in KINDS]
)


def flows_for(
    net: Topology,
    protocol: Protocol = Protocol.UDP,
    field: HeaderField | None = None,
    dport: int = 80,
) -> Flows:
    return Flows(
        source=net.source,
        destination=net.destination,
        protocol=protocol,
        field=field or FIELD[protocol],
        sport=24000,
        dport=dport,
    )


def ask(
    network: Network, flows: Flows, flow: int, ttl: int, *, tag: int = 7, at_s: float = 0.0
) -> tuple[float, replies.ParsedReply] | None:
    answer = reply_to(network, build(flows, ProbeRequest(flow, ttl), tag), at_s)
    if answer is None:
        return None
    parsed = replies.parse(answer[1])
    assert isinstance(parsed, replies.ParsedReply)
    return answer[0], parsed


def responder(network: Network, flows: Flows, flow: int, ttl: int, tag: int = 7) -> IPAddress:
    answer = ask(network, flows, flow, ttl, tag=tag)
    assert answer is not None
    return answer[1].responder


@EVERY_KIND
def test_routers_answer_time_exceeded_and_quote_the_probe(
    net: Topology, protocol: Protocol
) -> None:
    network, flows = Network(net, 1), flows_for(net, protocol)
    way = ["gateway", "balancer"]
    for ttl, name in enumerate(way, start=1):
        answer = ask(network, flows, 0, ttl)
        assert answer is not None
        at_s, parsed = answer
        assert parsed.kind is ReplyKind.TIME_EXCEEDED
        assert parsed.responder == net.routers[name].interfaces[0]
        assert at_s == pytest.approx(sum(net.routers[interface].delay_s for interface in way[:ttl]))
        assert parsed.reply_ttl == 255 - ttl + 1
        assert parsed.quoted_ttl == 1
        assert parsed.quoted.carrier_tag == 7
        assert parsed.quoted.destination == net.destination.packed


@EVERY_KIND
def test_the_destination_replies_as_a_host_does(net: Topology, protocol: Protocol) -> None:
    answer = ask(Network(net, 1), flows_for(net, protocol), 0, 30)
    assert answer is not None
    kinds = {
        Protocol.UDP: (ReplyKind.UNREACHABLE, 3 if net.source.version == 4 else 4),
        Protocol.ICMP: (ReplyKind.ECHO_REPLY, 0),
        Protocol.TCP: (ReplyKind.RST, None),
    }
    assert (answer[1].kind, answer[1].icmp_code) == kinds[protocol]
    assert answer[1].responder == net.destination
    assert answer[1].quoted.carrier_tag == 7


def test_a_syn_to_an_open_port_gets_a_syn_ack(topology: FromText) -> None:
    net = topology(
        "source: 192.0.2.1\ndestination: {address: 203.0.113.9, open: [443]}\n"
        "paths:\n  - source -> destination\n"
    )
    for dport, kind in ((443, ReplyKind.SYN_ACK), (80, ReplyKind.RST)):
        answer = ask(Network(net, 1), flows_for(net, Protocol.TCP, dport=dport), 0, 1)
        assert answer is not None
        assert answer[1].kind is kind


@pytest.mark.parametrize(
    ("service", "said", "tag"),
    [
        ("echo", b"\x12\x34paris-trace " + tags.copies(7), True),
        ("dns", b"\x12\x34\xf0\x04" + bytes(8), True),
        ("other", b"Mon Jan  1 00:00:00 1970\r\n", False),
    ],
)
@pytest.mark.parametrize("net", [TWO_WAY, IPV6], ids=["IPv4", "IPv6"])
def test_a_udp_service_replies_to_a_probe(
    net: Topology, service: str, said: bytes, *, tag: bool
) -> None:
    serving = Network(net.replace(services={80: Service(service)}), 1)
    flows = flows_for(net)
    answer = ask(serving, flows, 0, 30)
    assert answer is not None
    parsed = answer[1]
    assert (parsed.kind, parsed.responder) == (ReplyKind.UDP_ANSWER, net.destination)
    assert (parsed.quoted.sport, parsed.quoted.dport) == (24000, 80)
    assert parsed.quoted.carrier_tag == (7 if tag else 0)
    probe = build(flows, ProbeRequest(0, 30), 7)
    at = len(probe) - tags.PAYLOAD_BYTES
    whole = reply_to(serving, probe[:at] + b"\x12\x34" + probe[at + 2 :], 0.0)
    assert whole is not None
    read = read_ip(whole[1])
    assert read is not None
    header, segment = read
    assert segment[8:] == said
    pseudo = pseudo_header(header.source.packed, header.destination.packed, 17, len(segment))
    assert checksum(pseudo + segment) == 0
    too_short = reply_to(serving, headers.udp(header_of(net), 24000, 80, b"", 0), 0.0)
    assert (too_short is None) == (service == "dns")


def header_of(net: Topology) -> headers.IPHeader:
    return headers.IPHeader(source=net.source, destination=net.destination, protocol=17, ttl=30)


@EVERY_KIND
def test_all_checksums_of_simulated_replies_are_right(net: Topology, protocol: Protocol) -> None:
    network, flows = Network(net, 1), flows_for(net, protocol)
    for ttl in (1, 3, 30):
        answer = reply_to(network, build(flows, ProbeRequest(0, ttl), 7), 0.0)
        assert answer is not None
        read = read_ip(answer[1])
        assert read is not None
        header, payload = read
        if header.source.version == 4:
            assert checksum(answer[1][:20]) == 0
        pseudo = pseudo_header(
            header.source.packed, header.destination.packed, header.protocol, len(payload)
        )
        assert checksum(payload if header.protocol == 1 else pseudo + payload) == 0


@EVERY_KIND
def test_a_flow_keeps_to_its_path_whatever_its_tag(net: Topology, protocol: Protocol) -> None:
    field = HeaderField.FLOW_LABEL if net is IPV6 else None
    network, flows = Network(net, 1), flows_for(net, protocol, field)
    for flow in range(20):
        met = {responder(network, flows, flow, 3, tag) for tag in range(1, 20)}
        assert len(met) == 1
    assert len({responder(network, flows, flow, 3) for flow in range(20)}) == 2


def test_a_balancer_ignores_fields_that_it_does_not_hash() -> None:
    by_port = flows_for(IPV6, field=HeaderField.SPORT)
    assert len({responder(Network(IPV6, 1), by_port, flow, 3) for flow in range(50)}) == 1


def test_replies_and_the_path_of_a_flow_agree() -> None:
    for name in (
        "nested",
        "meshed",
        "unequal-length",
        "several-addresses",
        "way-back",
        "prohibited-branch",
    ):
        net = load(samples()[name])
        network, flows = Network(net, 3), flows_for(net)
        for flow in range(30):
            read = read_ip(build(flows, ProbeRequest(flow, 1), 7))
            assert read is not None
            header, payload = read
            path = network.path(header_fields(header.source, header.destination, 17, 0, 0, payload))
            assert path == tuple(
                responder(network, flows, flow, ttl + 1) for ttl in range(len(path))
            )


def test_simulated_replies_depend_only_on_the_seed() -> None:
    net = load(samples()["lossy"])
    flows = flows_for(net)
    probes = [build(flows, ProbeRequest(flow, ttl), 7) for flow in range(40) for ttl in range(1, 6)]

    def run(seed: int) -> list[tuple[float, bytes] | None]:
        network = Network(net, seed)
        return [reply_to(network, probe, 0.0) for probe in probes]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_router_with_its_own_seed_chooses_alike_in_every_run() -> None:
    flows = flows_for(IPV6, field=HeaderField.FLOW_LABEL)
    drawn, other = ([responder(Network(IPV6, seed), flows, flow, 3) for flow in range(50)]
                  for seed in (1, 2))  # fmt: skip
    assert drawn == other


def test_a_silent_router_forwards_but_does_not_reply() -> None:
    net = load(samples()["silent-hop"])
    assert ask(Network(net, 1), flows_for(net), 0, 2) is None
    assert responder(Network(net, 1), flows_for(net), 0, 3) == net.routers["balancer"].interfaces[0]


def test_a_silent_destination_does_not_reply() -> None:
    net = load(samples()["silent-destination"])
    for protocol in Protocol:
        assert ask(Network(net, 1), flows_for(net, protocol), 0, 30) is None


def test_replies_are_lost_at_the_stated_rate() -> None:
    net = load(samples()["lossy"])
    network, flows = Network(net, 1), flows_for(net)
    lost = sum(ask(network, flows, flow, 1) is None for flow in range(3000))
    assert is_likely(0.1, lost, 3000)


def test_a_rate_limited_router_replies_as_a_token_bucket_allows(topology: FromText) -> None:
    net = topology(
        """
source: 192.0.2.1
destination: 203.0.113.9
routers: {R1: {interfaces: [198.51.100.1], rate_pps: 10, burst: 4, delay_ms: 0}}
paths:
  - source -> R1 -> destination
"""
    )
    network, flows = Network(net, 1), flows_for(net)

    def answers(at_s: float, probes: int) -> int:
        return sum(ask(network, flows, flow, 1, at_s=at_s) is not None for flow in range(probes))

    assert answers(0.0, 10) == 4  # the burst
    assert answers(0.09, 10) == 0
    assert answers(0.21, 10) == 2  # 10 per second since the start
    assert answers(99.0, 10) == 4  # never more than the burst


@pytest.mark.parametrize(("given", "quoted"), [("", 28), (", quote_bytes: 40", 40)])
def test_a_router_quotes_the_stated_number_of_bytes(
    topology: FromText, given: str, quoted: int
) -> None:
    net = topology(
        f"""
source: 192.0.2.1
destination: 203.0.113.9
routers: {{R1: {{interfaces: [198.51.100.1]{given}}}}}
paths:
  - source -> R1 -> destination
"""
    )
    probe = build(flows_for(net), ProbeRequest(0, 1), 7)
    answer = reply_to(Network(net, 1), probe, 0.0)
    assert answer is not None
    assert answer[1][28:] == probe[:quoted]  # as it arrived: with a TTL of 1


def test_an_icmpv6_error_is_not_longer_than_the_least_mtu() -> None:
    probe = build(flows_for(IPV6), ProbeRequest(0, 1), 7) + bytes(2000)
    long = probe[:4] + struct.pack("!H", len(probe) - 40) + probe[6:]
    answer = reply_to(Network(IPV6, 1), long, 0.0)
    assert answer is not None
    assert len(answer[1]) == 1280


@pytest.mark.parametrize("net", [TWO_WAY, IPV6], ids=["IPv4", "IPv6"])
def test_a_router_says_that_a_packet_is_too_big_after_it_lowered_the_ttl(net: Topology) -> None:
    routers = {
        name: router.replace(mtu=1400, states_mtu=9) if name == net.successors["source"][0]
        else router for name, router in net.routers.items()
    }  # fmt: skip
    for black_hole in (False, True):
        if black_hole:
            routers = {name: own.replace(black_hole=own.mtu) for name, own in routers.items()}
        network, flows = Network(net.replace(routers=routers), 1), flows_for(net)
        stated = [
            None if answer is None else answer[1].mtu
            for length, ttl in ((1401, 1), (1401, 2), (1400, 2))
            for answer in [ask(network, flows, variant(0, HeaderField.LENGTH, length), ttl)]
        ]
        assert stated == [None, None if black_hole else 9, None]
        assert ask(network, flows, variant(0, HeaderField.LENGTH, 1401), 1) is not None
        assert (ask(network, flows, variant(0, HeaderField.LENGTH, 1401), 2) is None) == black_hole


def test_a_router_in_a_tunnel_reports_its_mpls_labels() -> None:
    net = load(samples()["mpls"])
    network, flows = Network(net, 1), flows_for(net)
    stacks = [answer[1].mpls if (answer := ask(network, flows, 0, ttl)) else None for ttl in (2, 3)]
    labels = (MplsEntry(24016, 0, bottom=False, ttl=1), MplsEntry(299776, 0, bottom=True, ttl=1))
    assert stacks == [(), labels]


def test_the_interface_that_a_probe_arrived_at_is_described() -> None:
    net = load(samples()["named-interfaces"])
    network, flows = Network(net, 1), flows_for(net)
    fork, joint = (
        {answer[1].interfaces for flow in range(20) if (answer := ask(network, flows, flow, ttl))}
        for ttl in (2, 4)
    )
    assert fork == {net.routers["fork"].describes}
    eth3, eth4 = net.routers["joint"].describes
    assert joint == {(eth3,), (eth4,)}
    assert (eth4.name, eth4.ifindex, eth4.mtu, str(eth4.address)) == (
        "eth4", 10, 1400, "198.51.100.6",
    )  # fmt: skip


@pytest.mark.parametrize("version", [4, 6])
def test_refusals_describe_interfaces_as_well(version: int) -> None:
    said = InterfaceInfo(InterfaceRole.INCOMING, 2, name="eth0")
    source, near, far = (
        ip_address(f"{'198.51.100.' if version == 4 else '2001:db8::'}{n}") for n in (1, 7, 9)
    )
    wall = Router(name="wall", interfaces=(near,), describes=(said,), refuses=0)
    host = Router(name="destination", interfaces=(far,), describes=(said,))
    for routers in ((wall, host), (host,)):
        steps = pairwise(["source", *(router.name for router in routers)])
        net = Topology.of("x", source, routers, steps)
        answer = ask(Network(net, 1), flows_for(net), 0, 9)
        assert answer is not None
        assert (answer[1].kind, answer[1].interfaces) == (ReplyKind.UNREACHABLE, (said,))


def test_a_router_that_prohibits_ends_its_branch() -> None:
    net = load(samples()["prohibited-branch"])
    network, flows = Network(net, 1), flows_for(net)
    ends = [ask(network, flows, flow, 30) for flow in range(20)]
    wall = {end[1] for end in ends if end and end[1].responder != net.destination}
    assert {(reply.kind, reply.icmp_code, str(reply.responder)) for reply in wall} == {
        (ReplyKind.UNREACHABLE, 13, "198.51.100.12")
    }


def test_a_per_packet_balancer_splits_one_flow_evenly() -> None:
    net = load(samples()["per-packet"])
    network, flows = Network(net, 1), flows_for(net)
    first = sum(responder(network, flows, 0, 3) == net.routers["A1"].interfaces[0]
                for _ in range(2000))  # fmt: skip
    assert is_likely(1 / 2, first, 2000)


def test_a_balancer_by_destination_sends_all_flows_to_one_branch() -> None:
    net = load(samples()["per-destination"])
    network = Network(net, 1)
    assert len({responder(network, flows_for(net), flow, 3) for flow in range(100)}) == 1


def test_a_reply_is_lost_if_its_ttl_is_too_low_for_the_way_back(topology: FromText) -> None:
    net = topology(
        "source: 192.0.2.1\ndestination: 203.0.113.9\n"
        "routers:\n  R1..R70: {interfaces: 198.51.100.1+}\n"
        f"paths:\n  - source -> {' -> '.join(f'R{n}' for n in range(1, 71))} -> destination\n"
    )
    network, flows = Network(net, 1), flows_for(net)
    assert responder(network, flows, 0, 70) == net.routers["R70"].interfaces[0]
    assert ask(network, flows, 0, 71) is None  # a host's answer begins with a TTL of 64


def broken(probe: bytes) -> Iterator[bytes]:
    """Every beginning of a probe, and a thousand of it with bytes changed."""
    yield from (probe[:size] for size in range(len(probe)))
    random = Random(1)
    for _ in range(1000):
        wrong = bytearray(probe)
        for _ in range(random.randrange(1, 5)):
            wrong[random.randrange(len(wrong))] = random.randrange(256)
        yield bytes(wrong)


@EVERY_KIND
def test_a_broken_probe_raises_no_error(net: Topology, protocol: Protocol) -> None:
    network = Network(net, 1)
    for ttl in (2, 30):
        for wrong in broken(build(flows_for(net, protocol), ProbeRequest(0, ttl), 7)):
            answer = reply_to(network, wrong, 0.0)
            assert answer is None or read_ip(answer[1]) is not None


def test_a_datagram_that_is_not_a_probe_to_the_destination_gets_no_reply() -> None:
    network = Network(TWO_WAY, 1)
    flows = flows_for(TWO_WAY)
    elsewhere = Flows(
        source=TWO_WAY.source,
        destination=TWO_WAY.routers["gateway"].interfaces[0],
        protocol=Protocol.UDP,
        field=HeaderField.SPORT,
        sport=1,
        dport=2,
    )
    assert reply_to(network, build(elsewhere, ProbeRequest(0, 9), 7), 0.0) is None
    assert reply_to(network, with_ttl(build(flows, ProbeRequest(0, 1), 7), 0), 0.0) is None
    reply = reply_to(network, build(flows_for(TWO_WAY, Protocol.ICMP), ProbeRequest(0, 30), 7), 0.0)
    assert reply is not None
    echo = reply[1]  # an echo reply, sent back to where it came from, is not a request
    assert reply_to(network, echo[:12] + echo[16:20] + echo[12:16] + echo[20:], 0.0) is None


def test_further_hops_reply_later() -> None:
    network, flows = Network(TWO_WAY, 1), flows_for(TWO_WAY)
    moments = [answer[0] for ttl in range(1, 7) if (answer := ask(network, flows, 0, ttl))]
    assert len(moments) == 6
    assert all(near < far for near, far in pairwise(moments))


def test_a_route_changes_at_its_time_and_a_loop_never_ends() -> None:
    flows = Flows(
        source=TWO_WAY.source, destination=TWO_WAY.destination, protocol=Protocol.UDP,
        field=HeaderField.SPORT, sport=30_000, dport=33_434,
    )  # fmt: skip

    def responder(name: str, ttl: int, at_s: float) -> str:
        network = Network(load(samples()[name]), 1)
        answer = reply_to(network, build(flows, ProbeRequest(0, ttl), 1), at_s)
        assert answer is not None
        header, _ = read_ip(answer[1]) or pytest.fail("no IP header")
        return str(header.source)

    assert responder("route-change", 3, 0.007) == "198.51.100.11"
    assert responder("route-change", 3, 0.008) == "198.51.100.12"
    assert [responder("loop", ttl, 0.0)[-1] for ttl in (2, 3, 4, 5, 254)] == list("12121")


@pytest.mark.parametrize("version", [4, 6])
def test_a_host_that_copies_ttls_is_first_seen_at_twice_its_distance(
    topology: FromText, version: int
) -> None:
    source, near, far, end = {
        4: ("192.0.2.1", "198.51.100.1", "198.51.100.2", "203.0.113.9"),
        6: ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::9"),
    }[version]
    net = topology(
        f"source: '{source}'\n"
        f"destination: {{address: '{end}', open: [443], udp: {{53: dns}}, copies_ttl: true}}\n"
        f"routers:\n  R1: {{interfaces: ['{near}']}}\n  R2: {{interfaces: ['{far}']}}\n"
        "paths:\n  - source -> R1 -> R2 -> destination\n"
    )

    def reply_ttls(protocol: Protocol, dport: int) -> list[int | None]:
        """The TTLs with which the host's replies to probes of TTL 3 to 8 arrive."""
        network, flows = Network(net, 1), flows_for(net, protocol, dport=dport)
        found = (
            reply_to(network, build(flows, ProbeRequest(ttl, ttl), 1), 0.0) for ttl in range(3, 9)
        )
        parsed = (None if own is None else replies.parse(own[1]) for own in found)
        return [own.reply_ttl if isinstance(own, replies.ParsedReply) else None for own in parsed]

    copied, own = [None, None, 1, 2, 3, 4], [62] * 6
    assert reply_ttls(Protocol.UDP, 33434) == copied
    assert reply_ttls(Protocol.ICMP, 0) == copied
    assert reply_ttls(Protocol.TCP, 80) == copied
    assert reply_ttls(Protocol.TCP, 443) == own
    assert reply_ttls(Protocol.UDP, 53)[1:] == own[1:]
