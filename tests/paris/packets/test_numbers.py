"""IANA's numbers, against those that the system's headers have."""

from __future__ import annotations

import socket

from paris.packets import numbers
from paris.packets.protocols import Protocol


def test_protocols_have_the_numbers_of_the_system() -> None:
    assert numbers.ICMP == {4: socket.IPPROTO_ICMP, 6: socket.IPPROTO_ICMPV6}
    assert (numbers.TCP, numbers.UDP) == (socket.IPPROTO_TCP, socket.IPPROTO_UDP)


def test_every_error_is_among_the_errors() -> None:
    for version, errors in numbers.ERRORS.items():
        named = (numbers.UNREACHABLE, numbers.TIME_EXCEEDED, numbers.PACKET_TOO_BIG)
        assert sorted(errors) == sorted(kind[version] for kind in named if version in kind)


def test_a_twin_differs_and_has_ports() -> None:
    for protocol in Protocol:
        assert protocol.twin not in (protocol, Protocol.ICMP)
