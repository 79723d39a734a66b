"""Services that read a request as strictly as their RFC allows, and answer it as that says.

Each takes a request, and the address and port that it came from. It returns the answer, or None for
what it cannot accept.
"""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def dns(request: bytes, _: tuple[str, int]) -> bytes | None:
    """Says what address localhost has (RFC 1035 section 4, RFC 6761 section 6.3)."""
    if len(request) < 12:
        return None
    number, flags, *counts = struct.unpack_from("!6H", request)
    if flags & ~0x0100 or counts != [1, 0, 0, 0]:  # a standard query, recursion or not
        return None
    question = request[12:]
    if question != b"\x09localhost\0" + struct.pack("!HH", 1, 1):
        return None
    record = struct.pack("!HHHIH4B", 0xC00C, 1, 1, 10_800, 4, 127, 0, 0, 1)
    return struct.pack("!6H", number, 0x8400 | flags, 1, 1, 0, 0) + question + record


def ntp(request: bytes, _: tuple[str, int]) -> bytes | None:
    """Answers a client of version 4 without extensions and MAC (RFC 5905 section 7.3)."""
    if len(request) != 48 or request[0] != 0x23 or not any(request[40:]):
        return None
    stamp = struct.pack("!II", 4_000_000_000, 1 << 31)
    head = struct.pack("!BBbbII", 0x24, 1, 6, -20, 0, 0) + b"GPS\0"
    return head + stamp + request[40:48] + stamp + stamp


def snmp(request: bytes, _: tuple[str, int]) -> bytes | None:
    """Answers a request for sysUpTime.0 by version 2c (RFC 3416), with lengths in long form."""
    try:
        message = _element(request, 0x30)
        version, rest = _first(message, 0x02)
        community, rest = _first(rest, 0x04)
        get = _element(rest, 0xA0)
        number, rest = _first(get, 0x02)
        status, rest = _first(rest, 0x02)
        index, rest = _first(rest, 0x02)
        name, value = _first(_element(_element(rest, 0x30), 0x30), 0x06)
    except (ValueError, IndexError):
        return None
    is_least = len(number) == 1 or (number[0] << 1 | number[1] >> 7) not in (0, 0x1FF)
    if (version, community, status, index) != (b"\1", b"public", b"\0", b"\0") or not is_least:
        return None
    if (name, value) != (bytes.fromhex("2b06010201010300"), b"\x05\0"):
        return None
    bound = _long(0x30, _long(0x30, _long(0x06, name) + _long(0x43, b"\x01\x02\x03")))
    response = b"\x02" + bytes([len(number)]) + number + b"\x02\1\0\x02\1\0" + bound
    return _long(0x30, b"\x02\1\1\x04\x06public" + _long(0xA2, response))


def _first(data: bytes, kind: int) -> tuple[bytes, bytes]:
    """The contents of the first BER element, and what follows. Raises ValueError, IndexError."""
    size = data[1]
    if data[0] != kind or size > 0x7F or len(data) < 2 + size:
        raise ValueError(data)
    return data[2 : 2 + size], data[2 + size :]


def _element(data: bytes, kind: int) -> bytes:
    """The contents of the only BER element. Raises ValueError, IndexError."""
    contents, rest = _first(data, kind)
    if rest:
        raise ValueError(rest)
    return contents


def _long(kind: int, contents: bytes) -> bytes:
    return bytes([kind, 0x82]) + len(contents).to_bytes(2, "big") + contents


def stun(request: bytes, whom: tuple[str, int]) -> bytes | None:
    """Answers a binding request without attributes (RFC 8489 sections 5 and 14.2)."""
    if len(request) != 20 or request[:8] != bytes.fromhex("0001 0000 2112a442"):
        return None
    packed = ip_address(whom[0]).packed
    family = 1 if len(packed) == 4 else 2
    masked = bytes(own ^ mask for own, mask in zip(packed, request[4:20], strict=False))
    value = struct.pack("!BBH", 0, family, whom[1] ^ 0x2112) + masked
    attribute = struct.pack("!HH", 0x0020, len(value)) + value
    return struct.pack("!HH", 0x0101, len(attribute)) + request[4:20] + attribute


def quic(request: bytes, _: tuple[str, int]) -> bytes | None:
    """Says which versions it speaks to who asks for another one (RFC 8999, RFC 9000 section 6)."""
    if len(request) < 1200 or request[0] & 0xC0 != 0xC0:
        return None
    (version,) = struct.unpack_from("!I", request, 1)
    theirs = request[6 : 6 + request[5]]
    at = 6 + len(theirs)
    own = request[at + 1 : at + 1 + request[at]]
    if version in (0, 1) or not 8 <= len(theirs) <= 20 or len(own) > 20:
        return None
    ends = bytes([len(own)]) + own + bytes([len(theirs)]) + theirs
    return b"\xea" + bytes(4) + ends + struct.pack("!II", 1, 0x6B3343CF)


SERVICES: dict[str, Callable[[bytes, tuple[str, int]], bytes | None]] = {
    "dns": dns, "ntp": ntp, "snmp": snmp, "quic": quic, "stun": stun,
}  # fmt: skip
