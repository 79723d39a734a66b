"""What a wire receives: every kind of answer to a probe, and datagrams that answer none."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING

from mda.model import MplsEntry, ProbeRequest
from paris.packets import headers, probes
from paris.packets.headers import IPHeader
from paris.packets.protocols import Protocol
from tests.support.probes import flows_of

if TYPE_CHECKING:
    from paris.packets.flows import Flows

ROUTER = {4: ip_address("198.51.100.7"), 6: ip_address("2001:db8:7::7")}
ELSEWHERE = {4: ip_address("203.0.113.77"), 6: ip_address("2001:db8:9::77")}
ELSEWHERE_BESIDE = {4: ip_address("203.0.128.9"), 6: ip_address("2001:db8:9:1000::9")}
HEADER_BYTES = {4: 20, 6: 40}


def header(flows: Flows, source: object, protocol: int = 0) -> IPHeader:
    version = flows.source.version
    return IPHeader(
        source=source, destination=flows.source, ttl=60,  # type: ignore[arg-type]
        protocol=protocol or (1 if version == 4 else 58),
    )  # fmt: skip


def answers(flows: Flows, tag: int = 77) -> list[bytes]:
    """Every kind of answer to a probe of `flows`."""
    version = flows.source.version
    probe = probes.build(flows, ProbeRequest(3, 7), tag)
    router, end = header(flows, ROUTER[version]), header(flows, flows.destination)
    found = [
        headers.icmp_error(router, kind, code, probe, mpls)
        for kind, code in (((11, 0), (3, 3), (3, 13)) if version == 4 else ((3, 0), (1, 4), (2, 0)))
        for mpls in ((), (MplsEntry(16001, 0, bottom=True, ttl=1),))
    ]
    message = probe[HEADER_BYTES[version] :]
    if flows.protocol is Protocol.ICMP:
        found.append(headers.echo_reply(end, message))
    if flows.protocol is Protocol.TCP:
        found += [headers.tcp_reply(end, message, open_port=is_open) for is_open in (True, False)]
        found.append(challenge(end, message))
    if flows.protocol is Protocol.UDP:
        found += [headers.udp_reply(end, message, said) for said in (message[8:], b"", b"hello")]
    return found


def challenge(end: IPHeader, syn: bytes) -> bytes:
    """The acknowledgement of the SYN that half opened a connection, when another follows it."""
    sport, dport, number = struct.unpack("!HHI", syn[:8])
    back = end._replace(protocol=6)
    return headers.tcp(back, dport, sport, 2, (number + 1) & 0xFFFF_FFFF, "A")


def strays(flows: Flows) -> list[bytes]:
    """What answers somebody else, or nobody."""
    version = flows.source.version
    probe = probes.build(flows, ProbeRequest(3, 7), 77)
    other = flows_of(version, flows.protocol, flows.field)
    object.__setattr__(other, "destination", ELSEWHERE[version])
    elsewhere = probes.build(other, ProbeRequest(3, 7), 77)
    router, end = header(flows, ROUTER[version]), header(flows, flows.destination)
    message = probe[HEADER_BYTES[version] :]
    expired = 11 if version == 4 else 3
    found = [
        headers.icmp_error(router, expired, 0, elsewhere),
        headers.icmp_error(router, 5 if version == 4 else 137, 0, probe),  # a redirect
        headers.icmp_error(router, expired, 0, b"\xff" * 64),
        probe,
        headers.udp(header(flows, flows.destination, 17), 53, 20_003, b"hello", 0),
        headers.udp(header(flows, ELSEWHERE[version], 17), 33_434, 20_003, b"hello", 0),
        headers.tcp(header(flows, flows.destination, 6), 80, 20_000, 1, 1, ""),
        headers.tcp(header(flows, flows.destination, 6), 80, 20_000, 1, 0xBEEF_BEEF, "A"),
        headers.tcp(header(flows, ELSEWHERE[version], 6), 80, 20_000, 1, 1, "SA"),
        b"",
        b"\x45",
    ]
    if flows.protocol is not Protocol.ICMP:
        echo = b"\x08\0\0\0\x4e\x20\0\x4d" + bytes(8)
        found.append(headers.echo_reply(end, echo))
    else:
        wrong_identifier = message[:4] + b"\0\1" + message[6:]
        found.append(headers.echo_reply(end, wrong_identifier))
    return found
