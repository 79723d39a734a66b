"""Protocols by their IANA numbers, and each with the twin that shows whether they are hashed."""

from __future__ import annotations

import pytest

from paris.packets.protocols import Protocol


@pytest.mark.parametrize(
    ("protocol", "number4", "number6"),
    [(Protocol.UDP, 17, 17), (Protocol.TCP, 6, 6), (Protocol.ICMP, 1, 58)],
)
def test_protocol_numbers_are_those_of_iana(protocol: Protocol, number4: int, number6: int) -> None:
    assert (protocol.number(4), protocol.number(6)) == (number4, number6)


def test_udp_and_tcp_are_twins_and_the_twin_of_icmp_is_udp() -> None:
    assert Protocol.UDP.twin is Protocol.TCP
    assert Protocol.TCP.twin is Protocol.UDP
    assert Protocol.ICMP.twin is Protocol.UDP
