"""What the kernel counted: datagrams that it dropped before they were read."""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

_SO_MEMINFO: Final = 55
_MEMINFO_DROPS: Final = 8  # the index of the drops among SO_MEMINFO's words


def drops(sock: socket.socket) -> int:
    """How many datagrams the socket's receive queue had no room for."""
    words = sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * (_MEMINFO_DROPS + 1))
    if len(words) <= 4 * _MEMINFO_DROPS:
        return 0
    (dropped,) = struct.unpack_from("@I", words, 4 * _MEMINFO_DROPS)
    return int(dropped)


def reverse_path_drops() -> int:
    """How many datagrams the reverse path filter of this network namespace has dropped so far."""
    try:
        file = os.open("/proc/net/netstat", os.O_RDONLY)
        try:
            lines = os.read(file, 1 << 16).decode().splitlines()
        finally:
            os.close(file)
    except OSError:
        return 0
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        counted = dict(zip(names.split(), values.split(), strict=False))
        if "IPReversePathFilter" in counted:
            return int(counted["IPReversePathFilter"])
    return 0
