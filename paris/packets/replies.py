"""A received datagram into what it answers: never an exception, whatever the bytes.

Reads time exceeded, destination unreachable, echo replies, SYN-ACK, RST and what UDP services say,
over IPv4 and IPv6 (RFC 768, 792, 4443, 9293), with quotes as short as eight bytes behind the IP
header and with MPLS labels in the extensions of RFC 4884 and 4950. What does not parse is a value
with a reason.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from mda.model import MplsEntry, ReplyKind
from paris.packets import tags
from paris.packets.checksums import word_sum

if TYPE_CHECKING:
    from mda.model import IPAddress

_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
# IPv6 extension headers that may stand before the one we read, with how their length is told:
# hop-by-hop, routing, destination options in 8-byte units; a fragment header has 8 bytes.
_EXTENSION_HEADERS: Final = frozenset({0, 43, 60})
_FRAGMENT_HEADER: Final = 44
_EXTENSION_OFFSET: Final = 128  # where extensions start at the earliest, and if nothing is told


class UnparsedReason(Enum):
    """Why a datagram is no answer."""

    TOO_SHORT = "shorter than its headers say"
    NOT_IP = "neither IPv4 nor IPv6"
    OTHER_PROTOCOL = "a protocol that answers no probe"
    OTHER_MESSAGE = "a message that answers no probe"
    BAD_QUOTE = "quotes something that cannot be a probe"


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A datagram that is no answer, and why."""

    reason: UnparsedReason


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedProbe:
    """The probe as the answer shows it; None where the answer does not.

    Addresses are packed bytes. `carrier_tag` is what stands in the tag's own field (see `tags`).
    For an answer without a quote, addresses and ports are its own, turned round. A tag of 0 is
    none: such an answer names its flow only.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedReply:
    """An answer to somebody's probe; whether it is ours is for `pending` to say."""

    kind: ReplyKind
    responder: IPAddress
    quoted: QuotedProbe
    icmp_type: int | None = None
    icmp_code: int | None = None
    quoted_ttl: int | None = None
    reply_ttl: int | None = None
    reply_ip_id: int | None = None
    mpls: tuple[MplsEntry, ...] = ()


class _NoAnswerError(Exception):
    """Leaves the readers below; never leaves this file."""

    def __init__(self, reason: UnparsedReason) -> None:
        self.reason = reason


@dataclass(slots=True)
class _Datagram:
    """The parts of an IP datagram, outer or quoted; addresses packed."""

    version: int
    source: bytes
    destination: bytes
    protocol: int
    ttl: int
    traffic_class: int
    ip_id: int | None
    flow_label: int | None
    payload: bytes


def parse(datagram: bytes, hidden: frozenset[str] = frozenset()) -> ParsedReply | Unparsed:
    """What `datagram`, from its IP header on, answers. Raises nothing.

    `hidden` names the fields of a Reply that the wire cannot know, and that are therefore None.
    """
    try:
        parsed = _parse(datagram)
    except _NoAnswerError as no_answer:
        return Unparsed(no_answer.reason)
    except (struct.error, IndexError):
        return Unparsed(UnparsedReason.TOO_SHORT)
    return parsed if not hidden else _masked(parsed, hidden)


def _masked(parsed: ParsedReply, hidden: frozenset[str]) -> ParsedReply:
    return replace(
        parsed,
        quoted_ttl=None if "quoted_ttl" in hidden else parsed.quoted_ttl,
        # What has arrived had a TTL left: 0 stands for one that nobody told.
        reply_ttl=parsed.reply_ttl or None,
        reply_ip_id=None if "reply_ip_id" in hidden else parsed.reply_ip_id,
    )


def _parse(datagram: bytes) -> ParsedReply:
    outer = _read_ip(datagram)
    if outer.protocol == _TCP:
        return _read_tcp_answer(outer)
    if outer.protocol == _UDP:
        return _read_udp_answer(outer)
    if (outer.version, outer.protocol) not in ((4, _ICMP), (6, _ICMP6)):
        raise _NoAnswerError(UnparsedReason.OTHER_PROTOCOL)
    icmp_type, icmp_code = outer.payload[0], outer.payload[1]
    if icmp_type == (0 if outer.version == 4 else 129):
        return _read_echo_reply(outer)
    kind = _error_kind(outer.version, icmp_type, icmp_code)
    quote_end, extensions = _split_quote(outer)
    quoted = _read_ip(outer.payload[8:quote_end], is_quote=True)
    return ParsedReply(
        kind=kind,
        responder=ip_address(outer.source),
        quoted=_read_quoted_probe(quoted),
        icmp_type=icmp_type,
        icmp_code=icmp_code,
        quoted_ttl=quoted.ttl,
        reply_ttl=outer.ttl,
        reply_ip_id=outer.ip_id,
        mpls=_read_mpls(extensions),
    )


def _read_ip(data: bytes, *, is_quote: bool = False) -> _Datagram:
    if not data:
        raise _NoAnswerError(UnparsedReason.TOO_SHORT)
    version = data[0] >> 4
    if version == 4:
        return _read_ip4(data, is_quote=is_quote)
    if version == 6:
        return _read_ip6(data)
    raise _NoAnswerError(UnparsedReason.BAD_QUOTE if is_quote else UnparsedReason.NOT_IP)


def _read_ip4(data: bytes, *, is_quote: bool) -> _Datagram:
    first, tos, length, ip_id, fragment, ttl, protocol = struct.unpack_from("!BBHHHBB", data)
    size = 4 * (first & 0xF)
    if size < 20 or len(data) < size:
        raise _NoAnswerError(UnparsedReason.TOO_SHORT)
    if fragment & 0x1FFF:
        # Not the first fragment: what follows is no transport header.
        raise _NoAnswerError(UnparsedReason.BAD_QUOTE)
    # A quoted length says nothing of the quote, and some routers rewrite it.
    end = len(data) if is_quote else max(length, size)
    return _Datagram(4, data[12:16], data[16:20], protocol, ttl, tos, ip_id, None, data[size:end])


def _read_ip6(data: bytes) -> _Datagram:
    word, _, next_header, hop_limit = struct.unpack_from("!IHBB", data)
    if len(data) < 40:
        raise _NoAnswerError(UnparsedReason.TOO_SHORT)
    at = 40
    while next_header in _EXTENSION_HEADERS or next_header == _FRAGMENT_HEADER:
        if next_header == _FRAGMENT_HEADER:
            if struct.unpack_from("!H", data, at + 2)[0] >> 3:
                raise _NoAnswerError(UnparsedReason.BAD_QUOTE)
            next_header, at = data[at], at + 8
        else:
            next_header, at = data[at], at + 8 * (data[at + 1] + 1)
    return _Datagram(
        6,
        data[8:24],
        data[24:40],
        next_header,
        hop_limit,
        (word >> 20) & 0xFF,
        None,
        word & 0xFFFFF,
        data[at:],
    )


def _error_kind(version: int, icmp_type: int, icmp_code: int) -> ReplyKind:
    if (version, icmp_type, icmp_code) in ((4, 11, 0), (6, 3, 0)):
        return ReplyKind.TIME_EXCEEDED
    # Too big (ICMPv6 type 2) ends the path as well: the probe went no further.
    if (version, icmp_type) in ((4, 3), (6, 1), (6, 2)):
        return ReplyKind.UNREACHABLE
    raise _NoAnswerError(UnparsedReason.OTHER_MESSAGE)


def _split_quote(outer: _Datagram) -> tuple[int, bytes]:
    """Where the quote ends in the ICMP message, and the extension structure behind it, if any."""
    message = outer.payload
    # RFC 4884 section 4: the quote's length in 32-bit words in IPv4, 64-bit words in IPv6.
    length = 4 * message[5] if outer.version == 4 else 8 * message[4]
    if (outer.version, message[0]) == (6, 2):
        return len(message), b""  # these bytes are the MTU
    # A lower length is no length: extensions stand behind 128 bytes or more.
    if length >= _EXTENSION_OFFSET:
        return 8 + length, message[8 + length :]
    # Routers from before RFC 4884 put extensions behind 128 bytes and do not say so.
    behind = message[8 + _EXTENSION_OFFSET :]
    if len(behind) >= 8 and behind[0] >> 4 == 2 and word_sum(behind) == 0xFFFF:
        return 8 + _EXTENSION_OFFSET, behind
    return len(message), b""


def _read_mpls(extensions: bytes) -> tuple[MplsEntry, ...]:
    """The label stack entries among the objects of an extension structure (RFC 4950)."""
    if len(extensions) < 8 or extensions[0] >> 4 != 2:
        return ()
    if extensions[2:4] != b"\0\0" and word_sum(extensions) != 0xFFFF:
        return ()
    entries: list[MplsEntry] = []
    at = 4
    while at + 4 <= len(extensions):
        length, object_class, object_type = struct.unpack_from("!HBB", extensions, at)
        if length < 4 or at + length > len(extensions):
            break
        if (object_class, object_type) == (1, 1):
            for offset in range(at + 4, at + length - 3, 4):
                (word,) = struct.unpack_from("!I", extensions, offset)
                entries.append(
                    MplsEntry(word >> 12, (word >> 9) & 7, bool((word >> 8) & 1), word & 0xFF)
                )
        at += length
    return tuple(entries)


def _read_quoted_probe(quoted: _Datagram) -> QuotedProbe:
    data = quoted.payload
    if len(data) < 8:
        raise _NoAnswerError(UnparsedReason.TOO_SHORT)
    sport = dport = identifier = icmp_checksum = None
    if quoted.protocol == _UDP:
        sport, dport, _, tag = struct.unpack_from("!HHHH", data)
    elif quoted.protocol == _TCP:
        sport, dport, tag = struct.unpack_from("!HHI", data)
    elif (quoted.protocol, data[0]) in ((_ICMP, 8), (_ICMP6, 128)):
        icmp_checksum, identifier, tag = struct.unpack_from("!HHH", data, 2)
    else:
        raise _NoAnswerError(UnparsedReason.BAD_QUOTE)
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
    )


def _read_echo_reply(outer: _Datagram) -> ParsedReply:
    icmp_type, icmp_code, _, identifier, sequence = struct.unpack_from("!BBHHH", outer.payload)
    return ParsedReply(
        kind=ReplyKind.ECHO_REPLY,
        responder=ip_address(outer.source),
        quoted=QuotedProbe(
            source=outer.destination,
            destination=outer.source,
            protocol=outer.protocol,
            carrier_tag=sequence,
            identifier=identifier,
        ),
        icmp_type=icmp_type,
        icmp_code=icmp_code,
        reply_ttl=outer.ttl,
        reply_ip_id=outer.ip_id,
    )


def _read_tcp_answer(outer: _Datagram) -> ParsedReply:
    sport, dport, _, acknowledged = struct.unpack_from("!HHII", outer.payload)
    syn, rst, ack = (bool(outer.payload[13] & bit) for bit in (0x02, 0x04, 0x10))
    if not ((rst or syn) and ack):
        raise _NoAnswerError(UnparsedReason.OTHER_MESSAGE)
    return ParsedReply(
        kind=ReplyKind.RST if rst else ReplyKind.SYN_ACK,
        responder=ip_address(outer.source),
        quoted=QuotedProbe(
            source=outer.destination,
            destination=outer.source,
            protocol=outer.protocol,
            carrier_tag=(acknowledged - 1) & 0xFFFFFFFF,
            sport=dport,
            dport=sport,
        ),
        reply_ttl=outer.ttl,
        reply_ip_id=outer.ip_id,
    )


def _read_udp_answer(outer: _Datagram) -> ParsedReply:
    ports, (sport, dport) = outer.payload[:4], struct.unpack_from("!HHHH", outer.payload)[:2]
    return ParsedReply(
        kind=ReplyKind.UDP_ANSWER,
        responder=ip_address(outer.source),
        quoted=QuotedProbe(
            source=outer.destination,
            destination=outer.source,
            protocol=outer.protocol,
            carrier_tag=tags.of_udp_answer(
                outer.source, outer.destination, ports, outer.payload[8:]
            ),
            sport=dport,
            dport=sport,
        ),
        reply_ttl=outer.ttl,
        reply_ip_id=outer.ip_id,
    )
