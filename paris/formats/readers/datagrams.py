"""Takes the IP datagrams out of a capture: pcap and pcapng, of any interface that has IP.

Layouts: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, and the link types of tcpdump.org. A file
may end within a packet, as its writer may have been interrupted.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MICROS: Final = 1_000_000
_NANOS: Final = 1_000_000_000
# pcap: byte order and ticks per second, by the first four bytes.
_PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", _MICROS), b"\xa1\xb2\xc3\xd4": (">", _MICROS),
    b"\x4d\x3c\xb2\xa1": ("<", _NANOS), b"\xa1\xb2\x3c\x4d": (">", _NANOS),
}  # fmt: skip
_PCAP_HEADER, _PACKET_HEADER = 24, 16  # bytes
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6  # blocks of pcapng
PCAPNG: Final = _SECTION.to_bytes(4)
_BYTE_ORDERS: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_RESOLUTION: Final = 9  # an option of an interface
_ETHER_TYPES: Final = frozenset({0x0800, 0x86DD})
_VLANS: Final = frozenset({0x8100, 0x88A8})


class Captured(NamedTuple):
    """A datagram, which starts at its IP header, the byte at which its packet begins, and when."""

    begin: int
    at_us: int
    datagram: bytes


class Interface(NamedTuple):
    """What packets of an interface begin with, by its link type, and the ticks of its clock."""

    link: int
    per_second: int


def recognises(head: bytes) -> bool:
    """Whether a file that begins so is a capture."""
    return head.startswith((PCAPNG, *_PCAP))


def read(data: bytes, name: str) -> Iterator[Captured]:
    """The datagrams in a file, in its order. Raises FormatError, with the offset."""
    read_packets = _pcapng if data.startswith(PCAPNG) else _pcap
    for begin, interface, ticks, packet in read_packets(data, name):
        datagram = _datagram(interface.link, packet)
        if datagram:
            yield Captured(begin, ticks * _MICROS // interface.per_second, datagram)


def _pcap(data: bytes, name: str) -> Iterator[tuple[int, Interface, int, bytes]]:
    order, per_second = _PCAP[data[:4]]
    if len(data) < _PCAP_HEADER:
        raise FormatError(f"{name}: byte {len(data)}: cut short: the header has 24 bytes")
    (link,) = struct.unpack_from(order + "I", data, 20)
    interface, header = Interface(link & 0xFFFF, per_second), struct.Struct(order + "IIII")
    at = _PCAP_HEADER
    while at + _PACKET_HEADER <= len(data):
        seconds, ticks, size, _ = header.unpack_from(data, at)
        after = at + _PACKET_HEADER + size
        if after > len(data):
            return
        yield at, interface, seconds * per_second + ticks, data[at + _PACKET_HEADER : after]
        at = after


def _pcapng(data: bytes, name: str) -> Iterator[tuple[int, Interface, int, bytes]]:
    if len(data) < 12:
        raise FormatError(f"{name}: byte {len(data)}: cut short: a block has 12 bytes and more")
    order, at = "<", 0
    interfaces: list[Interface] = []
    while at + 12 <= len(data):
        if data[at : at + 4] == PCAPNG:
            order = _BYTE_ORDERS.get(data[at + 8 : at + 12], "")
            if not order:
                raise FormatError(f"{name}: byte {at}: the section has no byte order")
            interfaces = []
        kind, size = struct.unpack_from(order + "II", data, at)
        if size < 12 or size % 4:
            raise FormatError(f"{name}: byte {at}: a block cannot have {size} bytes")
        if at + size > len(data):
            return
        body = data[at + 8 : at + size - 4]
        try:
            if kind == _INTERFACE:
                (link,) = struct.unpack_from(order + "H", body)
                interfaces.append(Interface(link, _per_second(order, body[8:])))
            elif kind == _PACKET:
                number, high, low, length, _ = struct.unpack_from(order + "IIIII", body)
                yield at, interfaces[number], high << 32 | low, body[20 : 20 + length]
        except (struct.error, IndexError):
            raise FormatError(f"{name}: byte {at}: the block is broken") from None
        at += size


def _per_second(order: str, options: bytes) -> int:
    """The ticks per second of an interface's clock, by its options."""
    at = 0
    while at + 5 <= len(options):
        kind, length = struct.unpack_from(order + "HH", options, at)
        if kind == _RESOLUTION and length == 1:
            power = options[at + 4]
            return 1 << (power & 0x7F) if power & 0x80 else int(10 ** (power & 0x7F))
        at += 4 + length + -length % 4
    return _MICROS


def _datagram(link: int, packet: bytes) -> bytes:
    """The datagram in a packet of a link type; empty if there is none."""
    begin = _LINKS.get(link)
    at = None if begin is None else begin(packet)
    return b"" if at is None else packet[at:]


def _ethernet(packet: bytes) -> int | None:
    at = 12
    while int.from_bytes(packet[at : at + 2]) in _VLANS:
        at += 4
    return at + 2 if int.from_bytes(packet[at : at + 2]) in _ETHER_TYPES else None


def _cooked(packet: bytes) -> int | None:
    return 16 if int.from_bytes(packet[14:16]) in _ETHER_TYPES else None


def _cooked2(packet: bytes) -> int | None:
    return 20 if int.from_bytes(packet[0:2]) in _ETHER_TYPES else None


# Where IP begins in a packet, by link type (LINKTYPE_NULL, ETHERNET, RAW and its other numbers,
# LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2).
_LINKS: Final[dict[int, Callable[[bytes], int | None]]] = {
    0: lambda _: 4, 1: _ethernet, 12: lambda _: 0, 14: lambda _: 0, 101: lambda _: 0,
    108: lambda _: 4, 113: _cooked, 228: lambda _: 0, 229: lambda _: 0, 276: _cooked2,
}  # fmt: skip
