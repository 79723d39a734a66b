"""A receive ring that the kernel fills in the background (packet(7), TPACKET_V2).

Frames have a fixed size, so that all ready frames are one slice of a matrix.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, Final

import numpy as np

from paris.wire.bulk.ring_socket import FRAME_BYTES, FRAMES, SOL_PACKET
from paris.wire.linux import filters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from paris.packets.probe_matrix import Bytes
    from paris.wire.bulk.ring_socket import RingSocket
    from paris.wire.linux.bpf import Instruction

_STATISTICS: Final = 6
# struct tpacket2_hdr as words: status, length, captured, link and network offsets, seconds, ns.
_STATUS, _SECONDS, _NANOSECONDS = 0, 4, 5
_OFFSETS: Final = 3  # one word holds both; its upper half is the network header's offset
_LENGTH, _CAPTURED = 1, 2
_TO_KERNEL, _TO_USER = 0, 1
_FIRST_LOOK: Final = 64


class Frames:
    """Received frames: `datagrams` (n x bytes, starting at the IP header), lengths and stamps.

    A datagram that says that it is longer than its frame has length 0: the kernel's own IP drops
    it, and a frame shows it.
    """

    def __init__(self, frames: Bytes) -> None:
        words = frames.view(np.uint32)
        self._words = words
        # The kernel puts every network header at the same offset, after its own fixed-size header.
        at = int(words[0, _OFFSETS] >> 16)
        self.datagrams = frames[:, at:]
        is_all_there = _stated_bytes(self.datagrams) <= words[:, _LENGTH]
        self.lengths = np.where(is_all_there, words[:, _CAPTURED], np.uint32(0))
        self.stamps_ns = words[:, _SECONDS].astype(np.int64) * 1_000_000_000 + words[
            :, _NANOSECONDS
        ].astype(np.int64)

    def __len__(self) -> int:
        return len(self._words)

    def release(self) -> None:
        """Return the frames to the kernel; their datagrams are invalid afterwards."""
        self._words[:, _STATUS] = _TO_KERNEL


def _stated_bytes(datagrams: Bytes) -> NDArray[np.int64]:
    """The length of each datagram as its IP header gives it."""
    words = datagrams[:, :6].astype(np.int64)
    is_ip4 = words[:, 0] >> 4 == 4
    return np.where(is_ip4, words[:, 2] << 8 | words[:, 3], (words[:, 4] << 8 | words[:, 5]) + 40)


class Ring:
    """A receive ring for datagrams from all interfaces; it takes the socket."""

    def __init__(self, made: RingSocket) -> None:
        """Raises OSError (PermissionError without CAP_NET_RAW), WireError if a filter fails."""
        self._socket = made.taken()
        try:
            self._memory = mmap.mmap(self._socket.fileno(), FRAMES * FRAME_BYTES)
        except BaseException:
            self._socket.close()
            raise
        self._frames = np.frombuffer(self._memory, np.uint8).reshape(FRAMES, FRAME_BYTES)
        self._status = self._frames.view(np.uint32)[:, _STATUS]
        self._next = 0
        self._dropped = 0

    def fileno(self) -> int:
        """The file descriptor for select; readable when a frame is ready."""
        return self._socket.fileno()

    def keep(self, instructions: list[Instruction]) -> None:
        """Replace the filter. Raises WireError."""
        filters.replace(self._socket, instructions)

    def ready(self, most: int = FRAMES) -> Frames | None:
        """The ready frames, up to `most` and the end of the ring; None without any.

        The caller owns them until `Frames.release`.
        """
        begin, count, look = self._next, 0, _FIRST_LOOK
        while count < (room := min(most, FRAMES - begin)):
            # Each status is on another cache line: read no more of them than likely needed.
            part = self._status[begin + count : begin + min(count + look, room)] & _TO_USER
            ready = len(part) if part.all() else int(part.argmin())
            count += ready
            if ready < len(part):
                break
            look *= 2
        if count == 0:
            return None
        frames = Frames(self._frames[self._next : self._next + count])
        self._next = (self._next + count) % FRAMES
        return frames

    def dropped(self) -> int:
        """How many datagrams the full ring has refused so far."""
        # Reading these counters sets them to 0.
        _, dropped = struct.unpack("@II", self._socket.getsockopt(SOL_PACKET, _STATISTICS, 8))
        self._dropped += dropped
        return self._dropped

    def close(self) -> None:
        """Close the socket and so release the ring."""
        self._socket.close()
