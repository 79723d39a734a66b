"""ICMP messages with the checksum that they must have."""

from __future__ import annotations

import struct

from paris.packets.checksums import checksum, pseudo_header


def intact(datagram: bytes) -> bytes:
    """A datagram with an ICMP message right after a plain IP header, its checksum made right."""
    at = 20 if datagram[0] >> 4 == 4 else 40
    message = datagram[at : at + 2] + b"\0\0" + datagram[at + 4 :]
    summed = message
    if at == 40:
        summed = pseudo_header(datagram[8:24], datagram[24:40], 58, len(message)) + message
    return datagram[: at + 2] + struct.pack("!H", checksum(summed)) + datagram[at + 4 :]
