"""Takes probes apart for ordinary sockets, and rebuilds whole datagrams from their replies.

The kernel hides the quoted headers. A rebuilt reply quotes the probe as it was sent instead, so
that replies parse as if a raw socket had received them. `Wire.hidden` names the fields that a wire
cannot know.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.packets.checksums import checksum, pseudo_header
from paris.packets.numbers import ICMP4, ICMP6, PACKET_TOO_BIG, TCP, UDP

if TYPE_CHECKING:
    from paris.packets.payloads import Payload
    from paris.wire.linux.ancillary import Ancillary

_HEADER_BYTES: Final = {4: 20, 6: 40}
_CHECKSUM_AT: Final = {ICMP4: 2, ICMP6: 2, TCP: 16, UDP: 6}
_SEQUENCE_AT: Final = 6  # of an echo request
_EXTENSION_OFFSET: Final = 128  # the least offset of extensions in a quote, in bytes (RFC 4884)


class Sent(NamedTuple):
    """A probe as requested. For ICMP, `sport` is the echo identifier and `dport` is 0.

    `body` is the data that an ordinary socket sends: a UDP payload or an ICMP message.
    """

    datagram: bytes
    version: int
    protocol: int
    ttl: int
    traffic_class: int
    flow_label: int
    sport: int
    dport: int
    body: bytes


def read_sent(datagram: bytes) -> Sent:
    """The parts of a probe that starts at its IP header."""
    if datagram[0] >> 4 == 4:
        version, protocol, ttl, traffic_class, label = 4, datagram[9], datagram[8], datagram[1], 0
    else:
        (word,) = struct.unpack_from("!I", datagram)
        version, protocol, ttl = 6, datagram[6], datagram[7]
        traffic_class, label = (word >> 20) & 0xFF, word & 0xFFFFF
    at = _HEADER_BYTES[version]
    if protocol in (ICMP4, ICMP6):
        (sport,) = struct.unpack_from("!H", datagram, at + 4)
        dport, body = 0, datagram[at:]
    else:
        sport, dport = struct.unpack_from("!HH", datagram, at)
        body = datagram[at + 8 :] if protocol == UDP else b""
    return Sent(
        datagram=datagram,
        version=version,
        protocol=protocol,
        ttl=ttl,
        traffic_class=traffic_class,
        flow_label=label,
        sport=sport,
        dport=dport,
        body=body,
    )


def destination_of(sent: Sent) -> bytes:
    """The packed address that a probe goes to."""
    return sent.datagram[16:20] if sent.version == 4 else sent.datagram[24:40]


def tag_of_body(sent: Sent, payload: Payload) -> bytes:
    """The bytes that distinguish this probe's body from others between the same ports.

    They are the word that balances a UDP checksum, or an ICMP sequence number.
    """
    at = payload.word_at if sent.protocol == UDP else _SEQUENCE_AT
    return sent.body[at : at + 2]


def tag_of_quote(protocol: int, quoted: bytes, payload: Payload) -> bytes:
    """The same bytes in a quote from the error queue; empty if the quote is too short.

    Quotes followed by extensions are zero-padded (RFC 4884 section 4.1); the padding is not our
    payload.
    """
    at = payload.word_at if protocol == UDP else _SEQUENCE_AT
    is_padding = protocol == UDP and not any(quoted[at : len(payload.request)])
    return b"" if is_padding or len(quoted) < at + 2 else quoted[at : at + 2]


def without_tag(sent: Sent) -> Sent:
    """The probe with its tag and the tag's copy set to 0, so that its quote names only the flow."""
    if sent.protocol != UDP:
        return sent  # the tag would be in the part that the router did not quote
    at = _HEADER_BYTES[sent.version]
    datagram = sent.datagram[: at + 6] + b"\0\0" + sent.datagram[at + 8 :]
    if sent.version == 4:
        datagram = datagram[:4] + b"\0\0" + datagram[6:]
    return sent._replace(datagram=datagram)


def with_body(sent: Sent, body: bytes) -> Sent:
    """The probe with another UDP payload, as the kernel would have built it."""
    if sent.protocol != UDP:
        return sent  # the quoted bytes already contain the tag
    at = _HEADER_BYTES[sent.version]
    segment = sent.datagram[at : at + 6] + b"\0\0" + body
    total = checksum(pseudo_header(*_ends(sent), UDP, len(segment)) + segment)
    head = sent.datagram[: at + 6]
    if sent.version == 4:
        head = head[:4] + b"\0\0" + head[6:]  # the identification would repeat another tag
    return sent._replace(datagram=head + struct.pack("!H", total) + body, body=body)


def icmp_error(sent: Sent, quoted: bytes, ancillary: Ancillary) -> bytes:
    """The ICMP error that the error queue reported, rebuilt so that it quotes `sent`.

    `quoted` holds the bytes after the headers that the kernel hides, extensions included.
    """
    at = _HEADER_BYTES[sent.version]
    kept = at + 8 if sent.protocol == UDP else at
    quote = sent.datagram[:kept] + quoted
    if sent.protocol == TCP:
        # The kernel chose another sequence number; the socket identifies the probe.
        quote = sent.datagram[: at + 8] + quoted[8:]
    length = 0
    if ancillary.extension_at:
        # The kernel may have hidden more headers than we put back; zeros fill their place.
        end = kept + ancillary.extension_at
        length = max(_EXTENSION_OFFSET, -(-end // 8) * 8)
        quote = quote[:end].ljust(length, b"\0") + quote[end:]
    # Where the length would be, an IPv6 error about a packet too big has the MTU.
    rest = length // 4 << 16 | ancillary.mtu if sent.version == 4 else length // 8 << 24
    if ancillary.icmp_type == PACKET_TOO_BIG.get(sent.version):
        rest = ancillary.mtu
    message = struct.pack("!BBHI", ancillary.icmp_type, ancillary.icmp_code, 0, rest) + quote
    return icmp_reply(ancillary.offender, _ends(sent)[0], message, ancillary)


def tcp_reply(sent: Sent, *, open_port: bool) -> bytes:
    """The SYN-ACK or RST that connect() must have received, rebuilt; its TTL is unknown."""
    at = _HEADER_BYTES[sent.version]
    (sequence,) = struct.unpack_from("!I", sent.datagram, at + 4)
    flags = 0x12 if open_port else 0x14
    acknowledged = (sequence + 1) & 0xFFFFFFFF
    segment = struct.pack(
        "!HHIIBBHHH", sent.dport, sent.sport, 0, acknowledged, 5 << 4, flags, 0, 0, 0
    )
    source, destination = _ends(sent)
    return _datagram(destination, source, TCP, 0, segment)


def icmp_reply(responder: bytes, source: bytes, message: bytes, ancillary: Ancillary) -> bytes:
    """An ICMP message that a ping socket received from `responder`; addresses packed."""
    return _datagram(
        responder, source, ICMP4 if len(source) == 4 else ICMP6, ancillary.ttl, message
    )


def udp_reply(
    responder: bytes, source: bytes, sport: int, dport: int, payload: bytes, ancillary: Ancillary
) -> bytes:
    """A UDP datagram that a socket received from `responder`, whose port is `sport`."""
    segment = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    return _datagram(responder, source, UDP, ancillary.ttl, segment)


def _datagram(sender: bytes, receiver: bytes, protocol: int, ttl: int, message: bytes) -> bytes:
    """A datagram with correct checksums between two packed addresses."""
    at = _CHECKSUM_AT[protocol]
    message = message[:at] + b"\0\0" + message[at + 2 :]
    summed = message
    if protocol != ICMP4:
        summed = pseudo_header(sender, receiver, protocol, len(message)) + message
    message = message[:at] + struct.pack("!H", checksum(summed)) + message[at + 2 :]
    if len(sender) == 16:
        head = struct.pack("!IHBB", 6 << 28, len(message), protocol, ttl)
        return head + sender + receiver + message
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, ttl, protocol, 0)
    head += sender + receiver
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + message


def source_of(sent: Sent) -> bytes:
    """The packed source address of a probe."""
    return _ends(sent)[0]


def _ends(sent: Sent) -> tuple[bytes, bytes]:
    """The packed source and destination addresses."""
    if sent.version == 4:
        return sent.datagram[12:16], sent.datagram[16:20]
    return sent.datagram[8:24], sent.datagram[24:40]
