"""Sends the rows of a byte matrix, many datagrams per system call (sendmmsg).

Python lacks this call, so it goes through ctypes; numpy fills the structures.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from paris.packets.probe_matrix import Bytes

MOST_AT_ONCE: Final = 1024
_DONT_WAIT: Final = 0x40
_CONTROL: Final = struct.Struct("@Nii")
# struct iovec, and struct mmsghdr: a struct msghdr followed by its length, on 64-bit Linux.
_IOVEC: Final = np.dtype([("base", "u8"), ("length", "u8")])
_MESSAGE: Final = np.dtype(
    [
        ("name", "u8"), ("name_length", "u4"), ("_0", "u4"), ("vector", "u8"), ("vectors", "u8"),
        ("control", "u8"), ("control_length", "u8"), ("flags", "u4"), ("_1", "u4"),
        ("sent", "u4"), ("_2", "u4"),
    ]
)  # fmt: skip


class Target:
    """Where to send: a sockaddr, control messages as bytes, and flags of the call."""

    def __init__(self, address: bytes, control: bytes = b"", flags: int = 0) -> None:
        self.flags = flags
        self.address = np.frombuffer(address, np.uint8).copy()
        self.control = np.frombuffer(control, np.uint8).copy()


class Sender:
    """Sends rows over one socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._file = sock.fileno()
        self._call = ctypes.CDLL(None, use_errno=True).sendmmsg
        self._target: Target | None = None
        self._vectors = np.zeros(MOST_AT_ONCE, _IOVEC)
        self._messages = np.zeros(MOST_AT_ONCE, _MESSAGE)
        self._messages["vectors"] = 1
        self._messages["vector"] = self._vectors.ctypes.data + _IOVEC.itemsize * np.arange(
            MOST_AT_ONCE, dtype=np.uint64
        )
        self._offsets = np.arange(MOST_AT_ONCE, dtype=np.uint64)

    def send(self, rows: Bytes, target: Target) -> int:
        """Send rows (at most MOST_AT_ONCE) in order; returns how many the kernel accepted.

        Raises OSError if it accepted none, for example because a queue is full.
        """
        if target is not self._target:
            self._target = target
            self._messages["name"] = target.address.ctypes.data
            self._messages["name_length"] = len(target.address)
            self._messages["control"] = target.control.ctypes.data if len(target.control) else 0
            self._messages["control_length"] = len(target.control)
        count, length = rows.shape
        self._vectors["base"][:count] = rows.ctypes.data + rows.strides[0] * self._offsets[:count]
        self._vectors["length"][:count] = length
        taken = self._call(self._file, self._messages.ctypes.data_as(ctypes.c_void_p), count,
                           _DONT_WAIT | target.flags)  # fmt: skip
        if taken < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return int(taken)


def control_bytes(messages: Iterable[tuple[int, int, bytes]]) -> bytes:
    """Control messages (level, type, value) as the kernel takes them: struct cmsghdr."""
    packed = b""
    for level, kind, value in messages:
        length = _CONTROL.size + len(value)
        packed += _CONTROL.pack(length, level, kind) + value + bytes(-length % 8)
    return packed
