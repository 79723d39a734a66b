"""Traceroutes of other programs in captured packets: whatever sent them, the packets say all.

Packets between two addresses are probes where routers between them say that TTLs expired. A flow is
what has the same ports, or the same ICMP checksum. A reply is matched to its probe by what it
quotes, and without a quote to the last probe before it that it can answer.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import ReplyKind
from mda.plan import Algorithm
from paris.formats.readers import datagrams
from paris.formats.readers.measured import Answer, Measured, Sent, found
from paris.packets import numbers
from paris.packets.datagrams import Datagram, NoReplyError, read_ip
from paris.packets.extensions import Extensions
from paris.packets.payloads import TEXT
from paris.packets.quotes import QuotedProbe, read_quoted_probe
from paris.packets.replies import ParsedReply, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paris.formats.readers.base import Found

_OWN: Final = b'"paris-trace capture"'  # what our captures have in the comment of their section
_HEAD: Final = 1 << 16
_RST, _SYN, _ACK = 0x04, 0x02, 0x10  # TCP flags
_FLAGS_AT: Final = 13  # in a TCP header
_LAST_CHECKSUM: Final = 0xFFFE  # a higher one equals 0
_PROTOCOLS: Final = {
    numbers.UDP: "udp", numbers.TCP: "tcp", numbers.ICMP4: "icmp", numbers.ICMP6: "icmp",
}  # fmt: skip

# Source and destination, packed, and the protocol.
_Pair = tuple[bytes, bytes, int]
# Ports, or ICMP checksum and identifier.
_Flow = tuple[int, int]


class _Probe(NamedTuple):
    """A probe, and what a quote of it shows as well."""

    begin: int
    at_us: int
    flow: _Flow
    ttl: int
    traffic_class: int
    tcp_flags: int
    answers: list[Answer]


def recognises(head: bytes) -> bool:
    """Whether a file that begins so is a capture, and none of this program's."""
    return datagrams.recognises(head) and head.find(_OWN, 0, _HEAD) < 0


def read(data: bytes, name: str) -> Iterator[Found]:
    """The measurements in a file. Raises FormatError, with the offset, where it is damaged."""
    traced = _traced(data, name)
    probes: dict[_Pair, list[_Probe]] = {pair: [] for pair in traced}
    sought = {pair: _Sought() for pair in traced}
    for captured in datagrams.read(data, name):
        outer = _read(captured.datagram)
        if outer is None:
            continue
        pair = outer.source, outer.destination, outer.protocol
        if pair in traced and (quoted := _probe_in(outer)) is not None:
            probe = _Probe(
                captured.begin, captured.at_us, _flow(quoted), outer.ttl, outer.traffic_class,
                _tcp_flags(outer), [],
            )  # fmt: skip
            probes[pair].append(probe)
            sought[pair].add(quoted, probe)
        elif reply := _reply(captured.datagram, outer):
            of = reply.quoted.source, reply.quoted.destination, reply.quoted.protocol
            if of in sought:
                sought[of].answer(reply, outer, captured.at_us)
    for pair, own in probes.items():
        if own:
            yield found(_measured(pair, own), f"{name}: byte {own[0].begin}")


def _traced(data: bytes, name: str) -> dict[_Pair, None]:
    """The pairs between which routers say that TTLs expired, in the order in which they do."""
    pairs: dict[_Pair, None] = {}
    for captured in datagrams.read(data, name):
        reply = parse(captured.datagram, payloads=())
        if isinstance(reply, ParsedReply) and reply.kind is ReplyKind.TIME_EXCEEDED:
            quoted = reply.quoted
            pairs.setdefault((quoted.source, quoted.destination, quoted.protocol))
    return pairs


def _read(datagram: bytes) -> Datagram | None:
    try:
        return read_ip(datagram, is_quote=True)  # the capture may have cut it
    except (NoReplyError, struct.error, IndexError):
        return None


def _probe_in(outer: Datagram) -> QuotedProbe | None:
    """What a datagram shows as a probe; None if it cannot be one."""
    try:
        return read_quoted_probe(outer, (TEXT,))
    except (NoReplyError, struct.error, IndexError):
        return None


def _reply(datagram: bytes, outer: Datagram) -> ParsedReply | None:
    """The reply in a datagram; None without one."""
    parsed = parse(datagram)
    if isinstance(parsed, ParsedReply):
        return parsed
    if not _tcp_flags(outer) & _RST:
        return None
    sport, dport = struct.unpack_from("!HH", outer.payload)  # the reset that answers an ACK
    return ParsedReply(
        kind=ReplyKind.RST,
        responder=ip_address(outer.source),
        quoted=QuotedProbe(
            outer.destination, outer.source, outer.protocol, 0, sport=dport, dport=sport
        ),
        reply_ttl=outer.ttl,
        reply_ip_id=outer.ip_id,
    )


def _tcp_flags(outer: Datagram) -> int:
    """The flags of TCP; 0 without any, as where the capture cut a packet."""
    is_whole = outer.protocol == numbers.TCP and len(outer.payload) > _FLAGS_AT
    return outer.payload[_FLAGS_AT] if is_whole else 0


def _flow(quoted: QuotedProbe) -> _Flow:
    if quoted.icmp_checksum is not None:
        return quoted.icmp_checksum, quoted.identifier or 0
    return quoted.sport or 0, quoted.dport or 0


class _Sought:
    """The probes of a pair, by what replies show of them."""

    def __init__(self) -> None:
        self._by_quote: defaultdict[tuple[object, ...], list[_Probe]] = defaultdict(list)
        self._by_flow: defaultdict[tuple[object, ...], list[_Probe]] = defaultdict(list)

    def add(self, quoted: QuotedProbe, probe: _Probe) -> None:
        """Add a probe, later than all before."""
        self._by_quote[_quote_key(quoted)].append(probe)
        self._by_flow[_flow_key(quoted)].append(probe)

    def answer(self, reply: ParsedReply, outer: Datagram, at_us: int) -> None:
        """Add a reply to the probe that it answers, if there is one."""
        is_error = reply.kind in (ReplyKind.TIME_EXCEEDED, ReplyKind.UNREACHABLE)
        probes = (
            self._by_quote.get(_quote_key(reply.quoted), ())
            if is_error
            else self._by_flow.get(_flow_key(reply.quoted), ())
        )
        waiting = next((own for own in reversed(probes) if not own.answers), None)
        probe = waiting or (probes[-1] if probes else None)
        if probe is not None:
            probe.answers.append(_answer(reply, outer, at_us - probe.at_us))


def _quote_key(quoted: QuotedProbe) -> tuple[object, ...]:
    """What every quote shows of a probe."""
    return (
        quoted.sport, quoted.dport, quoted.identifier, quoted.icmp_checksum, quoted.carrier_tag,
        quoted.ip_id,
    )  # fmt: skip


def _flow_key(quoted: QuotedProbe) -> tuple[object, ...]:
    """What a reply without a quote shows: ports, or identifier and sequence number."""
    is_icmp = quoted.identifier is not None
    return quoted.sport, quoted.dport, quoted.identifier, quoted.carrier_tag if is_icmp else None


def _answer(reply: ParsedReply, outer: Datagram, rtt_us: int) -> Answer:
    has_flags = reply.kind in (ReplyKind.RST, ReplyKind.SYN_ACK)
    return Answer(
        responder=reply.responder,
        rtt_us=rtt_us,
        icmp=None if reply.icmp_type is None else (reply.icmp_type, reply.icmp_code or 0),
        tcp_flags=_tcp_flags(outer) if has_flags else None,
        kind=reply.kind if reply.kind is ReplyKind.UDP_ANSWER else None,
        quoted_ttl=reply.quoted_ttl,
        ttl=reply.reply_ttl,
        ip_id=reply.reply_ip_id,
        mtu=reply.mtu,
        extensions=Extensions(reply.mpls, reply.interfaces, reply.unread),
    )


def _measured(pair: _Pair, probes: Sequence[_Probe]) -> Measured:
    source, destination, protocol = pair
    field, first_ids, numbered = _numbered(_PROTOCOLS[protocol], [own.flow for own in probes])
    sent = tuple(
        Sent(numbered[own.flow], own.ttl, 0, own.at_us, tuple(own.answers)) for own in probes
    )
    is_ack = all(own.tcp_flags & (_SYN | _ACK) == _ACK for own in probes)
    return Measured(
        kind="packets",
        tool="a program known by its packets alone",
        algorithm=_algorithm(sent),
        protocol=_PROTOCOLS[protocol],
        flow_field=field,
        flags="ack" if protocol == numbers.TCP and is_ack else None,
        source=ip_address(source),
        destination=ip_address(destination),
        started_at_us=probes[0].at_us,
        sport=first_ids[0],
        dport=first_ids[1],
        first_ttl=max(1, min(own.ttl for own in probes)),
        max_ttl=max(own.ttl for own in probes),
        traffic_class=probes[0].traffic_class,
        sent=sent,
    )


def _numbered(
    protocol: str, flows: Sequence[_Flow]
) -> tuple[str, tuple[int | None, int | None], dict[_Flow, int]]:
    """The field that numbers the flows, the ports of flow 0, and the number of each flow.

    Where several fields vary, flows are counted in the order of their first probes.
    """
    own = list(dict.fromkeys(flows))
    firsts, seconds = ({flow[at] for flow in own} for at in (0, 1))
    counted = {flow: number for number, flow in enumerate(own)}
    if protocol == "icmp":
        is_plain = len(seconds) == 1 and all(1 <= checksum <= _LAST_CHECKSUM for checksum in firsts)
        numbered = {flow: flow[0] - 1 for flow in own} if is_plain else counted
        return "icmp-checksum", (own[0][1], None), numbered
    if len(seconds) == 1:
        return "sport", (min(firsts), own[0][1]), {flow: flow[0] - min(firsts) for flow in own}
    if len(firsts) == 1:
        return "dport", (own[0][0], min(seconds)), {flow: flow[1] - min(seconds) for flow in own}
    return "sport", (None, None), counted


def _algorithm(sent: Sequence[Sent]) -> Algorithm:
    """How the flows were probed: one alone, each at one TTL alone, or several along their paths."""
    ttls: defaultdict[int, set[int]] = defaultdict(set)
    for own in sent:
        ttls[own.flow].add(own.ttl)
    if len(ttls) == 1:
        return Algorithm.PARIS
    return Algorithm.CLASSIC if all(len(own) == 1 for own in ttls.values()) else Algorithm.MDA
