"""Parses a received datagram into a reply; never raises, whatever the bytes.

It reads time exceeded, destination unreachable, echo replies, SYN-ACK, RST and replies of UDP
services, over IPv4 and IPv6 (RFC 768, 792, 4443, 9293), with quotes as short as eight bytes after
the IP header. Other datagrams become a value with a reason.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from mda.model import ReplyKind
from paris.packets import numbers, tags
from paris.packets.datagrams import NoReplyError, UnparsedReason, check_icmp, read_ip
from paris.packets.extensions import read_extensions
from paris.packets.payloads import TEXT, tag_of_answer
from paris.packets.quotes import QuotedProbe, innermost, read_quoted_probe, split_quote
from paris.packets.responders import address

if TYPE_CHECKING:
    from mda.model import InterfaceInfo, IPAddress, MplsEntry, Unread
    from paris.packets.datagrams import Datagram
    from paris.packets.payloads import Payload


class Unparsed(NamedTuple):
    """A datagram that is not a reply, and why."""

    reason: UnparsedReason


class ParsedReply(NamedTuple):
    """A reply to somebody's probe; `paris.engine.pending` decides whether the probe is ours.

    `is_challenge` means that it only names the probe: a host acknowledges the SYN of a half-open
    connection when another SYN of the same flow follows (RFC 9293 section 3.10.7.4).
    """

    kind: ReplyKind
    responder: IPAddress
    quoted: QuotedProbe
    icmp_type: int | None = None
    icmp_code: int | None = None
    quoted_ttl: int | None = None
    reply_ttl: int | None = None
    reply_ip_id: int | None = None
    mpls: tuple[MplsEntry, ...] = ()
    interfaces: tuple[InterfaceInfo, ...] = ()
    unread: tuple[Unread, ...] = ()
    in_tunnel: bool = False
    mtu: int | None = None
    is_challenge: bool = False


def parse(
    datagram: bytes,
    hidden: frozenset[str] = frozenset(),
    payloads: tuple[Payload, ...] = (TEXT,),
) -> ParsedReply | Unparsed:
    """The reply in `datagram`, which starts at its IP header. Raises nothing.

    `hidden` names the fields of a Reply that the wire cannot know; they become None. UDP probes had
    one of the `payloads`.
    """
    try:
        parsed = _parse(datagram, payloads)
    except NoReplyError as no_reply:
        return Unparsed(no_reply.reason)
    except (struct.error, IndexError):
        return Unparsed(UnparsedReason.TOO_SHORT)
    return parsed if not hidden else _masked(parsed, hidden)


def _masked(parsed: ParsedReply, hidden: frozenset[str]) -> ParsedReply:
    return parsed._replace(
        quoted_ttl=None if "quoted_ttl" in hidden else parsed.quoted_ttl,
        # Datagrams arrive with a TTL of at least 1; here 0 means that the wire did not see the TTL.
        reply_ttl=parsed.reply_ttl or None,
        reply_ip_id=None if "reply_ip_id" in hidden else parsed.reply_ip_id,
    )


def _parse(datagram: bytes, payloads: tuple[Payload, ...]) -> ParsedReply:
    outer = read_ip(datagram)
    if outer.protocol == numbers.TCP:
        return _read_tcp_reply(outer)
    if outer.protocol == numbers.UDP:
        return _read_udp_reply(outer, payloads)
    if outer.protocol != numbers.ICMP[outer.version]:
        raise NoReplyError(UnparsedReason.OTHER_PROTOCOL)
    check_icmp(outer)
    icmp_type, icmp_code = outer.payload[0], outer.payload[1]
    if icmp_type == numbers.ECHO_REPLY[outer.version]:
        return _read_echo_reply(outer)
    kind = error_kind(outer.version, icmp_type, icmp_code)
    quote_end, structure = split_quote(outer)
    extensions = read_extensions(structure, is_whole=outer.is_whole)
    outermost = read_ip(outer.payload[8:quote_end], is_quote=True)
    quoted = innermost(outermost)
    return ParsedReply(
        kind=kind,
        responder=address(outer.source),
        quoted=read_quoted_probe(quoted, payloads),
        icmp_type=icmp_type,
        icmp_code=icmp_code,
        quoted_ttl=quoted.ttl,
        reply_ttl=outer.ttl,
        reply_ip_id=outer.ip_id,
        mpls=extensions.mpls,
        interfaces=extensions.interfaces,
        unread=extensions.unread,
        in_tunnel=quoted is not outermost,
        mtu=_stated_mtu(outer),
    )


def error_kind(version: int, icmp_type: int, icmp_code: int) -> ReplyKind:
    """The kind of an ICMP error. Raises NoReplyError for what no probe can cause."""
    if icmp_type == numbers.TIME_EXCEEDED[version]:
        if icmp_code == numbers.IN_TRANSIT:
            return ReplyKind.TIME_EXCEEDED
    elif icmp_type in numbers.ERRORS[version]:
        # Packet too big is among them, because it too ends the probe's path.
        return ReplyKind.UNREACHABLE
    raise NoReplyError(UnparsedReason.OTHER_MESSAGE)


def _stated_mtu(outer: Datagram) -> int | None:
    """The MTU that "fragmentation needed" or "packet too big" states (RFC 1191, 4443).

    None for other errors.
    """
    icmp_type, icmp_code = outer.payload[0], outer.payload[1]
    if icmp_type == numbers.PACKET_TOO_BIG.get(outer.version):
        return int.from_bytes(outer.payload[4:8])
    if (outer.version, icmp_type, icmp_code) == (4, numbers.UNREACHABLE[4], numbers.TOO_BIG):
        return int.from_bytes(outer.payload[6:8])
    return None


def _read_echo_reply(outer: Datagram) -> ParsedReply:
    icmp_type, icmp_code, _, identifier, sequence = struct.unpack_from("!BBHHH", outer.payload)
    return ParsedReply(
        kind=ReplyKind.ECHO_REPLY,
        responder=address(outer.source),
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


def _read_tcp_reply(outer: Datagram) -> ParsedReply:
    sport, dport, _, acknowledged = struct.unpack_from("!HHII", outer.payload)
    syn, rst, ack = (bool(outer.payload[13] & bit) for bit in (0x02, 0x04, 0x10))
    if not ack:
        raise NoReplyError(UnparsedReason.OTHER_MESSAGE)
    return ParsedReply(
        kind=ReplyKind.RST if rst else ReplyKind.SYN_ACK,
        responder=address(outer.source),
        quoted=QuotedProbe(
            source=outer.destination,
            destination=outer.source,
            protocol=outer.protocol,
            carrier_tag=tags.of_sequence((acknowledged - 1) & 0xFFFFFFFF),
            sport=dport,
            dport=sport,
        ),
        reply_ttl=outer.ttl,
        reply_ip_id=outer.ip_id,
        is_challenge=not (rst or syn),
    )


def _read_udp_reply(outer: Datagram, payloads: tuple[Payload, ...]) -> ParsedReply:
    ports, (sport, dport) = outer.payload[:4], struct.unpack_from("!HHHH", outer.payload)[:2]
    return ParsedReply(
        kind=ReplyKind.UDP_ANSWER,
        responder=address(outer.source),
        quoted=QuotedProbe(
            source=outer.destination,
            destination=outer.source,
            protocol=outer.protocol,
            carrier_tag=tag_of_answer(
                outer.source, outer.destination, ports, outer.payload[8:], payloads
            ),
            sport=dport,
            dport=sport,
        ),
        reply_ttl=outer.ttl,
        reply_ip_id=outer.ip_id,
    )
