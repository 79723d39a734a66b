"""Asks a socket which source the kernel gives a connection; nothing is sent.

In IPv4 the kernel names another route than it takes where it balances by chosen fields
(fib_multipath_hash_policy=3): there only a connection shows which it takes.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paris.packets import numbers
from paris.wire.linux.sockets import bind_to_device, new_socket, set_mark

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.wire.linux.routes import Question

_PARAMETERS: Final = Path("/proc/sys/net/ipv4")
_BY_CHOSEN_FIELDS: Final = 3
_CLIENT_MAY_DEFER: Final = 0x1  # of tcp_fastopen
# From linux/tcp.h. A connection without a cookie, which waits for its first data before it sends.
_FASTOPEN_CONNECT, _FASTOPEN_NO_COOKIE = 30, 34
_KIND: Final = {numbers.UDP: socket.SOCK_DGRAM, numbers.TCP: socket.SOCK_STREAM}


def is_needed(version: int) -> bool:
    """Whether connections have to be asked, because the kernel hashes chosen fields."""
    return version == 4 and _parameter("fib_multipath_hash_policy") == _BY_CHOSEN_FIELDS


def source_of(question: Question) -> IPAddress | None:
    """The source of a connection between these ports; None where it cannot be asked.

    That is so for other protocols, where a port is taken, and where connecting would send.
    """
    kind = _KIND.get(question.protocol)
    if kind is None:
        return None
    with new_socket(4, kind) as asking, suppress(OSError):
        if kind == socket.SOCK_STREAM:
            if not _parameter("tcp_fastopen") & _CLIENT_MAY_DEFER:
                return None
            asking.setsockopt(socket.IPPROTO_TCP, _FASTOPEN_NO_COOKIE, 1)
            asking.setsockopt(socket.IPPROTO_TCP, _FASTOPEN_CONNECT, 1)
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
        if question.interface:
            bind_to_device(asking, socket.if_indextoname(question.interface))
        set_mark(asking, question.mark)
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, question.traffic_class)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        asking.bind(("", question.sport))
        asking.connect((str(question.destination), question.dport))
        return ip_address(asking.getsockname()[0])
    return None


def _parameter(name: str) -> int:
    """The value of a kernel parameter, 0 where it does not exist."""
    try:
        return int((_PARAMETERS / name).read_text())
    except (OSError, ValueError):
        return 0
