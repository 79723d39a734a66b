"""Writes and reads the blocks of a pcapng file (draft-ietf-opsawg-pcapng).

A file has one section and one interface, whose packets start at their IP header; times are
nanoseconds since 1970. The reader accepts either byte order and skips unknown blocks.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTION, _INTERFACE, _NAMES, _STATISTICS, _PACKET = 0x0A0D0D0A, 1, 4, 5, 6
_BYTE_ORDER: Final = 0x1A2B3C4D
_END_OF_OPTIONS, _COMMENT, _FLAGS, _NAME, _APPLICATION, _RESOLUTION = 0, 1, 2, 2, 4, 9
_DROPPED: Final = 5
_RAW_IP: Final = 101
_NANOSECONDS: Final = 9  # ticks per second, as a power of ten
_NAME_OF: Final = {4: 1, 16: 2}  # the record type of a name, by the bytes of its address


class Direction(IntEnum):
    """The direction of a packet."""

    UNKNOWN = 0
    RECEIVED = 1
    SENT = 2


class Packet(NamedTuple):
    """A packet; `comment` may be empty."""

    unix_ns: int
    direction: Direction
    datagram: bytes
    comment: str = ""


class Section(NamedTuple):
    """A section header; `comment` describes the whole file."""

    comment: str


class Statistics(NamedTuple):
    """Interface statistics; `comment` describes the end of the measurement."""

    comment: str


class Names(NamedTuple):
    """Names by packed address."""

    names: dict[bytes, str]


Block = Packet | Section | Statistics | Names


def header(comment: str, application: str) -> bytes:
    """The first blocks of a file."""
    section = struct.pack("<IHHq", _BYTE_ORDER, 1, 0, -1)
    section += _options((_COMMENT, comment.encode()), (_APPLICATION, application.encode()))
    interface = struct.pack("<HHI", _RAW_IP, 0, 0)
    interface += _options((_NAME, b"wire"), (_RESOLUTION, bytes([_NANOSECONDS])))
    return _block(_SECTION, section) + _block(_INTERFACE, interface)


def packet(packet: Packet) -> bytes:
    """The block of a packet."""
    unix_ns, direction, datagram, comment = packet
    size, options = len(datagram), _DIRECTED[direction]
    if comment:
        options = _option(_COMMENT, comment.encode()) + options
    padding = bytes(-size % 4)
    whole = 32 + size + len(padding) + len(options)
    begin = _BEGIN.pack(_PACKET, whole, 0, unix_ns >> 32, unix_ns & 0xFFFFFFFF, size, size)
    return b"".join((begin, datagram, padding, options, _END.pack(whole)))


def statistics(comment: str, unix_ns: int, dropped: int) -> bytes:
    """A block for the end of the file; this machine dropped `dropped` replies."""
    body = struct.pack("<III", 0, unix_ns >> 32, unix_ns & 0xFFFFFFFF)
    body += _options((_COMMENT, comment.encode()), (_DROPPED, struct.pack("<Q", dropped)))
    return _block(_STATISTICS, body)


def names(named: dict[bytes, str]) -> bytes:
    """The block of names by packed address."""
    body = b""
    for address, name in named.items():
        value = address + name.encode() + b"\0"
        body += struct.pack("<HH", _NAME_OF[len(address)], len(value)) + _padded(value)
    return _block(_NAMES, body + struct.pack("<HH", 0, 0))


def read(data: bytes, name: str) -> Iterator[Block]:
    """The blocks of known kinds, in order. Raises FormatError if the file `name` is damaged.

    If the file ends within a block, its writer was interrupted, and that block is skipped.
    """
    if len(data) < 12 or struct.unpack_from("<I", data)[0] != _SECTION:
        raise FormatError(f"{name}: not a pcapng file")
    order, at = "<", 0
    resolutions: list[int] = []
    while at + 12 <= len(data):
        (kind,) = struct.unpack_from(order + "I", data, at)
        if kind == _SECTION:
            order = _order(data, at, name)
            resolutions = []
        (size,) = struct.unpack_from(order + "I", data, at + 4)
        if size < 12 or size % 4:
            raise FormatError(f"{name}: the block at byte {at} cannot be {size} bytes long")
        if at + size > len(data):
            return
        body = data[at + 8 : at + size - 4]
        try:
            if kind == _INTERFACE:
                resolutions.append(_resolution(order, body))
            else:
                block = _read_block(order, kind, body, resolutions)
                if block is not None:
                    yield block
        except (struct.error, IndexError, ValueError):
            raise FormatError(f"{name}: the block at byte {at} is broken") from None
        at += size


def _read_block(order: str, kind: int, body: bytes, resolutions: list[int]) -> Block | None:
    if kind == _SECTION:
        return Section(_text(_read_options(order, body[16:]).get(_COMMENT)))
    if kind == _STATISTICS:
        return Statistics(_text(_read_options(order, body[12:]).get(_COMMENT)))
    if kind == _NAMES:
        return Names(_read_names(order, body))
    if kind != _PACKET:
        return None
    interface, high, low, size, _ = struct.unpack_from(order + "IIIII", body)
    options = _read_options(order, body[20 + size + -size % 4 :])
    flags = struct.unpack(order + "I", options.get(_FLAGS, bytes(4)))[0] & 3
    ticks, per_second = high << 32 | low, resolutions[interface]
    return Packet(
        unix_ns=ticks if per_second == 10**9 else int(ticks * 10**9 // per_second),
        direction=Direction(flags) if flags < 3 else Direction.UNKNOWN,
        datagram=body[20 : 20 + size],
        comment=_text(options.get(_COMMENT)),
    )


def _order(data: bytes, at: int, name: str) -> str:
    for order in "<>":
        if struct.unpack_from(order + "I", data, at + 8)[0] == _BYTE_ORDER:
            return order
    raise FormatError(f"{name}: the section at byte {at} has no byte order")


def _resolution(order: str, body: bytes) -> int:
    """Ticks per second of an interface's times."""
    (power,) = _read_options(order, body[8:]).get(_RESOLUTION, b"\x06")
    return int(2 ** (power & 0x7F)) if power & 0x80 else int(10**power)


def _read_names(order: str, body: bytes) -> dict[bytes, str]:
    found, at = {}, 0
    sizes = {kind: size for size, kind in _NAME_OF.items()}
    while at + 4 <= len(body):
        kind, length = struct.unpack_from(order + "HH", body, at)
        if kind == 0:
            break
        if kind in sizes:
            value = body[at + 4 : at + 4 + length]
            if len(value) < sizes[kind]:
                raise ValueError("an address is cut off")
            found[value[: sizes[kind]]] = value[sizes[kind] :].split(b"\0")[0].decode()
        at += 4 + length + -length % 4
    return found


def _read_options(order: str, data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from(order + "HH", data, at)
        if kind == _END_OF_OPTIONS:
            break
        found.setdefault(kind, data[at + 4 : at + 4 + length])
        at += 4 + length + -length % 4
    return found


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode()


def _options(*options: tuple[int, bytes]) -> bytes:
    return b"".join(_option(*option) for option in options) + struct.pack("<HH", _END_OF_OPTIONS, 0)


def _option(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", kind, len(value)) + _padded(value)


def _padded(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + size + body + size


# The numbers before a packet, and that behind its options.
_BEGIN: Final = struct.Struct("<IIIIIII")
_END: Final = struct.Struct("<I")
# The last options of a packet.
_DIRECTED: Final = {own: _options((_FLAGS, struct.pack("<I", own))) for own in Direction}
