"""Which field carries a probe's tag: where no router hashes, and inside what every quote holds.

A quote is only sure to have the IP header and eight bytes behind it (RFC 792), so the tag lies in
those eight. In IPv4 the identification field repeats it, as far as 16 bits go: that copy survives
a NAT that patches the UDP checksum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from paris.flows import Protocol


@dataclass(frozen=True, slots=True)
class TagField:
    """The field's name as reported when it was changed on the way, and the highest tag it holds."""

    name: str
    highest: int


TAG_FIELD: Final = {
    # Bytes 6-7; the payload's first word balances it. 0 means "none" and 0xFFFF equals 0.
    Protocol.UDP: TagField("udp-checksum", 0xFFFE),
    # Bytes 6-7; the payload's first word keeps the checksum, which is the flow.
    Protocol.ICMP: TagField("icmp-sequence", 0xFFFE),
    # Bytes 4-7; a SYN-ACK or RST gives it back as acknowledgment number less one (RFC 9293).
    Protocol.TCP: TagField("tcp-sequence", 0xFFFF_FFFE),
}
FIRST_TAG: Final = 1


def read(protocol: Protocol, probe: bytes) -> int:
    """The tag of a probe of ours, from its IP header on."""
    at = (20 if probe[0] >> 4 == 4 else 40) + (4 if protocol is Protocol.TCP else 6)
    return int.from_bytes(probe[at : at + (4 if protocol is Protocol.TCP else 2)])


def ip_id(tag: int) -> int:
    """The IPv4 identification that repeats `tag`; never 0, which kernels replace."""
    return tag % 0xFFFF + 1


def tag_of(ip_id: int) -> int:
    """The lowest tag that an IPv4 identification repeats: the tag, where it has 16 bits.

    >>> tag_of(ip_id(0xBEEF)) == 0xBEEF
    True
    """
    return ip_id - 1
