"""Reduces what this process may do (capabilities(7))."""

from __future__ import annotations

import ctypes
import struct
from typing import Final

# From linux/capability.h.
_VERSION: Final = 0x20080522
_NET_ADMIN, NET_RAW = 1 << 12, 1 << 13
#: What opening sockets needs: raw ones, and those with a mark.
FOR_SOCKETS: Final = _NET_ADMIN | NET_RAW


def libc() -> ctypes.CDLL:
    """The C library, with the arguments of prctl."""
    library = ctypes.CDLL(None, use_errno=True)
    # The kernel reads whole registers and requires 0 in unused ones.
    library.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return library


def reduce_to(capabilities: int) -> bool:
    """Reduce this process to these capabilities, none inheritable; returns whether that worked."""
    header = struct.pack("@Ii", _VERSION, 0)
    low, high = capabilities & 0xFFFFFFFF, capabilities >> 32
    sets = struct.pack("@6I", low, low, 0, high, high, 0)
    return bool(libc().capset(header, sets) == 0)
