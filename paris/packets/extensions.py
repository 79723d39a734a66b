"""Reads and writes the extension structure behind a quote: its objects (RFC 4884, 4950, 5837).

Every byte of a structure ends in a value: as an MPLS label, as an interface, or unread with a
reason.
"""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import InterfaceInfo, InterfaceRole, MplsEntry, Unread, UnreadReason
from paris.packets.checksums import checksum, word_sum

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mda.model import IPAddress

_VERSION: Final = 2
_MPLS_STACK: Final = (1, 1)  # class and type (RFC 4950 section 3)
_INTERFACE: Final = 2  # the class; the type's bits say which fields follow (RFC 5837 section 4.1)
_INDEX, _ADDRESS, _NAME, _MTU = 0x08, 0x04, 0x02, 0x01
_ROLES: Final = tuple(InterfaceRole)  # in the order of the type's first two bits
_FAMILY_BYTES: Final = {1: 4, 2: 16}  # address family numbers of IPv4 and IPv6 (IANA)


class Extensions(NamedTuple):
    """What an extension structure holds, in its order."""

    mpls: tuple[MplsEntry, ...] = ()
    interfaces: tuple[InterfaceInfo, ...] = ()
    unread: tuple[Unread, ...] = ()


def read_extensions(structure: bytes | None, *, is_whole: bool = True) -> Extensions:
    """What a structure holds (see `quotes.split_quote`). Raises nothing.

    `is_whole` means that nothing of the datagram is missing.
    """
    if structure is None or (not structure and is_whole):
        return Extensions()
    if (reason := _fault(structure, is_whole=is_whole)) is not None:
        return Extensions(unread=(Unread(reason, structure),))
    mpls: list[MplsEntry] = []
    interfaces: list[InterfaceInfo] = []
    unread: list[Unread] = []
    for part in _objects(structure):
        try:
            if part.reason is not UnreadReason.UNKNOWN:
                unread.append(part)
            elif (part.object_class, part.object_type) == _MPLS_STACK:
                mpls += _read_stack(part.payload)
            elif part.object_class == _INTERFACE and part.object_type is not None:
                interfaces.append(_read_interface(part.object_type, part.payload))
            else:
                unread.append(part)
        except (struct.error, ValueError, IndexError):
            unread.append(part._replace(reason=UnreadReason.MALFORMED))
    return Extensions(tuple(mpls), tuple(interfaces), tuple(unread))


def write_extensions(mpls: Sequence[MplsEntry], interfaces: Sequence[InterfaceInfo]) -> bytes:
    """An extension structure with one label stack, if there are labels, and these interfaces."""
    body = _written(*_MPLS_STACK, b"".join(map(_write_entry, mpls))) if mpls else b""
    body += b"".join(map(_write_interface, interfaces))
    total = checksum(struct.pack("!BBH", _VERSION << 4, 0, 0) + body)
    return struct.pack("!BBH", _VERSION << 4, 0, total) + body


def _fault(structure: bytes, *, is_whole: bool) -> UnreadReason | None:
    """Why nothing in a structure can be believed; None if nothing is wrong with it."""
    if len(structure) < 4:
        return UnreadReason.TRUNCATED
    if structure[0] >> 4 != _VERSION:
        return UnreadReason.VERSION
    # A checksum of 0 means that the sender has not computed one.
    if structure[2:4] != b"\0\0" and word_sum(structure) != 0xFFFF:
        return UnreadReason.CHECKSUM if is_whole else UnreadReason.TRUNCATED
    return None


def _objects(structure: bytes) -> Iterator[Unread]:
    """The objects as yet unread, each UNKNOWN until somebody reads it; bytes of none come last.

    The length of an object includes its header of 4 bytes (RFC 4884 section 7.1).
    """
    at = 4
    while at + 4 <= len(structure):
        length, object_class, object_type = struct.unpack_from("!HBB", structure, at)
        if length < 4 or at + length > len(structure):
            reason = UnreadReason.MALFORMED if length < 4 else UnreadReason.TRUNCATED
            yield Unread(reason, structure[at + 4 :], object_class, object_type)
            return
        payload = structure[at + 4 : at + length]
        yield Unread(UnreadReason.UNKNOWN, payload, object_class, object_type)
        at += length
    if at < len(structure):
        yield Unread(UnreadReason.TRUNCATED, structure[at:])


def _read_stack(payload: bytes) -> list[MplsEntry]:
    """The entries of a label stack. Raises ValueError unless it holds only whole entries."""
    if not payload or len(payload) % 4:
        raise ValueError("not whole entries")
    return [
        MplsEntry(word >> 12, (word >> 9) & 7, bool((word >> 8) & 1), word & 0xFF)
        for (word,) in struct.iter_unpack("!I", payload)
    ]


def _read_interface(object_type: int, payload: bytes) -> InterfaceInfo:
    """The fields of an interface. Raises ValueError, IndexError, struct.error if they don't fit."""
    ifindex = address = name = mtu = None
    rest = payload
    if object_type & _INDEX:
        (ifindex,), rest = struct.unpack_from("!I", rest), rest[4:]
    if object_type & _ADDRESS:
        address, rest = _read_address(rest)
    if object_type & _NAME:
        name, rest = _read_name(rest)
    if object_type & _MTU:
        (mtu,), rest = struct.unpack_from("!I", rest), rest[4:]
    if rest:
        raise ValueError("bytes behind the last field")
    return InterfaceInfo(_ROLES[object_type >> 6], ifindex, address, name, mtu)


def _read_address(data: bytes) -> tuple[IPAddress, bytes]:
    """An address and what follows it (RFC 5837 section 4.2)."""
    (family,) = struct.unpack_from("!H", data)
    end = 4 + _FAMILY_BYTES.get(family, 0)
    if not 4 < end <= len(data):
        raise ValueError("not an address")
    return ip_address(data[4:end]), data[end:]


def _read_name(data: bytes) -> tuple[str, bytes]:
    """A name and what follows it; its length counts itself and the padding (section 4.3).

    A length that leaves out the padding is read as well: the next field begins at a multiple of 4.
    """
    length = data[0]
    end = -(-length // 4) * 4
    if not 0 < end <= len(data):
        raise ValueError("the name does not fit")
    return data[1:length].rstrip(b"\0").decode(), data[end:]


def _written(object_class: int, object_type: int, payload: bytes) -> bytes:
    return struct.pack("!HBB", 4 + len(payload), object_class, object_type) + payload


def _write_entry(entry: MplsEntry) -> bytes:
    word = entry.label << 12 | entry.traffic_class << 9 | int(entry.bottom) << 8 | entry.ttl
    return struct.pack("!I", word)


def _write_interface(interface: InterfaceInfo) -> bytes:
    fields = {
        _INDEX: _write_number(interface.ifindex),
        _ADDRESS: _write_address(interface.address),
        _NAME: _write_name(interface.name),
        _MTU: _write_number(interface.mtu),
    }
    object_type = _ROLES.index(interface.role) << 6
    object_type |= sum(bit for bit, field in fields.items() if field)
    return _written(_INTERFACE, object_type, b"".join(fields.values()))


def _write_number(number: int | None) -> bytes:
    return b"" if number is None else struct.pack("!I", number)


def _write_address(address: IPAddress | None) -> bytes:
    if address is None:
        return b""
    return struct.pack("!HH", 1 if address.version == 4 else 2, 0) + address.packed


def _write_name(name: str | None) -> bytes:
    if name is None:
        return b""
    text = name.encode()
    length = -(-(1 + len(text)) // 4) * 4
    return bytes([length]) + text.ljust(length - 1, b"\0")
