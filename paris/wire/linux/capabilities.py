"""Reduces what this process may do (capabilities(7))."""

from __future__ import annotations

import ctypes
import struct
from typing import Final

# From linux/capability.h.
_VERSION: Final = 0x20080522
_NET_BIND_SERVICE, _NET_ADMIN, _NET_RAW = 1 << 10, 1 << 12, 1 << 13
#: What opening sockets needs: raw ones, those with a mark, and those with a port below 1024.
FOR_SOCKETS: Final = _NET_BIND_SERVICE | _NET_ADMIN | _NET_RAW


def libc() -> ctypes.CDLL:
    """The C library, with the arguments of prctl."""
    library = ctypes.CDLL(None, use_errno=True)
    # The kernel reads whole registers and requires 0 in unused ones.
    library.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return library


def reduce_to(capabilities: int) -> bool:
    """Keep at most these capabilities, none inheritable; returns whether that worked."""
    header = struct.pack("@Ii", _VERSION, 0)
    sets = ctypes.create_string_buffer(24)  # effective, permitted, inheritable: low and high halves
    if libc().capget(header, sets):
        return False
    _, low, _, _, high, _ = struct.unpack("@6I", sets)
    low, high = low & capabilities, high & capabilities >> 32
    return bool(libc().capset(header, struct.pack("@6I", low, low, 0, high, high, 0)) == 0)
