"""Flows of every IP version, protocol and flow field, and what a router may hash of a probe."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from mda.model import HeaderField
from paris.packets.flows import Flows
from paris.packets.headers import read_ip
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from paris.sim.registry import Simulated

ENDS = {4: ("192.0.2.1", "203.0.113.9"), 6: ("2001:db8::1", "2001:db8:9::9")}
COMBINATIONS = [
    (4, Protocol.UDP, HeaderField.SPORT),
    (4, Protocol.UDP, HeaderField.DPORT),
    (4, Protocol.TCP, HeaderField.SPORT),
    (4, Protocol.TCP, HeaderField.DPORT),
    (4, Protocol.ICMP, HeaderField.ICMP_CHECKSUM),
    (6, Protocol.UDP, HeaderField.SPORT),
    (6, Protocol.UDP, HeaderField.DPORT),
    (6, Protocol.UDP, HeaderField.FLOW_LABEL),
    (6, Protocol.TCP, HeaderField.SPORT),
    (6, Protocol.TCP, HeaderField.DPORT),
    (6, Protocol.TCP, HeaderField.FLOW_LABEL),
    (6, Protocol.ICMP, HeaderField.ICMP_CHECKSUM),
    (6, Protocol.ICMP, HeaderField.FLOW_LABEL),
]


def flows_of(version: int, protocol: Protocol, field: HeaderField) -> Flows:
    """Flows of UDP, TCP or ICMP between the documentation addresses, by one header field."""
    source, destination = map(ip_address, ENDS[version])
    return Flows(
        source=source, destination=destination, protocol=protocol, field=field,
        sport=20_000, dport=33_434, traffic_class=0x20,
        flow_label=0x12345 if version == 6 else 0,
    )  # fmt: skip


def hashed(datagram: bytes) -> tuple[object, ...]:
    """All that a router may hash: both addresses, protocol, class, label, four bytes behind."""
    read = read_ip(datagram)
    assert read is not None
    header, payload = read
    return (
        header.source, header.destination, header.protocol, header.traffic_class,
        header.flow_label, payload[:4],
    )  # fmt: skip


def reply_to(network: Simulated, datagram: bytes, at_s: float) -> tuple[float, bytes] | None:
    """The first reply to a datagram that is sent at `at_s`, and when it arrives."""
    return next(iter(network.answers(datagram, at_s)), None)
