"""Converts headers to bytes and back with impacket; only this file imports it.

It handles formats, not meanings: `flows` and `tags` decide which field carries a flow or a tag.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Final, NamedTuple

from impacket.ImpactPacket import ICMP, IP, TCP, UDP, ImpactPacketException

from paris.packets import numbers
from paris.packets.checksums import checksum, pseudo_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import InterfaceInfo, IPAddress, MplsEntry

_QUOTE_BYTES: Final = 128  # a quote before extensions is padded to this (RFC 4884 section 4.1)


class IPHeader(NamedTuple):
    """An IP header of either version; `protocol` is the IANA number of its payload's protocol.

    `ip_id` exists only in IPv4, `flow_label` only in IPv6, where `ttl` is the hop limit.
    """

    source: IPAddress
    destination: IPAddress
    protocol: int
    ttl: int
    traffic_class: int = 0
    ip_id: int = 0
    flow_label: int = 0


def ip_datagram(header: IPHeader, payload: bytes) -> bytes:
    """A whole datagram; in IPv4 with "don't fragment" and a correct header checksum."""
    source, destination = header.source.packed, header.destination.packed
    if header.source.version == 4:
        ip4 = bytearray(_blank4(source, destination, header.protocol, header.traffic_class))
        struct.pack_into("!HH", ip4, 2, len(ip4) + len(payload), header.ip_id)
        ip4[8] = header.ttl
        struct.pack_into("!H", ip4, 10, checksum(bytes(ip4)))
        return bytes(ip4) + payload
    traffic_class, flow_label = header.traffic_class, header.flow_label
    ip6 = bytearray(_blank6(source, destination, header.protocol, traffic_class, flow_label))
    struct.pack_into("!H", ip6, 4, len(payload))
    ip6[7] = header.ttl
    return bytes(ip6) + payload


# Headers differ mostly in what a blank lacks, and building one with impacket takes 50 microseconds.
@lru_cache(maxsize=4096)
def _blank4(source: bytes, destination: bytes, protocol: int, traffic_class: int) -> bytes:
    """An IPv4 header with 0 as its length, identification, TTL and checksum."""
    ip4 = IP()
    ip4.set_ip_src(str(IPv4Address(source)))
    ip4.set_ip_dst(str(IPv4Address(destination)))
    ip4.set_ip_p(protocol)
    ip4.set_ip_tos(traffic_class)
    ip4.set_ip_df(1)
    header = bytearray(ip4.get_packet())
    header[2:4] = header[4:6] = header[10:12] = b"\0\0"
    header[8] = 0
    return bytes(header)


@lru_cache(maxsize=4096)
def _blank6(
    source: bytes, destination: bytes, protocol: int, traffic_class: int, flow_label: int
) -> bytes:
    """An IPv6 header with 0 as its length and hop limit."""
    from impacket.IP6 import IP6  # not before the first probe by IPv4

    ip6 = IP6()
    ip6.set_ip_src(str(IPv6Address(source)))
    ip6.set_ip_dst(str(IPv6Address(destination)))
    ip6.set_next_header(protocol)
    ip6.set_hop_limit(0)
    ip6.set_traffic_class(traffic_class)
    ip6.set_flow_label(flow_label)
    ip6.set_payload_length(0)
    return bytes(ip6.get_packet())


def read_ip(datagram: bytes) -> tuple[IPHeader, bytes] | None:
    """The header, and the payload of the length that the header gives; None for invalid bytes.

    IPv6 extension headers stay in the payload.
    """
    version = datagram[0] >> 4 if datagram else 0
    try:
        if version == 4 and len(datagram) >= 20:
            # Drop the options: impacket loops for ever on an option of length 0.
            ip4 = IP(b"\x45" + datagram[1:20])
            size, length = 4 * (datagram[0] & 0xF), ip4.get_ip_len()
            header = IPHeader(
                source=IPv4Address(datagram[12:16]),  # impacket has it as text
                destination=IPv4Address(datagram[16:20]),
                protocol=ip4.get_ip_p(),
                ttl=ip4.get_ip_ttl(),
                traffic_class=ip4.get_ip_tos(),
                ip_id=ip4.get_ip_id(),
            )
            is_whole = 20 <= size <= min(length, len(datagram))
            return (header, datagram[size:length]) if is_whole else None
        if version == 6 and len(datagram) >= 40:
            from impacket.IP6 import IP6

            ip6 = IP6(datagram)
            header = IPHeader(
                source=IPv6Address(datagram[8:24]),
                destination=IPv6Address(datagram[24:40]),
                protocol=ip6.get_next_header(),
                ttl=ip6.get_hop_limit(),
                traffic_class=ip6.get_traffic_class(),
                flow_label=ip6.get_flow_label(),
            )
            return header, datagram[40 : 40 + ip6.get_payload_length()]
    except ImpactPacketException:
        return None
    return None


def with_ttl(datagram: bytes, ttl: int) -> bytes:
    """The same datagram with another TTL and the matching header checksum."""
    if datagram[0] >> 4 == 6:
        return datagram[:7] + bytes([ttl]) + datagram[8:]
    size = 4 * (datagram[0] & 0xF)
    header = bytearray(datagram[:size])
    header[8] = ttl
    header[10:12] = b"\0\0"
    header[10:12] = struct.pack("!H", checksum(bytes(header)))
    return bytes(header) + datagram[size:]


def udp(header: IPHeader, sport: int, dport: int, payload: bytes, udp_checksum: int) -> bytes:
    """A whole UDP datagram; the caller supplies the checksum."""
    segment = UDP()
    segment.set_uh_sport(sport)
    segment.set_uh_dport(dport)
    segment.set_uh_ulen(8 + len(payload))
    segment.set_uh_sum(udp_checksum)
    segment.auto_checksum = 0
    return ip_datagram(header, bytes(segment.get_bytes()) + payload)


def icmp_echo(
    header: IPHeader, identifier: int, sequence: int, payload: bytes, icmp_checksum: int
) -> bytes:
    """A whole echo request of either version; the caller supplies the checksum."""
    echo = ICMP()  # ICMPv6 has the same layout (RFC 4443 section 4.1)
    echo.set_icmp_type(numbers.ECHO_REQUEST[header.source.version])
    echo.set_icmp_code(0)
    echo.set_word(2, icmp_checksum)
    echo.set_word(4, identifier)
    echo.set_word(6, sequence)
    return ip_datagram(header, bytes(echo.get_bytes())[:8] + payload)


def tcp(
    header: IPHeader, sport: int, dport: int, sequence: int, acknowledgment: int, flags: str
) -> bytes:
    """A whole TCP datagram without options or data; `flags` holds letters of S, A and R."""
    segment = TCP()
    segment.set_th_sport(sport)
    segment.set_th_dport(dport)
    segment.set_th_seq(sequence)
    segment.set_th_ack(acknowledgment)
    segment.set_th_win(65535)
    segment.set_th_off(5)
    if "S" in flags:
        segment.set_SYN()
    if "A" in flags:
        segment.set_ACK()
    if "R" in flags:
        segment.set_RST()
    segment.set_th_sum(0)
    data = bytes(segment.get_bytes())[:20]
    pseudo = pseudo_header(header.source.packed, header.destination.packed, numbers.TCP, len(data))
    segment.set_th_sum(checksum(pseudo + data))
    return ip_datagram(header, bytes(segment.get_bytes())[:20])


def icmp_error(
    header: IPHeader,
    icmp_type: int,
    icmp_code: int,
    quote: bytes,
    mpls: Sequence[MplsEntry] = (),
    interfaces: Sequence[InterfaceInfo] = (),
) -> bytes:
    """A whole ICMP or ICMPv6 error that quotes `quote`, with extensions if given."""
    unused = 0
    if mpls or interfaces:
        from paris.packets.extensions import write_extensions  # not before the first probe

        quote = quote[:_QUOTE_BYTES].ljust(_QUOTE_BYTES, b"\0")
        # IPv4 counts the quote's length in 32-bit words, IPv6 in 64-bit words.
        is_ip4 = header.source.version == 4
        unused = (_QUOTE_BYTES // 4) << 16 if is_ip4 else (_QUOTE_BYTES // 8) << 24
        quote += write_extensions(mpls, interfaces)
    return _icmp_message(header, icmp_type, icmp_code, unused, quote)


def too_big(header: IPHeader, mtu: int, quote: bytes) -> bytes:
    """A whole error that says which MTU, in bytes, a packet did not fit (RFC 1191, RFC 4443)."""
    version = header.source.version
    if version == 4:
        return _icmp_message(header, numbers.UNREACHABLE[4], numbers.TOO_BIG, mtu, quote)
    return _icmp_message(header, numbers.PACKET_TOO_BIG[6], 0, mtu, quote)


def echo_reply(header: IPHeader, request: bytes) -> bytes:
    """A whole reply to an echo request, given the request's ICMP bytes."""
    reply_type = numbers.ECHO_REPLY[header.source.version]
    (rest,) = struct.unpack("!I", request[4:8])
    return _icmp_message(header, reply_type, 0, rest, request[8:])


def tcp_reply(header: IPHeader, syn: bytes, *, open_port: bool) -> bytes:
    """A whole reply to a SYN, given the SYN's TCP bytes (RFC 9293 section 3.10.7)."""
    sport, dport, sequence = struct.unpack("!HHI", syn[:8])
    return tcp(
        header._replace(protocol=numbers.TCP),
        sport=dport,
        dport=sport,
        sequence=1 if open_port else 0,
        acknowledgment=(sequence + 1) & 0xFFFFFFFF,
        flags="SA" if open_port else "RA",
    )


def udp_reply(header: IPHeader, request: bytes, payload: bytes) -> bytes:
    """A whole reply to a UDP probe, given the probe's UDP bytes, with a correct checksum."""
    sport, dport = struct.unpack("!HH", request[:4])
    header = header._replace(protocol=numbers.UDP)
    length = 8 + len(payload)
    pseudo = pseudo_header(header.source.packed, header.destination.packed, numbers.UDP, length)
    total = checksum(pseudo + struct.pack("!HHHH", dport, sport, length, 0) + payload)
    return udp(header, dport, sport, payload, total or 0xFFFF)  # 0 means "no checksum"


def _icmp_message(header: IPHeader, kind: int, code: int, rest: int, body: bytes) -> bytes:
    message = struct.pack("!BBHI", kind, code, 0, rest) + body
    summed = message
    if header.protocol == numbers.ICMP6:
        ends = header.source.packed, header.destination.packed
        summed = pseudo_header(*ends, numbers.ICMP6, len(message)) + message
    total = struct.pack("!H", checksum(summed))
    return ip_datagram(header, message[:2] + total + message[4:])
