"""What ICMP errors quote, by hand-written bytes (RFC 792, 4443, 4884, 4950)."""

from __future__ import annotations

from typing import Any

import pytest

from paris.packets.datagrams import Datagram, NoReplyError, UnparsedReason
from paris.packets.payloads import TEXT
from paris.packets.quotes import read_quoted_probe, split_quote

STACK = bytes.fromhex("2000 0000 0008 0101 03e8 1101".replace(" ", ""))  # no checksum


def datagram(payload: bytes, version: int = 4, protocol: int = 1, **more: Any) -> Datagram:
    return Datagram(
        version=version, source=b"from", destination=b"to", protocol=protocol, ttl=64,
        traffic_class=0x28, payload=payload, is_whole=True, length=len(payload), **more,
    )  # fmt: skip


def test_the_length_of_a_quote_counts_4_bytes_in_ipv4_and_8_in_ipv6() -> None:
    message4 = bytes([11, 0, 0, 0, 0, 33, 0, 0]) + bytes(132) + STACK
    assert split_quote(datagram(message4)) == (140, STACK)
    message6 = bytes([3, 0, 0, 0, 17, 0, 0, 0]) + bytes(136) + STACK
    assert split_quote(datagram(message6, version=6, protocol=58)) == (144, STACK)


def test_a_quote_length_below_128_bytes_is_ignored() -> None:
    message = bytes([11, 0, 0, 0, 0, 7, 0, 0]) + bytes(28)
    assert split_quote(datagram(message)) == (36, None)


def test_extensions_without_a_length_are_found_by_their_checksum() -> None:
    head = bytes([11, 0, 0, 0, 0, 0, 0, 0]) + bytes(128)
    checked = b"\x20\0" + (0xFFFF - 0x2000 - 0x0008 - 0x0101 - 0x03E8 - 0x1101).to_bytes(2)
    assert split_quote(datagram(head + checked + STACK[4:])) == (136, checked + STACK[4:])
    wrong = head + b"\x20\0\0\1" + STACK[4:]
    assert split_quote(datagram(wrong)) == (len(wrong), None)


def test_the_mtu_of_packet_too_big_is_not_taken_for_a_quote_length() -> None:
    message = bytes([2, 0, 0, 0, 17, 0, 5, 0]) + bytes(136) + STACK
    assert split_quote(datagram(message, version=6, protocol=58)) == (len(message), None)


def test_a_quoted_probe_is_read_by_its_protocol() -> None:
    ports = bytes.fromhex("4e20829a")
    udp = read_quoted_probe(datagram(ports + b"\0\x08\x12\x34", protocol=17, ip_id=7), (TEXT,))
    assert (udp.sport, udp.dport, udp.carrier_tag, udp.ip_id) == (20_000, 33_434, 0x1234, 7)
    tcp = read_quoted_probe(datagram(ports + b"\xbe\xef\xbe\xef", protocol=6), (TEXT,))
    assert (tcp.sport, tcp.dport, tcp.carrier_tag) == (20_000, 33_434, 0xBEEF)
    for version, protocol, kind in ((4, 1, 8), (6, 58, 128)):
        message = bytes([kind, 0]) + bytes.fromhex("abcd4e201234")
        echo = read_quoted_probe(datagram(message, version, protocol), (TEXT,))
        assert (echo.icmp_checksum, echo.identifier, echo.carrier_tag) == (0xABCD, 20_000, 0x1234)
        assert (echo.sport, echo.dport) == (None, None)


@pytest.mark.parametrize(
    ("payload", "protocol", "reason"),
    [
        (bytes(7), 17, UnparsedReason.TOO_SHORT),
        (bytes(8), 1, UnparsedReason.BAD_QUOTE),  # an echo reply
        (bytes([128]) + bytes(7), 1, UnparsedReason.BAD_QUOTE),  # the other version's request
        (bytes(8), 47, UnparsedReason.BAD_QUOTE),
    ],
)
def test_a_quote_that_cannot_be_a_probe_is_refused_with_the_reason(
    payload: bytes, protocol: int, reason: UnparsedReason
) -> None:
    with pytest.raises(NoReplyError) as refused:
        read_quoted_probe(datagram(payload, protocol=protocol), (TEXT,))
    assert refused.value.reason is reason
