"""Checksums: known sums, and a balancing word for every wanted one."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from paris.packets.checksums import balancing_word, checksum, fold, pseudo_header, word_sum


def test_the_checksum_of_a_captured_header_is_the_captured_one() -> None:
    header = bytes.fromhex("45c0 0048 d6f4 0000 4001 0000 c000 0202 c000 0201")
    assert checksum(header) == 0x1EFD
    assert word_sum(header[:10] + b"\x1e\xfd" + header[12:]) == 0xFFFF


@pytest.mark.parametrize(
    ("total", "folded"),
    [(0, 0), (0xFFFF, 0xFFFF), (0x10000, 1), (0x1FFFF, 1), (0xFFFF_FFFF, 0xFFFF)],
)
def test_carries_are_added_until_none_is_left(total: int, folded: int) -> None:
    assert fold(total) == folded


def test_an_odd_byte_is_the_high_half_of_a_word() -> None:
    assert word_sum(b"\x12\x34\x56") == word_sum(b"\x12\x34\x56\x00") == 0x1234 + 0x5600


@pytest.mark.parametrize("others", [0, 1, 0xABCD, 0xFFFF])
def test_the_balancing_word_yields_every_wanted_checksum(others: int) -> None:
    for wanted in range(0xFFFF):
        word = balancing_word(others, wanted)
        assert 0 <= word <= 0xFFFF
        assert ~fold(others + word) & 0xFFFF == wanted


def test_pseudo_headers_are_laid_out_as_the_standards_draw_them() -> None:
    ends4 = ip_address("192.0.2.1").packed, ip_address("203.0.113.9").packed
    assert pseudo_header(*ends4, 17, 22) == bytes.fromhex(
        "c000 0201 cb00 7109"  # source, destination
        "00 11 0016"  # zero, protocol, UDP length (RFC 768)
    )
    ends6 = ip_address("2001:db8::1").packed, ip_address("2001:db8::2").packed
    assert pseudo_header(*ends6, 58, 22) == bytes.fromhex(
        "20010db8 00000000 00000000 00000001"
        "20010db8 00000000 00000000 00000002"
        "00000016 000000 3a"  # upper-layer length, zero, next header (RFC 8200 section 8.1)
    )
