"""warts, scamper's binary archive: records one after the other, big-endian, without a header.

`trace` and `tracelb` records are measurements. Those of other types are passed by their length.
Layout: libscamperfile, warts(5).
"""

from __future__ import annotations

import struct
from copy import copy
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

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
from paris.packets import numbers
from paris.packets.extensions import Extensions, read_extensions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mda.model import IPAddress

_MAGIC: Final = 0x1205
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
_HOP_HAS_TTL, _HOP_BY_TCP, _HOP_BY_UDP = 0x10, 0x20, 0x40  # and of a hop in trace records
_HIGHEST_TTL: Final = 255
# The version and no checksum (RFC 4884 section 7).
_EXTENSION_HEADER: Final = b"\x20\0\0\0"

Values = dict[str, Any]


def recognises(head: bytes) -> bool:
    """Whether a file that begins so holds warts."""
    return head[:2] == _MAGIC.to_bytes(2)


def read(data: bytes, name: str) -> Iterator[Found]:
    """The measurements in a file. Raises FormatError, with the offset, where it is damaged."""
    cursor = Cursor(data, name)
    while cursor.at < cursor.end:
        begin = cursor.at
        if cursor.u16() != _MAGIC:
            cursor.at = begin
            cursor.fail("no record begins here")
        kind, size = cursor.u16(), cursor.u32()
        body = cursor.part(size)
        if kind in _KINDS:
            yield _found(_KINDS[kind], body, f"{name}: byte {begin}")


class _Addresses:
    """The addresses that a record has named, each by its number."""

    def __init__(self) -> None:
        self._known: list[IPAddress | None] = []

    def read(self, cursor: Cursor) -> IPAddress | None:
        """The next address; None if it is of another kind."""
        size = cursor.u8()
        if size:
            address = _address(cursor, size)
            self._known.append(address)
            return address
        number = cursor.u32()
        if number >= len(self._known):
            cursor.fail(f"address {number} is named before it is given")
        return self._known[number]


def _address(cursor: Cursor, size: int) -> IPAddress | None:
    kind, packed = cursor.u8(), cursor.take(size)
    if (kind, size) == (1, 4):
        return IPv4Address(packed)
    if (kind, size) == (2, 16):
        return IPv6Address(packed)
    if kind in (1, 2):
        cursor.fail(f"an IP address of {size} bytes")
    return None


def _aside(cursor: Cursor, _: _Addresses) -> IPAddress | None:
    """An address that gets no number."""
    size = cursor.u8()
    return _address(cursor, size) if size else cursor.fail("a router's address is missing")


def _u8(cursor: Cursor, _: _Addresses) -> int:
    return cursor.u8()


def _u16(cursor: Cursor, _: _Addresses) -> int:
    return cursor.u16()


def _u32(cursor: Cursor, _: _Addresses) -> int:
    return cursor.u32()


def _time_us(cursor: Cursor, _: _Addresses) -> int:
    return cursor.u32() * _MICROS + cursor.u32()


def _text(cursor: Cursor, _: _Addresses) -> str:
    return cursor.text()


def _ip(cursor: Cursor, addresses: _Addresses) -> IPAddress | None:
    return addresses.read(cursor)


def _type_and_code(cursor: Cursor, _: _Addresses) -> tuple[int, int]:
    return cursor.u8(), cursor.u8()


def _extensions(cursor: Cursor, _: _Addresses) -> Extensions:
    """The objects of an ICMP extension, whose lengths here leave out the objects' own headers."""
    left, structure = cursor.part(cursor.u16()), _EXTENSION_HEADER
    while left.at < left.end:
        size = left.u16()
        structure += struct.pack("!H", (size + 4) & 0xFFFF) + left.take(2 + size)
    return read_extensions(structure)


class _Field(NamedTuple):
    """A parameter of a block: its name, and what reads it."""

    name: str
    read: Callable[[Cursor, _Addresses], object]


# The parameters of each block, from number 1 on.
_TRACELB_FIELDS: Final = (
    _Field("list", _u32), _Field("cycle", _u32), _Field("old_source", _u32),
    _Field("old_destination", _u32), _Field("start", _time_us), _Field("sport", _u16),
    _Field("dport", _u16), _Field("size", _u16), _Field("type", _u8), _Field("first_hop", _u8),
    _Field("wait_s", _u8), _Field("wait_probe", _u8), _Field("attempts", _u8),
    _Field("confidence", _u8), _Field("tos", _u8), _Field("nodes", _u16), _Field("links", _u16),
    _Field("probes", _u32), _Field("most_probes", _u32), _Field("gap_limit", _u8),
    _Field("source", _ip), _Field("destination", _ip), _Field("user", _u32), _Field("flags", _u8),
    _Field("router", _aside), _Field("error", _text),
)  # fmt: skip
_NODE: Final = (
    _Field("old_address", _u32), _Field("flags", _u8), _Field("links", _u16),
    _Field("quoted_ttl", _u8), _Field("address", _ip), _Field("name", _text),
)  # fmt: skip
_LINK: Final = (_Field("from", _u16), _Field("to", _u16), _Field("hops", _u8))
_SET: Final = (_Field("probes", _u16),)
_PROBE: Final = (
    _Field("sent", _time_us), _Field("flow", _u16), _Field("ttl", _u8), _Field("attempt", _u8),
    _Field("replies", _u16),
)  # fmt: skip
_REPLY: Final = (
    _Field("received", _time_us), _Field("ip_id", _u16), _Field("ttl", _u8), _Field("flags", _u8),
    _Field("icmp", _type_and_code), _Field("tcp_flags", _u8), _Field("extensions", _extensions),
    _Field("quoted_ttl", _u8), _Field("quoted_tos", _u8), _Field("old_address", _u32),
    _Field("address", _ip),
)  # fmt: skip
_TRACE_FIELDS: Final = (
    _Field("list", _u32), _Field("cycle", _u32), _Field("old_source", _u32),
    _Field("old_destination", _u32), _Field("start", _time_us), _Field("stop", _u8),
    _Field("stop_data", _u8), _Field("flags", _u8), _Field("attempts", _u8),
    _Field("hop_limit", _u8), _Field("type", _u8), _Field("size", _u16), _Field("sport", _u16),
    _Field("dport", _u16), _Field("first_hop", _u8), _Field("tos", _u8), _Field("wait_s", _u8),
    _Field("loops", _u8), _Field("hops", _u16), _Field("gap_limit", _u8),
    _Field("gap_action", _u8), _Field("loop_action", _u8), _Field("probes", _u16),
    _Field("wait_probe", _u8), _Field("confidence", _u8), _Field("source", _ip),
    _Field("destination", _ip), _Field("user", _u32), _Field("offset", _u16),
    _Field("router", _aside), _Field("queries", _u8), _Field("more_flags", _u32),
    _Field("stop_hop", _u8), _Field("error", _text),
)  # fmt: skip
_HOP: Final = (
    _Field("old_address", _u32), _Field("probe_ttl", _u8), _Field("ttl", _u8),
    _Field("flags", _u8), _Field("attempt", _u8), _Field("rtt_us", _u32),
    _Field("icmp", _type_and_code), _Field("size", _u16), _Field("reply_size", _u16),
    _Field("ip_id", _u16), _Field("reply_tos", _u8), _Field("mtu", _u16),
    _Field("quoted_size", _u16), _Field("quoted_ttl", _u8), _Field("tcp_flags", _u8),
    _Field("quoted_tos", _u8), _Field("extensions", _extensions), _Field("address", _ip),
    _Field("sent", _time_us), _Field("name", _text),
)  # fmt: skip


def _block(cursor: Cursor, fields: Sequence[_Field], addresses: _Addresses) -> Values:
    """The parameters that flags say are there; those behind the known ones are passed."""
    flags, shift = 0, 0
    while True:
        flag = cursor.u8()
        flags |= (flag & 0x7F) << shift
        shift += 7
        if not flag & 0x80:
            break
    if shift == 7 and not flags:
        return {}
    inside = cursor.part(cursor.u16())
    return {
        field.name: field.read(inside, addresses)
        for number, field in enumerate(fields)
        if flags >> number & 1
    }


def _found(kind: _Kind, body: Cursor, place: str) -> Found:
    """What the head of a record says; the rest is read when it is asked for."""
    head = _block(copy(body), kind.fields, _Addresses())
    started_at_us: int | None = head.get("start")
    return Found(
        kind.name,
        head.get("source"),
        _destination(head, body),
        None if started_at_us is None else started_at_us / _MICROS,
        lambda: record(kind.read(copy(body), place), place),
    )


def _tracelb(cursor: Cursor, place: str) -> Measured:
    addresses = _Addresses()
    head = _block(cursor, _TRACELB_FIELDS, addresses)
    sport, dport, destination = head.get("sport"), head.get("dport"), _destination(head, cursor)
    name = _method(head, _LB_METHODS)
    nodes = [_block(cursor, _NODE, addresses) for _ in range(head.get("nodes", 0))]
    sent: list[Sent] = []
    for _ in range(head.get("links", 0)):
        link = _block(cursor, _LINK, addresses)
        for end in ("from", "to"):
            if link.get(end, 0) >= len(nodes):
                cursor.fail(f"a link names node {link.get(end, 0)} of {len(nodes)}")
        for _ in range(link.get("hops", 0)):
            for _ in range(_block(cursor, _SET, addresses).get("probes", 0)):
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


def _sent(cursor: Cursor, addresses: _Addresses) -> Sent:
    """A probe of a tracelb record."""
    probe = _block(cursor, _PROBE, addresses)
    answers = tuple(
        _answer(_block(cursor, _REPLY, addresses), probe.get("sent"), cursor)
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
    addresses = _Addresses()
    head = _block(cursor, _TRACE_FIELDS, addresses)
    name = _method(head, _TRACE_METHODS)
    own = method(TRACE, name, place)
    sport, dport = head.get("sport"), head.get("dport")
    flow = (dport or 0) - own.first(sport, dport) if head.get("flags", 0) & _CHECKSUM_FLAG else 0
    hops = [_block(cursor, _HOP, addresses) for _ in range(cursor.u16())]
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
    is_icmp = not flags & (_HOP_BY_TCP | _HOP_BY_UDP)
    icmp = hop.get("icmp") if is_icmp else None
    answer = Answer(
        responder=responder,
        rtt_us=hop.get("rtt_us"),
        icmp=icmp,
        tcp_flags=hop.get("tcp_flags", 0) if flags & _HOP_BY_TCP else None,
        kind=ReplyKind.UDP_ANSWER if flags & _HOP_BY_UDP else None,
        # Where it is missing from an error, it is 1.
        quoted_ttl=hop.get("quoted_ttl", 1) if _quotes(icmp, responder) else None,
        ttl=hop.get("ttl") if flags & _HOP_HAS_TTL else None,
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
    """A type of record that is a measurement: its name, its parameters, and what reads its body."""

    name: str
    fields: Sequence[_Field]
    read: Callable[[Cursor, str], Measured]


# By the number of the type.
_KINDS: Final = {
    6: _Kind(TRACE, _TRACE_FIELDS, _trace),
    8: _Kind(TRACELB, _TRACELB_FIELDS, _tracelb),
}
