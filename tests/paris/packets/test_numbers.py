"""IANA's numbers, against those that the system's headers have."""

from __future__ import annotations

import socket

from paris.packets import numbers
from paris.packets.protocols import Protocol


def test_protocol_numbers_agree_with_the_socket_module() -> None:
    assert numbers.ICMP == {4: socket.IPPROTO_ICMP, 6: socket.IPPROTO_ICMPV6}
    assert (numbers.TCP, numbers.UDP) == (socket.IPPROTO_TCP, socket.IPPROTO_UDP)
    assert {4: socket.IPPROTO_IPIP, 6: socket.IPPROTO_IPV6} == numbers.ENCAPSULATED
    routing, fragment = socket.IPPROTO_ROUTING, socket.IPPROTO_FRAGMENT
    assert (routing, fragment) == (numbers.ROUTING, numbers.FRAGMENT)
    assert socket.IPPROTO_AH == numbers.AUTHENTICATION
    more = {socket.IPPROTO_HOPOPTS, socket.IPPROTO_DSTOPTS}
    assert {routing, fragment, socket.IPPROTO_AH, *more} < numbers.EXTENSION_HEADERS


def test_errors_are_unreachable_time_exceeded_and_packet_too_big() -> None:
    for version, errors in numbers.ERRORS.items():
        named = (numbers.UNREACHABLE, numbers.TIME_EXCEEDED, numbers.PACKET_TOO_BIG)
        assert sorted(errors) == sorted(kind[version] for kind in named if version in kind)


def test_the_twin_of_a_protocol_is_another_one_that_has_ports() -> None:
    for protocol in Protocol:
        assert protocol.twin not in (protocol, Protocol.ICMP)
