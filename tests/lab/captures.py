"""Captures that are still being written: how far they are."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_ENHANCED_PACKET: Final = 6  # the type of the block that holds a packet
_LEAST_BLOCK: Final = 12  # bytes


def packets_in(capture: Path) -> int:
    """How many whole packets a pcapng file holds; tshark takes far longer to count them."""
    data, at, count = capture.read_bytes(), 0, 0
    while at + _LEAST_BLOCK <= len(data):
        kind, length = struct.unpack_from("=II", data, at)
        at += length
        count += kind == _ENHANCED_PACKET and at <= len(data)
    return count
