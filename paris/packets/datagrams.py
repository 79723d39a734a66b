"""Splits an IP datagram into its parts, whether received or quoted in an ICMP error."""

from __future__ import annotations

import struct
from enum import Enum
from typing import Final, NamedTuple

from paris.packets import numbers
from paris.packets.checksums import pseudo_header, word_sum
from paris.packets.routing_headers import final_destination

_MORE_FRAGMENTS: Final = 0x2000  # in IPv4 (RFC 791 section 3.1)


class UnparsedReason(Enum):
    """Why a datagram is not a reply to any probe."""

    TOO_SHORT = "shorter than its headers say"
    NOT_IP = "neither IPv4 nor IPv6"
    OTHER_PROTOCOL = "a protocol that answers no probe"
    OTHER_MESSAGE = "a message that answers no probe"
    BAD_QUOTE = "quotes something that cannot be a probe"
    BAD_CHECKSUM = "has a wrong ICMP checksum"


class NoReplyError(Exception):
    """These bytes are not a reply to a probe; the error never leaves `replies.parse`."""

    def __init__(self, reason: UnparsedReason) -> None:
        self.reason = reason


class Datagram(NamedTuple):
    """The parts of an IP datagram; addresses are packed.

    `destination` is the last one, if a routing header names others before it. `length` is that of
    the payload by the header. `ip_id` is None in IPv6, `flow_label` in IPv4. `is_whole` means that
    the payload is complete: not a fragment, and not truncated.
    """

    version: int
    source: bytes
    destination: bytes
    protocol: int
    ttl: int
    traffic_class: int
    payload: bytes
    is_whole: bool
    length: int
    ip_id: int | None = None
    flow_label: int | None = None


def check_icmp(outer: Datagram) -> None:
    """Raise NoReplyError for an ICMP message with a wrong checksum, as the kernel's sockets do.

    The checksum of a fragment or of a truncated message cannot be verified.
    """
    summed = outer.payload
    if outer.version == 6:
        ends = outer.source, outer.destination
        summed = pseudo_header(*ends, numbers.ICMP6, len(summed)) + summed
    if outer.is_whole and word_sum(summed) != 0xFFFF:
        raise NoReplyError(UnparsedReason.BAD_CHECKSUM)


def read_ip(data: bytes, *, is_quote: bool = False) -> Datagram:
    """The parts of a datagram; a quote may be truncated.

    Raises NoReplyError, struct.error and IndexError for bytes that are not an IP datagram.
    """
    if not data:
        raise NoReplyError(UnparsedReason.TOO_SHORT)
    version = data[0] >> 4
    if version == 4:
        return _read_ip4(data, is_quote=is_quote)
    if version == 6:
        return _read_ip6(data, is_quote=is_quote)
    raise NoReplyError(UnparsedReason.BAD_QUOTE if is_quote else UnparsedReason.NOT_IP)


def _read_ip4(data: bytes, *, is_quote: bool) -> Datagram:
    first, tos, length, ip_id, fragment, ttl, protocol = struct.unpack_from("!BBHHHBB", data)
    size = 4 * (first & 0xF)
    if size < 20 or len(data) < size:
        raise NoReplyError(UnparsedReason.TOO_SHORT)
    if fragment & 0x1FFF:
        # Only the first fragment has a transport header.
        raise NoReplyError(UnparsedReason.BAD_QUOTE)
    # A quoted header gives the probe's length, not the quote's, and some routers rewrite it.
    end = len(data) if is_quote else max(length, size)
    return Datagram(
        version=4,
        source=data[12:16],
        destination=data[16:20],
        protocol=protocol,
        ttl=ttl,
        traffic_class=tos,
        ip_id=ip_id,
        payload=data[size:end],
        is_whole=len(data) >= length and not fragment & _MORE_FRAGMENTS,
        length=length - size,
    )


def _read_ip6(data: bytes, *, is_quote: bool) -> Datagram:
    word, length, protocol, hop_limit = struct.unpack_from("!IHBB", data)
    if len(data) < 40:
        raise NoReplyError(UnparsedReason.TOO_SHORT)
    destination, at, is_whole = data[24:40], 40, len(data) >= 40 + length
    while protocol in numbers.EXTENSION_HEADERS:
        following, size = data[at], _header_bytes(protocol, data[at + 1])
        if protocol == numbers.FRAGMENT:
            (fragment,) = struct.unpack_from("!H", data, at + 2)
            if fragment >> 3:
                raise NoReplyError(UnparsedReason.BAD_QUOTE)
            is_whole &= not fragment & 1
        elif protocol == numbers.ROUTING:
            destination = final_destination(data[at : at + size]) or destination
        protocol, at = following, at + size
    return Datagram(
        version=6,
        source=data[8:24],
        destination=destination,
        protocol=protocol,
        ttl=hop_limit,
        traffic_class=(word >> 20) & 0xFF,
        flow_label=word & 0xFFFFF,
        payload=data[at:] if is_quote else data[at : 40 + length],
        is_whole=is_whole,
        length=40 + length - at,
    )


def _header_bytes(protocol: int, length: int) -> int:
    """The size of an extension header, given its length field."""
    if protocol == numbers.FRAGMENT:
        return 8  # it has no length field
    if protocol == numbers.AUTHENTICATION:
        return 4 * (length + 2)  # RFC 4302 section 2.2
    return 8 * (length + 1)
