"""Writes warts, scamper's binary archive: a multipath trace is a tracelb record, others are trace.

A file has a list and a cycle, which its records belong to: a cycle start comes before them and a
cycle stop behind them. Layout: libscamperfile, warts(5). `paris.formats.readers.warts` reads it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from mda.escaping import printable
from mda.model import Loss, UnreadReason
from paris.errors import OutputError
from paris.formats import refusals
from paris.formats.icmp_types import icmp_type
from paris.formats.readers.scamper import TRACE
from paris.formats.scamper_lattice import lattice
from paris.formats.scamper_terms import MICROS, single_path, tcp_flags, terms
from paris.packets.extensions import write_extensions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mda.model import IPAddress, Outcome, Reply, Vertex
    from mda.trace import Trace
    from paris.formats.look import Look
    from paris.formats.scamper_lattice import Link
    from paris.formats.scamper_terms import Terms

_MAGIC: Final = 0x1205
_LIST, _CYCLE_START, _CYCLE_STOP, _TRACE, _TRACELB = 1, 2, 4, 6, 8  # types of records
_ONLY: Final = 1  # the number of the file's list, and of its cycle
_NAME: Final = "paris-trace"
_LB_METHODS: Final = {
    "udp-dport": 1, "icmp-echo": 2, "udp-sport": 3, "tcp-sport": 4, "tcp-ack-sport": 5,
}  # fmt: skip
_TRACE_METHODS: Final = {
    "icmp-echo": 1,
    "udp": 2,
    "tcp": 3,
    "icmp-echo-paris": 4,
    "udp-paris": 5,
    "tcp-ack": 6,
}
_STOPS: Final = {
    "COMPLETED": 1,
    "UNREACH": 2,
    "GAPLIMIT": 5,
    "ERROR": 6,
    "HOPLIMIT": 7,
    "HALTED": 9,
}
_CHECKSUM_FLAG: Final = 0x20  # of a trace: its dport is the ICMP checksum
_HAS_TTL, _BY_TCP = 0x01, 0x02  # flags of a reply in tracelb records
_HOP_HAS_TTL, _HOP_BY_TCP, _HOP_BY_UDP = 0x10, 0x20, 0x40  # and of a hop in trace records


def write(trace: Trace, _: Look | None = None) -> bytes:
    """The trace as a file. Raises OutputError if scamper has no such probes."""
    return b"".join(stream([trace]))


def stream(
    traces: Iterable[Trace], refused: Callable[[OutputError], None] = refusals.end
) -> Iterator[bytes]:
    """A file of all traces, in pieces; `refused` hears of a trace whose probes scamper has not."""
    last_s = 0
    for trace in traces:
        try:
            told = terms(trace)
            kind, write = (_TRACE, _trace) if told.kind == TRACE else (_TRACELB, _tracelb)
            measured = _record(kind, write(trace, told))
            ended_s = told.at_us(trace.duration_s) // MICROS
        except OutputError as error:
            refused(error)
            continue
        if not last_s:
            yield _list() + _cycle_start(trace, told)
        last_s = max(last_s, ended_s, 1)
        yield measured
    if last_s:
        yield _record(_CYCLE_STOP, _u32(_ONLY) + _u32(last_s) + _block())


def _list() -> bytes:
    return _record(_LIST, _u32(_ONLY) + _u32(_ONLY) + _text(_NAME) + _block())


def _cycle_start(first: Trace, told: Terms) -> bytes:
    """The start of the cycle, on the machine with the first trace's source."""
    numbers = _u32(_ONLY) * 3 + _u32(told.start_us // MICROS)
    return _record(_CYCLE_START, numbers + _block(None, _text(str(first.plan.source))))


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("!HHI", _MAGIC, kind, len(body)) + body


def _tracelb(trace: Trace, told: Terms) -> bytes:
    plan, found, addresses = trace.plan, lattice(trace), _Addresses()
    head = _block(
        _u32(_ONLY), _u32(_ONLY), None, None, _time(told.at_us(0)), _optional(_u16, told.sport),
        _optional(_u16, told.dport), None, _u8(_LB_METHODS[told.method]),
        _u8(plan.first_ttl), None if told.wait_s is None else _u8(told.wait_s), None,
        _u8(plan.attempts), _u8(told.confidence), _u8(plan.probing.traffic_class),
        _u16(len(found.nodes)), _u16(len(found.links)), _u32(trace.probes_sent),
        _u32(trace.probes_sent) if told.is_cut else None, None, addresses.write(plan.source),
        addresses.write(plan.destination),
    )  # fmt: skip
    nodes = b"".join(
        _node(trace, node, addresses.write(address), len(found.links_from(place)))
        for place, (node, address) in enumerate(found.nodes.items())
    )
    return head + nodes + b"".join(_link(link, told, addresses) for link in found.links)


def _node(trace: Trace, node: Vertex, address: bytes, links: int) -> bytes:
    quoted = next((own.quoted_ttl for own in trace.replies_at(node) if own.quoted_ttl), None)
    name = None if node.address is None else trace.names.get(node.address)
    return _block(
        None, _u8(quoted is not None), _u16(links), _optional(_u8, quoted), address,
        None if name is None else _text(name),
    )  # fmt: skip


def _link(link: Link, told: Terms, addresses: _Addresses) -> bytes:
    far = None if link.far is None else _u16(link.far)
    head = _block(_u16(link.near), far, _u8(len(link.sets)))
    return head + b"".join(
        _block(_u16(len(own))) + b"".join(_probe(probe, told, addresses) for probe in own)
        for own in link.sets
    )


def _probe(outcome: Outcome, told: Terms, addresses: _Addresses) -> bytes:
    flow, ttl, attempt = outcome.request
    replies = [] if isinstance(outcome, Loss) else [outcome]
    head = _block(
        _time(told.at_us(outcome.sent_at_s)) if outcome.is_timed else None,
        _u16(told.flow_id + flow), _u8(ttl), _u8(attempt), _u16(len(replies)),
    )  # fmt: skip
    return head + b"".join(_reply(reply, told, addresses) for reply in replies)


def _reply(reply: Reply, told: Terms, addresses: _Addresses) -> bytes:
    """A reply of a tracelb record."""
    flags, kind = tcp_flags(reply), icmp_type(reply)
    has_ttl = reply.reply_ttl is not None
    return _block(
        _time(told.at_us(reply.received_at_s)) if reply.is_timed else None,
        _optional(_u16, reply.reply_ip_id), _optional(_u8, reply.reply_ttl),
        _u8(_HAS_TTL * has_ttl | _BY_TCP * (flags is not None)),
        None if flags is not None or kind is None else bytes(kind), _optional(_u8, flags),
        _extensions(reply), _optional(_u8, reply.quoted_ttl), None, None,
        addresses.write(reply.responder),
    )  # fmt: skip


def _trace(trace: Trace, told: Terms) -> bytes:
    plan, addresses = trace.plan, _Addresses()
    last_ttl, replies = single_path(trace)
    head = _block(
        _u32(_ONLY), _u32(_ONLY), None, None, _time(told.at_us(0)), _u8(_STOPS[told.stop]),
        _u8(0), _u8(_CHECKSUM_FLAG * told.has_checksum), _u8(told.attempts), _u8(plan.max_ttl),
        _u8(_TRACE_METHODS[told.method]), None, _optional(_u16, told.sport),
        _optional(_u16, told.flow_id if told.has_checksum else told.dport), _u8(plan.first_ttl),
        _u8(plan.probing.traffic_class), None if told.wait_s is None else _u8(told.wait_s), None,
        _u16(last_ttl), None, None, None, _u16(min(trace.probes_sent, 0xFFFF)), None, None,
        addresses.write(plan.source), addresses.write(plan.destination),
    )  # fmt: skip
    hops = b"".join(_hop(trace, reply, told, addresses) for reply in replies)
    return head + _u16(len(replies)) + hops + _u16(0)


def _hop(trace: Trace, reply: Reply, told: Terms, addresses: _Addresses) -> bytes:
    """A probe of a trace record, and its reply."""
    flags, kind, name = tcp_flags(reply), icmp_type(reply), trace.names.get(reply.responder)
    is_udp = flags is None and kind is None
    has_ttl = reply.reply_ttl is not None
    return _block(
        None, _u8(reply.request.ttl), _optional(_u8, reply.reply_ttl),
        _u8(_HOP_HAS_TTL * has_ttl | _HOP_BY_TCP * (flags is not None) | _HOP_BY_UDP * is_udp),
        _u8(reply.request.attempt),
        _optional(_u32, told.rtt_us(reply)),
        None if flags is not None or kind is None else bytes(kind), None, None,
        _optional(_u16, reply.reply_ip_id), None, _optional(_u16, reply.mtu), None,
        _optional(_u8, reply.quoted_ttl), _optional(_u8, flags), None, _extensions(reply),
        addresses.write(reply.responder),
        _time(told.at_us(reply.sent_at_s)) if reply.is_timed else None,
        None if name is None else _text(name),
    )  # fmt: skip


def _extensions(reply: Reply) -> bytes | None:
    """The objects of a reply's extension, whose lengths here leave out the objects' own headers."""
    structure, at, objects = write_extensions(reply.mpls, reply.interfaces), 4, b""
    while at < len(structure):
        (length,) = struct.unpack_from("!H", structure, at)
        objects += _u16(length - 4) + structure[at + 2 : at + length]
        at += length
    for part in reply.unread:
        if part.reason is UnreadReason.UNKNOWN and part.object_class is not None:
            about = bytes([part.object_class, part.object_type or 0])
            objects += _u16(len(part.payload)) + about + part.payload
    return _u16(len(objects)) + objects if objects else None


class _Addresses:
    """Writes an address where it comes first in a record, and then its number."""

    def __init__(self) -> None:
        self._numbers: dict[IPAddress, int] = {}

    def write(self, address: IPAddress) -> bytes:
        if address in self._numbers:
            return b"\0" + _u32(self._numbers[address])
        self._numbers[address] = len(self._numbers)
        return bytes([len(address.packed), 1 if address.version == 4 else 2]) + address.packed


def _u8(number: int) -> bytes:
    """A byte, of a number that is at most so high; attempts may be more."""
    return bytes([min(number, 0xFF)])


def _u16(number: int) -> bytes:
    """Two bytes; the MTUs of IPv6 may be more."""
    return struct.pack("!H", min(number, 0xFFFF))


def _optional(write: Callable[[int], bytes], number: int | None) -> bytes | None:
    return None if number is None else write(number)


def _u32(number: int) -> bytes:
    return struct.pack("!I", min(number, 0xFFFFFFFF))


def _text(text: str) -> bytes:
    return printable(text).encode() + b"\0"


def _time(at_us: int) -> bytes:
    return struct.pack("!II", *divmod(at_us, MICROS))


def _block(*parameters: bytes | None) -> bytes:
    """Flags for the parameters that are given, from number 1 on, their length, and they."""
    given = [number for number, value in enumerate(parameters) if value is not None]
    if not given:
        return b"\0"
    flags = bytearray(given[-1] // 7 + 1)
    for number in given:
        flags[number // 7] |= 1 << number % 7
    for place in range(len(flags) - 1):
        flags[place] |= 0x80  # another byte follows
    values = b"".join(value for value in parameters if value is not None)
    return bytes(flags) + _u16(len(values)) + values
