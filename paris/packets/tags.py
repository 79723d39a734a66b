"""The header field that carries a probe's tag: no router hashes it, and every quote includes it.

A quote is only sure to include the IP header and the next eight bytes (RFC 792), so the tag lies
in those eight. In IPv4, the identification field repeats 16 bits of the tag: that copy survives a
NAT that rewrites the UDP checksum.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from paris.packets import numbers
from paris.packets.checksums import checksum, pseudo_header
from paris.packets.protocols import Protocol


class TagField(NamedTuple):
    """A field's name in reports of changed fields, and the highest tag that it holds."""

    name: str
    highest: int


TAG_FIELD: Final = {
    # Bytes 6-7; the payload's first word balances it. 0 means "no checksum", and 0xFFFF equals 0.
    Protocol.UDP: TagField("udp-checksum", 0xFFFE),
    # Bytes 6-7; the payload's first word keeps the checksum constant, which carries the flow.
    Protocol.ICMP: TagField("icmp-sequence", 0xFFFE),
    # Bytes 4-7; a SYN-ACK or RST acknowledges the tag plus one (RFC 9293).
    Protocol.TCP: TagField("tcp-sequence", 0xFFFF_FFFE),
}
FIRST_TAG: Final = 1
# This text follows the balancing word, so that whoever captures a probe sees who sent it.
TEXT: Final = b"paris-trace "
_DNS_HEADER_BYTES: Final = 12


def place(protocol: Protocol, version: int) -> slice:
    """The place of the tag in a probe that starts at its IP header."""
    at = 20 if version == 4 else 40
    return slice(at + (4 if protocol is Protocol.TCP else 6), at + 8)


def read(protocol: Protocol, probe: bytes) -> int:
    """The tag of one of our probes; `probe` starts at its IP header."""
    return int.from_bytes(probe[place(protocol, probe[0] >> 4)])


def ip_id(tag: int) -> int:
    """The IPv4 identification that repeats `tag`; never 0, which kernels replace."""
    return tag % 0xFFFF + 1


def tag_of(ip_id: int) -> int:
    """The lowest tag that an IPv4 identification repeats; that is the tag, if it has 16 bits.

    >>> tag_of(ip_id(0xBEEF)) == 0xBEEF
    True
    """
    return ip_id - 1


def of_udp_reply(source: bytes, destination: bytes, ports: bytes, payload: bytes) -> int:
    """The tag of the UDP probe that `payload` replies to; 0 if the payload does not show it.

    Addresses and ports are the reply's, packed. An echo service returns the probe's whole payload.
    A DNS server reads the probe as a query and returns its identification, which is the word that
    balances the checksum. The checksum is the same in both directions, and it equals the tag.
    """
    is_echo = payload[2:] == TEXT
    # A response to the same kind of query (RFC 1035 section 4.1.1).
    is_dns = len(payload) >= _DNS_HEADER_BYTES and payload[2] & 0xF8 == 0x80 | TEXT[0] & 0x78
    if not (is_echo or is_dns):
        return 0
    length = 8 + 2 + len(TEXT)
    message = ports + struct.pack("!HH", length, 0) + payload[:2] + TEXT
    return checksum(pseudo_header(source, destination, numbers.UDP, length) + message)
