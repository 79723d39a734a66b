"""Control messages that the kernel attaches to a datagram: time stamps, TTLs, queued errors.

Layouts follow linux/errqueue.h and net_tstamp.h.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final

from paris.wire.linux.sockets import IP_RECVERR, IPV6_RECVERR, SO_TIMESTAMPING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ORIGIN_ICMP: Final = (2, 3)  # ICMP and ICMPv6
_ORIGIN_TIMESTAMPING: Final = 4
# The offender's sockaddr follows the error's 16 bytes; these slices hold its address.
_OFFENDER: Final = {4: slice(20, 24), 6: slice(24, 40)}


# A dataclass would delay the first probe by half a millisecond.
class Ancillary:
    """The kernel's report on one datagram or queued error; absent values are 0 or empty.

    `sent_index` is the kernel's number of the sent datagram that `stamp_ns` belongs to; None if
    this is not a send stamp. `is_error` marks an ICMP error, sent by `offender` (packed address).
    `extension_at` is the offset of its extension structure in the quoted bytes (RFC 4884), damaged
    or not, and 0 if the error gives none. `mtu` is what an error says about a packet too big, in
    bytes.
    """

    stamp_ns: int = 0
    ttl: int = 0
    traffic_class: int = 0
    destination: bytes = bytes(16)
    sent_index: int | None = None
    is_error: bool = False
    icmp_type: int = 0
    icmp_code: int = 0
    offender: bytes = b""
    extension_at: int = 0
    mtu: int = 0


def read_ancillary(messages: Iterable[tuple[int, int, bytes]]) -> Ancillary:
    """The content of the control messages of one `recvmsg`."""
    ancillary = Ancillary()
    for level, kind, value in messages:
        if level == socket.SOL_SOCKET:
            if kind == SO_TIMESTAMPING:
                seconds, nanoseconds = struct.unpack_from("@qq", value)
                ancillary.stamp_ns = seconds * 1_000_000_000 + nanoseconds
        elif level == socket.IPPROTO_IP:
            if kind == socket.IP_TTL:
                ancillary.ttl = value[0]
            elif kind == IP_RECVERR:
                _read_error(ancillary, value, 4)
        elif kind == socket.IPV6_HOPLIMIT:
            ancillary.ttl = value[0]
        elif kind == socket.IPV6_TCLASS:
            ancillary.traffic_class = value[0]
        elif kind == socket.IPV6_PKTINFO:
            ancillary.destination = value[:16]
        elif kind == IPV6_RECVERR:
            _read_error(ancillary, value, 6)
    return ancillary


def _read_error(ancillary: Ancillary, value: bytes, version: int) -> None:
    _, origin, ancillary.icmp_type, ancillary.icmp_code, _, info, data = struct.unpack_from(
        "@IBBBBII", value
    )
    if origin == _ORIGIN_TIMESTAMPING:
        ancillary.sent_index = data
    elif origin in _ORIGIN_ICMP:
        ancillary.is_error = True
        ancillary.mtu = info
        ancillary.offender = value[_OFFENDER[version]]
        (ancillary.extension_at,) = struct.unpack_from("@H", value, 12)
