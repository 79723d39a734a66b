"""Reads the quote of an ICMP error: where it ends, and the probe in it (RFC 792, 4443, 4884).

A router inside a tunnel quotes the tunnel's packet, and the probe is inside.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.packets import numbers, tags
from paris.packets.checksums import word_sum
from paris.packets.datagrams import NoReplyError, UnparsedReason, read_ip
from paris.packets.payloads import tag_of_request

if TYPE_CHECKING:
    from paris.packets.datagrams import Datagram
    from paris.packets.payloads import Payload

# The lowest offset of extensions in the quote, and their offset if the error does not give it.
_EXTENSION_OFFSET: Final = 128
_ENCAPSULATED: Final = frozenset(numbers.ENCAPSULATED.values())
_ECHO_REQUESTS: Final = frozenset(
    (numbers.ICMP[version], kind) for version, kind in numbers.ECHO_REQUEST.items()
)


class QuotedProbe(NamedTuple):
    """The probe as the reply shows it; None for fields that the reply does not show.

    Addresses are packed bytes. `carrier_tag` is the value of the field that carries the tag (see
    `tags`), or 0 if the reply names only its flow; `payload_tag` is the payload's copy of it, or
    what a payload without one shows if that differs: then addresses were restored and the checksum
    was not. `length` is that of the message behind the IP headers, by these, and `text` what is
    shown of the text in its payload. If the reply has no quote, source and destination are the
    reply's own, swapped.
    """

    source: bytes
    destination: bytes
    protocol: int
    carrier_tag: int
    sport: int | None = None
    dport: int | None = None
    identifier: int | None = None
    icmp_checksum: int | None = None
    ip_id: int | None = None
    flow_label: int | None = None
    traffic_class: int | None = None
    payload_tag: int | None = None
    length: int | None = None
    text: bytes = b""


def split_quote(outer: Datagram) -> tuple[int, bytes | None]:
    """Where the quote ends in the ICMP message, and the extension structure after it.

    The structure is None if the error has none, and empty if the error promises one in vain.
    """
    message = outer.payload
    # RFC 4884 section 4: the quote's length in 32-bit words in IPv4, 64-bit words in IPv6.
    length = 4 * message[5] if outer.version == 4 else 8 * message[4]
    if message[0] == numbers.PACKET_TOO_BIG.get(outer.version):
        return len(message), None  # here these bytes hold the MTU
    # A lower length is invalid: at least 128 bytes precede extensions.
    if length >= _EXTENSION_OFFSET:
        return 8 + length, message[8 + length :]
    # Routers older than RFC 4884 put extensions after 128 bytes without giving a length.
    rest = message[8 + _EXTENSION_OFFSET :]
    if len(rest) >= 8 and rest[0] >> 4 == 2 and word_sum(rest) == 0xFFFF:
        return 8 + _EXTENSION_OFFSET, rest
    return len(message), None


def innermost(quoted: Datagram) -> Datagram:
    """The datagram inside all tunnels around a quoted one; the same if there is none.

    Raises NoReplyError, struct.error and IndexError for bytes that are not an IP datagram.
    """
    while quoted.protocol in _ENCAPSULATED:
        quoted = read_ip(quoted.payload, is_quote=True)
    return quoted


def read_quoted_probe(quoted: Datagram, payloads: tuple[Payload, ...]) -> QuotedProbe:
    """The quoted probe, which had one of the `payloads` if it is of UDP.

    Raises NoReplyError if the quote cannot be a probe.
    """
    data = quoted.payload
    if len(data) < 8:
        raise NoReplyError(UnparsedReason.TOO_SHORT)
    sport = dport = identifier = icmp_checksum = None
    payload_tag = None if quoted.protocol == numbers.TCP else tags.of_payload(data[8:])
    if quoted.protocol == numbers.UDP:
        sport, dport, _, tag = struct.unpack_from("!HHHH", data)
        if payload_tag is None:
            ends = quoted.source, quoted.destination
            shown = tag_of_request(*ends, data[:4], data[8:], payloads)
            payload_tag = None if shown == tag else shown
    elif quoted.protocol == numbers.TCP:
        sport, dport, number = struct.unpack_from("!HHI", data)
        tag = tags.of_sequence(number)
    elif (quoted.protocol, data[0]) in _ECHO_REQUESTS:
        icmp_checksum, identifier, tag = struct.unpack_from("!HHH", data, 2)
    else:
        raise NoReplyError(UnparsedReason.BAD_QUOTE)
    return QuotedProbe(
        source=quoted.source,
        destination=quoted.destination,
        protocol=quoted.protocol,
        carrier_tag=tag,
        sport=sport,
        dport=dport,
        identifier=identifier,
        icmp_checksum=icmp_checksum,
        ip_id=quoted.ip_id,
        flow_label=quoted.flow_label,
        traffic_class=quoted.traffic_class,
        payload_tag=payload_tag,
        length=quoted.length,
        # Some routers fill short quotes with zeros.
        text=data[8:][tags.TEXT_AT].rstrip(b"\0") if quoted.protocol != numbers.TCP else b"",
    )
