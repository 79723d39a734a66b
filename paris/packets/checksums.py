"""The Internet checksum (RFC 1071), and the word that gives data a wanted checksum."""

from __future__ import annotations

import struct


def fold(total: int) -> int:
    """A sum of 16-bit words with its carries added back until it fits in 16 bits."""
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def word_sum(data: bytes) -> int:
    """The folded ones'-complement sum of `data`; an odd last byte is padded with zero.

    >>> hex(word_sum(bytes.fromhex("0001 f203 f4f5 f6f7")))  # RFC 1071 section 3
    '0xddf2'
    """
    number = int.from_bytes(data) << 8 * (len(data) % 2)
    # 2^16 leaves 1 when it is divided by 0xFFFF, so words may be added before or after.
    return number % 0xFFFF or (0xFFFF if number else 0)


def checksum(data: bytes) -> int:
    """The checksum of `data`, whose checksum field must be zero."""
    return ~word_sum(data) & 0xFFFF


def balancing_word(others: int, wanted: int) -> int:
    """The word that gives data whose other words sum to `others` the checksum `wanted`.

    It must stand at an even offset. From w + others = ~wanted in ones'-complement arithmetic.
    """
    return fold((~wanted & 0xFFFF) + (~others & 0xFFFF))


def pseudo_header(source: bytes, destination: bytes, protocol: int, length: int) -> bytes:
    """The pseudo-header in the checksums of UDP, TCP, ICMPv6 (RFC 768, 9293; RFC 8200 section 8.1).

    Addresses are packed; their length gives the IP version.
    """
    if len(source) == 4:
        tail = struct.pack("!BBH", 0, protocol, length)
    else:
        tail = struct.pack("!II", length, protocol)
    return source + destination + tail
