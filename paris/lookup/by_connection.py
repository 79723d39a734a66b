"""What an ordinary connection to a service comes to: for addresses that a trace does not go to."""

from __future__ import annotations

import errno
import select
import socket
import struct
from typing import TYPE_CHECKING, Final

from mda.record import Control, Fate

if TYPE_CHECKING:
    from mda.model import IPAddress

_FATES: Final = {
    0: Fate.OPEN,
    errno.ECONNREFUSED: Fate.CLOSED,
    errno.EACCES: Fate.REFUSED,
    errno.EPERM: Fate.REFUSED,
    errno.EHOSTUNREACH: Fate.UNREACHABLE,
    errno.ENETUNREACH: Fate.UNREACHABLE,
}
_NO_DELAY: Final = struct.pack("ii", 1, 0)  # of closing: the connection is reset at once


def control(address: IPAddress, port: int, wait_s: float) -> Control:
    """Connect to TCP `port` at `address` for up to `wait_s`; the control is named after both."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_DELAY)
        fault = sock.connect_ex((str(address), port))
        if fault == errno.EINPROGRESS:
            poll = select.poll()
            poll.register(sock, select.POLLOUT)
            is_known = bool(poll.poll(1000 * wait_s))
            fault = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if is_known else fault
    return Control(
        name=f"tcp/{port} to {address}",
        probes=1,
        fate=_FATES.get(fault, Fate.SILENT),
        hop=None,
        address=address if fault in (0, errno.ECONNREFUSED) else None,
        reply_ttl=None,
        via=(),
    )
