"""warts, scamper's binary archive: records one after the other, big-endian, without a header.

`trace` and `tracelb` records are measurements. Those of other types are passed by their length.
Layout: libscamperfile, warts(5).
"""

from __future__ import annotations

from copy import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import ReplyKind, StopReason
from mda.plan import Algorithm
from paris.formats.readers.base import Found
from paris.formats.readers.cursor import Cursor
from paris.formats.readers.measured import Answer, Measured, Sent, record
from paris.formats.readers.scamper import (
    TRACE,
    TRACELB,
    by_flow,
    failure,
    first_hop,
    method,
    on_one_path,
)
from paris.formats.readers.warts_blocks import Addresses
from paris.formats.readers.warts_layouts import (
    HOP,
    HOP_BY_TCP,
    HOP_BY_UDP,
    HOP_HAS_TTL,
    LINK,
    MAGIC,
    NODE,
    PROBE,
    REPLY,
    SET,
    TRACE_HEAD,
    TRACE_TYPE,
    TRACELB_HEAD,
    TRACELB_TYPE,
)
from paris.packets import numbers
from paris.packets.extensions import Extensions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mda.model import IPAddress
    from paris.formats.readers.warts_blocks import Block, Values

_MICROS: Final = 1_000_000
_LB_METHODS: Final = {
    1: "udp-dport", 2: "icmp-echo", 3: "udp-sport", 4: "tcp-sport", 5: "tcp-ack-sport",
}  # fmt: skip
_TRACE_METHODS: Final = {
    1: "icmp-echo", 2: "udp", 3: "tcp", 4: "icmp-echo-paris", 5: "udp-paris", 6: "tcp-ack",
}  # fmt: skip
_STOPS: Final = {
    6: StopReason.WIRE_ERROR, 9: StopReason.INTERRUPTED, 10: StopReason.INTERRUPTED,
}  # fmt: skip
_CHECKSUM_FLAG: Final = 0x20  # of a trace: its dport is the ICMP checksum
_HAS_TTL, _BY_TCP = 0x01, 0x02  # flags of a reply in tracelb records
_HIGHEST_TTL: Final = 255


def recognises(head: bytes) -> bool:
    """Whether a file that begins so holds warts."""
    return head[:2] == MAGIC.to_bytes(2)


def read(data: bytes, name: str) -> Iterator[Found]:
    """The measurements in a file. Raises FormatError, with the offset, where it is damaged."""
    cursor = Cursor(data, name)
    while cursor.at < cursor.end:
        begin = cursor.at
        if cursor.u16() != MAGIC:
            cursor.at = begin
            cursor.fail("no record begins here")
        kind, size = cursor.u16(), cursor.u32()
        body = cursor.part(size)
        if kind in _KINDS:
            yield _found(_KINDS[kind], body, f"{name}: byte {begin}")


def _found(kind: _Kind, body: Cursor, place: str) -> Found:
    """What the head of a record says; the rest is read when it is asked for."""
    head = kind.head.read(copy(body), Addresses())
    started_at_us: int | None = head.get("start")
    return Found(
        kind.name,
        head.get("source"),
        _destination(head, body),
        None if started_at_us is None else started_at_us / _MICROS,
        lambda: record(kind.read(copy(body), place), place),
    )


def _tracelb(cursor: Cursor, place: str) -> Measured:
    addresses = Addresses()
    head = TRACELB_HEAD.read(cursor, addresses)
    sport, dport, destination = head.get("sport"), head.get("dport"), _destination(head, cursor)
    name = _method(head, _LB_METHODS)
    nodes = [NODE.read(cursor, addresses) for _ in range(head.get("nodes", 0))]
    sent: list[Sent] = []
    for _ in range(head.get("links", 0)):
        link = LINK.read(cursor, addresses)
        for end in ("from", "to"):
            if link.get(end, 0) >= len(nodes):
                cursor.fail(f"a link names node {link.get(end, 0)} of {len(nodes)}")
        for _ in range(link.get("hops", 0)):
            for _ in range(SET.read(cursor, addresses).get("probes", 0)):
                sent.append(_sent(cursor, addresses))
    own = method(TRACELB, name, place)
    first_ttl = min([head.get("first_hop") or 1, *(own.ttl for own in sent)])
    attempts = head.get("attempts")
    most = head.get("most_probes", 0)
    is_cut = 0 < most <= head.get("probes", 0)
    return Measured(
        kind=TRACELB,
        tool=f"scamper {TRACELB} {name}",
        **own._asdict(),
        source=head.get("source"),
        destination=destination,
        started_at_us=head.get("start"),
        sport=sport,
        dport=dport,
        first_ttl=first_ttl,
        sent=(
            *_first_hop(nodes, sent, first_ttl, destination, attempts or 1),
            *by_flow(sent, own.first(sport, dport), place),
        ),
        traffic_class=head.get("tos", 0),
        attempts=attempts,
        wait_us=_wait_us(head),
        failure=failure(head.get("confidence")),
        probes_sent=head.get("probes"),
        stopped=StopReason.PROBE_BUDGET if is_cut else StopReason.COMPLETE,
        names=_names(nodes),
    )


def _first_hop(
    nodes: Sequence[Values],
    sent: Sequence[Sent],
    first_ttl: int,
    destination: IPAddress,
    attempts: int,
) -> tuple[Sent, ...]:
    """The probes to the first node, which a record leaves out."""
    nearest = min((own.ttl for own in sent), default=first_ttl + 1)
    if not nodes or nearest <= first_ttl:
        return ()
    flags, quoted_ttl = nodes[0].get("flags", 0), nodes[0].get("quoted_ttl")
    quoted_ttl = quoted_ttl if flags & _HAS_TTL else None
    return first_hop(nearest - 1, nodes[0].get("address"), quoted_ttl, destination, attempts)


def _sent(cursor: Cursor, addresses: Addresses) -> Sent:
    """A probe of a tracelb record."""
    probe = PROBE.read(cursor, addresses)
    answers = tuple(
        _answer(REPLY.read(cursor, addresses), probe.get("sent"), cursor)
        for _ in range(probe.get("replies", 0))
    )
    return Sent(
        probe.get("flow", 0), probe.get("ttl", 0), probe.get("attempt", 0), probe.get("sent"),
        answers,
    )  # fmt: skip


def _answer(reply: Values, sent_at_us: int | None, cursor: Cursor) -> Answer:
    """A reply of a tracelb record."""
    flags, responder = reply.get("flags", 0), _from(reply, cursor)
    received_at_us: int | None = reply.get("received")
    is_tcp = bool(flags & _BY_TCP)
    icmp = None if is_tcp else reply.get("icmp")
    return Answer(
        responder=responder,
        rtt_us=None
        if received_at_us is None or sent_at_us is None
        else received_at_us - sent_at_us,
        icmp=icmp,
        tcp_flags=reply.get("tcp_flags", 0) if is_tcp else None,
        quoted_ttl=reply.get("quoted_ttl") if _quotes(icmp, responder) else None,
        ttl=reply.get("ttl") if flags & _HAS_TTL else None,
        ip_id=_ip_id(reply, responder),
        extensions=reply.get("extensions", Extensions()),
    )


def _trace(cursor: Cursor, place: str) -> Measured:
    addresses = Addresses()
    head = TRACE_HEAD.read(cursor, addresses)
    name = _method(head, _TRACE_METHODS)
    own = method(TRACE, name, place)
    sport, dport = head.get("sport"), head.get("dport")
    flow = (dport or 0) - own.first(sport, dport) if head.get("flags", 0) & _CHECKSUM_FLAG else 0
    hops = [HOP.read(cursor, addresses) for _ in range(cursor.u16())]
    sent = [_hop(hop, flow, cursor) for hop in hops]
    first_ttl = min([head.get("first_hop") or 1, *(own.ttl for own in sent)])
    attempts, last_ttl = head.get("attempts", 1), min(head.get("hops", 0), _HIGHEST_TTL)
    return Measured(
        kind=TRACE,
        tool=f"scamper {TRACE} {name}",
        **own._asdict(),
        source=head.get("source"),
        destination=_destination(head, cursor),
        started_at_us=head.get("start"),
        sport=sport,
        dport=dport,
        first_ttl=first_ttl,
        sent=on_one_path(sent, own, flow, range(first_ttl, last_ttl + 1), attempts),
        traffic_class=head.get("tos", 0),
        max_ttl=head.get("hop_limit") or None,
        attempts=1 if own.algorithm is Algorithm.CLASSIC else attempts,
        wait_us=_wait_us(head),
        probes_sent=head.get("probes"),
        stopped=_STOPS.get(head.get("stop", 0), StopReason.COMPLETE),
        names=_names(hops),
    )


def _hop(hop: Values, flow: int, cursor: Cursor) -> Sent:
    """The probe of a hop in a trace record, and its reply."""
    flags, responder = hop.get("flags", 0), _from(hop, cursor)
    is_icmp = not flags & (HOP_BY_TCP | HOP_BY_UDP)
    icmp = hop.get("icmp") if is_icmp else None
    answer = Answer(
        responder=responder,
        rtt_us=hop.get("rtt_us"),
        icmp=icmp,
        tcp_flags=hop.get("tcp_flags", 0) if flags & HOP_BY_TCP else None,
        kind=ReplyKind.UDP_ANSWER if flags & HOP_BY_UDP else None,
        # Where it is missing from an error, it is 1.
        quoted_ttl=hop.get("quoted_ttl", 1) if _quotes(icmp, responder) else None,
        ttl=hop.get("ttl") if flags & HOP_HAS_TTL else None,
        ip_id=_ip_id(hop, responder),
        mtu=hop.get("mtu"),
        extensions=hop.get("extensions", Extensions()),
    )
    return Sent(flow, hop.get("probe_ttl", 0), hop.get("attempt", 0), hop.get("sent"), (answer,))


def _quotes(icmp: tuple[int, int] | None, responder: IPAddress) -> bool:
    """Whether a reply is an ICMP message that quotes what it answers."""
    return icmp is not None and icmp[0] in numbers.ERRORS[responder.version]


def _ip_id(reply: Values, responder: IPAddress) -> int | None:
    """The IP identification, which IPv6 has not."""
    ip_id: int | None = reply.get("ip_id")
    return ip_id if responder.version == 4 else None


def _method(head: Values, methods: Mapping[int, str]) -> str:
    number = head.get("type", 0)
    return methods.get(number, f"method {number}")


def _wait_us(head: Values) -> int | None:
    return head["wait_s"] * _MICROS if "wait_s" in head else None


def _destination(head: Values, cursor: Cursor) -> IPAddress:
    destination: IPAddress | None = head.get("destination")
    return (
        cursor.fail("the destination's address is missing") if destination is None else destination
    )


def _from(reply: Values, cursor: Cursor) -> IPAddress:
    responder: IPAddress | None = reply.get("address")
    return cursor.fail("a reply has no address") if responder is None else responder


def _names(own: Sequence[Values]) -> Mapping[IPAddress, str]:
    """The names of those addresses that were looked up."""
    return MappingProxyType(
        {
            values["address"]: values["name"]
            for values in own
            if values.get("name") and values.get("address") is not None
        }
    )


class _Kind(NamedTuple):
    """A type of record that is a measurement: its name, its head, and what reads all of it."""

    name: str
    head: Block
    read: Callable[[Cursor, str], Measured]


# By the number of the type.
_KINDS: Final = {
    TRACE_TYPE: _Kind(TRACE, TRACE_HEAD, _trace),
    TRACELB_TYPE: _Kind(TRACELB, TRACELB_HEAD, _tracelb),
}
