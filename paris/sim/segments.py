"""What a router with a segment routing policy makes of an IPv6 datagram (RFC 8754)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from paris.packets import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress

_HEADER_BYTES: Final = 40
_TYPE: Final = 4


def with_segments(datagram: bytes, segments: Sequence[IPAddress]) -> bytes:
    """The IPv6 datagram on its way to the first of these segments, its destination after the last.

    The header is inserted behind the IPv6 header; its list is in reverse order.
    """
    addresses = b"".join(segment.packed for segment in reversed(segments))
    left = len(segments)
    fixed = bytes([datagram[6], 2 * (left + 1), _TYPE, left, left, 0, 0, 0])
    inserted = fixed + datagram[24:_HEADER_BYTES] + addresses
    (length,) = struct.unpack_from("!H", datagram, 4)
    head = datagram[:4] + struct.pack("!HB", length + len(inserted), numbers.ROUTING)
    towards = segments[0].packed
    return head + datagram[7:24] + towards + inserted + datagram[_HEADER_BYTES:]
