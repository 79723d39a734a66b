"""The header field that carries a probe's tag: no router hashes it, and every quote includes it.

A quote is only sure to include the IP header and the next eight bytes (RFC 792), so the tag lies
in those eight. A NAT rewrites the UDP checksum, so the tag has copies, which NATs leave alone: in
IPv4 in the identification field, and in UDP and ICMP at the end of the payload, of which longer
quotes show enough (all of it in IPv6, RFC 4443 section 2.4).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from paris.packets.checksums import fold, word_sum
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Generator

# The field's name in reports of changed fields.
FIELD_NAME: Final = {
    # Bytes 6-7; the payload's first word balances it. 0 means "no checksum", and 0xFFFF equals 0.
    Protocol.UDP: "udp-checksum",
    # Bytes 6-7; the payload's first word keeps the checksum constant, which carries the flow.
    Protocol.ICMP: "icmp-sequence",
    # Bytes 4-7, the tag twice; a SYN-ACK or RST acknowledges that number plus one (RFC 9293).
    Protocol.TCP: "tcp-sequence",
}
FIRST_TAG: Final = 1
HIGHEST_TAG: Final = 0xFFFE
# A second SYN of a flow may meet the connection that the first has half opened. A host resets that
# connection, as if its port were closed, if the second number lies in its window, which a SYN-ACK
# cannot scale beyond 65,535 (RFC 7323 section 2.2). It only acknowledges numbers elsewhere (RFC
# 9293 section 3.10.7.4). So the numbers of any two tags are farther apart than that.
_APART: Final = 0x1_0001
# This text follows the balancing word, so that whoever captures a probe sees who sent it.
TEXT: Final = b"paris-trace "
TEXT_AT: Final = slice(2, 2 + len(TEXT))
# Where the copy lies in the payload, behind word and text, and the payload's length.
COPY_AT: Final = 2 + len(TEXT)
PAYLOAD_BYTES: Final = COPY_AT + 4


def in_turn(first: int = FIRST_TAG) -> Generator[int, None, None]:
    """All tags over and over, from `first` on."""
    yield from range(first, HIGHEST_TAG + 1)
    while True:
        yield from range(FIRST_TAG, HIGHEST_TAG + 1)


def place(version: int) -> slice:
    """The place of the tag in a probe that starts at its IP header."""
    at = 20 if version == 4 else 40
    return slice(at + 6, at + 8)


def read(probe: bytes) -> int:
    """The tag of one of our probes; `probe` starts at its IP header."""
    return int.from_bytes(probe[place(probe[0] >> 4)])


def sequence(tag: int) -> int:
    """The TCP sequence number that carries `tag`.

    >>> hex(sequence(0xBEEF))
    '0xbeefbeef'
    """
    return tag * _APART


def of_sequence(number: int) -> int:
    """The tag that a TCP sequence number carries; a number that no tag has if it carries none."""
    tag, rest = divmod(number, _APART)
    return tag if tag and not rest else HIGHEST_TAG + 1


def ip_id(tag: int) -> int:
    """The IPv4 identification that repeats `tag`; never 0, which kernels replace."""
    return tag + 1


def tag_of(ip_id: int) -> int:
    """The tag that an IPv4 identification repeats.

    >>> tag_of(ip_id(0xBEEF)) == 0xBEEF
    True
    """
    return ip_id - 1


def copies(tag: int) -> bytes:
    """The copy at the end of a payload: the tag and its complement, which add 0 to a checksum.

    >>> copies(0xBEEF).hex(" ", 2)
    'beef 4110'
    """
    return struct.pack("!HH", tag, ~tag & 0xFFFF)


def of_payload(payload: bytes) -> int | None:
    """The tag that the payload of a UDP or ICMP probe repeats; None if it is not all there."""
    if payload[2:COPY_AT] != TEXT or len(payload) < PAYLOAD_BYTES:
        return None
    tag, complement = struct.unpack_from("!HH", payload, COPY_AT)
    return tag if tag ^ complement == 0xFFFF else None


def from_elsewhere(tag: int, shown: bytes, probed: bytes) -> int:
    """The tag of the probe where `payloads.tag_of_answer` reads `tag` in an answer from elsewhere.

    A checksum covers addresses: `shown` is the packed one of the reply, `probed` that of the probe.
    """
    # RFC 1624: HC' = ~(~HC + ~m + m')
    return ~fold((~tag & 0xFFFF) + (~word_sum(shown) & 0xFFFF) + word_sum(probed)) & 0xFFFF
