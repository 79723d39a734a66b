"""IP headers read by hand-written bytes (RFC 791, 8200), and what is refused."""

from __future__ import annotations

import pytest

from paris.packets.datagrams import NoReplyError, UnparsedReason, read_ip

FROM4, TO4 = bytes([192, 0, 2, 1]), bytes([203, 0, 113, 9])
FROM6, TO6 = bytes(15) + b"\x01", bytes(15) + b"\x02"


def ip4(*, first: int = 0x45, length: int = 24, fragment: int = 0, options: bytes = b"") -> bytes:
    fixed = bytes([first, 0x28]) + length.to_bytes(2) + b"\x12\x34" + fragment.to_bytes(2)
    return fixed + bytes([64, 17, 0, 0]) + FROM4 + TO4 + options + b"DATA"


def ip6(next_header: int, behind: bytes) -> bytes:
    word = 6 << 28 | 0x28 << 20 | 0xABCDE
    return (
        word.to_bytes(4) + len(behind).to_bytes(2) + bytes([next_header, 9]) + FROM6 + TO6 + behind
    )


def test_every_field_of_an_ipv4_header_is_read() -> None:
    read = read_ip(ip4())
    assert (read.version, read.source, read.destination) == (4, FROM4, TO4)
    assert (read.protocol, read.ttl, read.traffic_class, read.ip_id) == (17, 64, 0x28, 0x1234)
    assert (read.flow_label, read.payload) == (None, b"DATA")


def test_ipv4_options_are_skipped() -> None:
    assert read_ip(ip4(first=0x46, length=28, options=b"\1\1\1\1")).payload == b"DATA"


def test_bytes_behind_the_stated_length_are_left_out_except_in_a_quote() -> None:
    for datagram in (ip4(), ip6(58, b"DATA")):
        padded = datagram + b"PAD"
        assert read_ip(padded).payload == b"DATA"
        assert read_ip(padded, is_quote=True).payload == b"DATAPAD"


def test_every_field_of_an_ipv6_header_is_read() -> None:
    read = read_ip(ip6(58, b"DATA"))
    assert (read.version, read.source, read.destination) == (6, FROM6, TO6)
    assert (read.protocol, read.ttl, read.traffic_class, read.ip_id) == (58, 9, 0x28, None)
    assert (read.flow_label, read.payload) == (0xABCDE, b"DATA")


def test_ipv6_extension_headers_are_skipped() -> None:
    destination_options = bytes([44, 1]) + bytes(14)  # 16 bytes, then a fragment header
    first_fragment = bytes([17, 0, 0, 1]) + bytes(4)
    read = read_ip(ip6(60, destination_options + first_fragment + b"DATA"))
    assert (read.protocol, read.payload) == (17, b"DATA")


@pytest.mark.parametrize(
    ("data", "is_quote", "reason"),
    [
        (b"", False, UnparsedReason.TOO_SHORT),
        (b"\x50" + bytes(39), False, UnparsedReason.NOT_IP),
        (b"\x50" + bytes(39), True, UnparsedReason.BAD_QUOTE),
        (ip4(first=0x44), False, UnparsedReason.TOO_SHORT),
        (ip4(first=0x4F), False, UnparsedReason.TOO_SHORT),
        (ip4(fragment=1), False, UnparsedReason.BAD_QUOTE),
        (ip6(58, b"")[:39], False, UnparsedReason.TOO_SHORT),
        (ip6(44, bytes([17, 0, 0, 8]) + bytes(4)), False, UnparsedReason.BAD_QUOTE),
    ],
)
def test_bytes_that_are_not_a_datagram_are_refused_with_the_reason(
    data: bytes, is_quote: bool, reason: UnparsedReason
) -> None:
    with pytest.raises(NoReplyError) as refused:
        read_ip(data, is_quote=is_quote)
    assert refused.value.reason is reason


def test_a_first_fragment_is_read_like_a_whole_datagram() -> None:
    assert read_ip(ip4(fragment=0x2000)).payload == b"DATA"
