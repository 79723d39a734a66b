"""Kernel filters let in what can answer our probes, and nothing else: run by the kernel itself."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from mda.model import MplsEntry, ProbeRequest
from mda.variants import Field, variant
from paris import packets, probes
from paris.flows import FlowField, Protocol
from paris.joined import JoinedFlows
from paris.packets import IPHeader
from paris.wire import filters
from tests.paris.test_probes import COMBINATIONS, plan_of

if TYPE_CHECKING:
    from paris.flows import FlowPlan
    from paris.wire.filters import Instruction

ROUTER = {4: ip_address("198.51.100.7"), 6: ip_address("2001:db8:7::7")}
ELSEWHERE = {4: ip_address("203.0.113.77"), 6: ip_address("2001:db8:9::77")}
ELSEWHERE_BESIDE = {4: ip_address("203.0.128.9"), 6: ip_address("2001:db8:9:1000::9")}
HEADER_BYTES = {4: 20, 6: 40}


def kept(instructions: list[Instruction], datagrams: list[bytes]) -> list[bytes]:
    """Those that a socket with this filter receives: any kind of socket can have one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with closing(ours), closing(theirs):
        filters.attach(ours, instructions)
        ours.setblocking(False)
        found = []
        for datagram in datagrams:
            theirs.send(datagram)
            try:
                found.append(ours.recv(1 << 16))
            except BlockingIOError:
                continue
        return found


def header(plan: FlowPlan, source: object, protocol: int = 0) -> IPHeader:
    version = plan.source.version
    return IPHeader(
        source=source, destination=plan.source, ttl=60,  # type: ignore[arg-type]
        protocol=protocol or (1 if version == 4 else 58),
    )  # fmt: skip


def answers(plan: FlowPlan) -> list[bytes]:
    """Every kind of answer to a probe of the plan."""
    version = plan.source.version
    probe = probes.build(plan, ProbeRequest(3, 7), 77)
    router, end = header(plan, ROUTER[version]), header(plan, plan.destination)
    found = [
        packets.icmp_error(router, kind, code, probe, mpls)
        for kind, code in (((11, 0), (3, 3), (3, 13)) if version == 4 else ((3, 0), (1, 4), (2, 0)))
        for mpls in ((), (MplsEntry(16001, 0, bottom=True, ttl=1),))
    ]
    message = probe[HEADER_BYTES[version] :]
    if plan.protocol is Protocol.ICMP:
        found.append(packets.echo_reply(end, message))
    if plan.protocol is Protocol.TCP:
        found += [packets.tcp_answer(end, message, open_port=is_open) for is_open in (True, False)]
    if plan.protocol is Protocol.UDP:
        found += [packets.udp_answer(end, message, said) for said in (message[8:], b"", b"hello")]
    return found


def strays(plan: FlowPlan) -> list[bytes]:
    """What answers somebody else, or nobody."""
    version = plan.source.version
    probe = probes.build(plan, ProbeRequest(3, 7), 77)
    other = plan_of(version, plan.protocol, plan.field)
    object.__setattr__(other, "destination", ELSEWHERE[version])
    elsewhere = probes.build(other, ProbeRequest(3, 7), 77)
    router, end = header(plan, ROUTER[version]), header(plan, plan.destination)
    message = probe[HEADER_BYTES[version] :]
    expired = 11 if version == 4 else 3
    found = [
        packets.icmp_error(router, expired, 0, elsewhere),
        packets.icmp_error(router, 5 if version == 4 else 137, 0, probe),  # a redirect
        packets.icmp_error(router, expired, 0, b"\xff" * 64),
        probe,
        packets.udp(header(plan, plan.destination, 17), 53, 20_003, b"hello", 0),
        packets.udp(header(plan, ELSEWHERE[version], 17), 33_434, 20_003, b"hello", 0),
        packets.tcp(header(plan, plan.destination, 6), 80, 20_000, 1, 1, ""),
        packets.tcp(header(plan, ELSEWHERE[version], 6), 80, 20_000, 1, 1, "SA"),
        b"",
        b"\x45",
    ]
    if plan.protocol is not Protocol.ICMP:
        echo = b"\x08\0\0\0\x4e\x20\0\x4d" + bytes(8)
        found.append(packets.echo_reply(end, echo))
    else:
        wrong_identifier = message[:4] + b"\0\1" + message[6:]
        found.append(packets.echo_reply(end, wrong_identifier))
    return found


def whole_filter(plan: FlowPlan) -> list[Instruction]:
    at = HEADER_BYTES[plan.source.version]
    kept = filters.icmp_answers(plan, at)
    if plan.protocol is Protocol.TCP:
        kept = filters.either(kept, filters.tcp_answers(plan, at))
    if plan.protocol is Protocol.UDP:
        kept = filters.either(kept, filters.udp_answers(plan, at))
    return kept


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_every_answer_comes_in_and_no_stray_does(
    version: int, protocol: Protocol, field: FlowField
) -> None:
    plan = plan_of(version, protocol, field)
    expected = answers(plan)
    assert kept(whole_filter(plan), [*expected, *strays(plan)]) == expected


def test_ip_options_before_an_answer_are_passed_over() -> None:
    plan = plan_of(4, *COMBINATIONS[0][1:])
    (answer, *_) = answers(plan)
    with_options = bytes([0x46]) + answer[1:20] + b"\x94\x04\0\0" + answer[20:]
    assert kept(whole_filter(plan), [with_options]) == [with_options]


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_a_raw_socket_of_ipv6_shows_its_filter_no_header(
    version: int, protocol: Protocol, field: FlowField
) -> None:
    if version == 4:
        return
    plan = plan_of(version, protocol, field)
    shown = [one[40:] for one in answers(plan) if one[6] == 58]
    theirs = [one[40:] for one in strays(plan) if len(one) > 40 and one[6] == 58]
    assert kept(filters.icmp_answers(plan, 0), [*shown, *theirs]) == shown


@pytest.mark.parametrize("version", [4, 6])
def test_answers_to_variants_come_in(version: int) -> None:
    prefix_len = 20 if version == 4 else 52
    plan = replace(plan_of(version, Protocol.UDP, FlowField.SPORT), prefix_len=prefix_len)
    router, kind = header(plan, ROUTER[version]), 11 if version == 4 else 3
    expected = []
    for field in (Field.DESTINATION, Field.PROTOCOL, Field.ALL):
        probe = probes.build(plan, ProbeRequest(variant(3, field, 1), 7), 77)
        expected.append(packets.icmp_error(router, kind, 0, probe))
        if field is Field.PROTOCOL:
            end = header(plan, plan.destination)
            message = probe[HEADER_BYTES[version] :]
            expected.append(packets.tcp_answer(end, message, open_port=False))
    beside = replace(plan, destination=ELSEWHERE_BESIDE[version])
    stray = packets.icmp_error(router, kind, 0, probes.build(beside, ProbeRequest(3, 7), 77))
    at = HEADER_BYTES[version]
    both = filters.either(filters.icmp_answers(plan, at), filters.tcp_answers(plan, at))
    assert kept(both, [*expected, stray]) == expected


@pytest.mark.parametrize("version", [4, 6])
def test_what_services_say_comes_in_from_every_port_that_is_probed(version: int) -> None:
    fixed = plan_of(version, Protocol.UDP, FlowField.SPORT)
    upwards = plan_of(version, Protocol.UDP, FlowField.DPORT)
    dns, web = replace(fixed, dport=53), replace(fixed, protocol=Protocol.TCP, dport=443)
    at = HEADER_BYTES[version]
    for plan, low, high in (
        (fixed, 33_434, 33_434),
        (upwards, 33_434, 0xFFFF),
        (replace(fixed, varies=True), 0, 0xFFFF),
        (JoinedFlows.join([web, fixed, dns]), 53, 33_434),
    ):
        said = {
            port: packets.udp(header(plan, plan.destination, 17), port, 20_003, b"hello", 0)
            for port in {low - 1, low, high, high + 1} & set(range(0x10000))
        }
        expected = [one for port, one in said.items() if low <= port <= high]
        assert kept(filters.udp_answers(plan, at), list(said.values())) == expected
