"""What a NAT makes of a datagram: another source, and the checksums that belong to it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from paris.packets import numbers
from paris.packets.checksums import checksum, fold, word_sum

if TYPE_CHECKING:
    from mda.model import IPAddress

_SOURCE: Final = {4: slice(12, 16), 6: slice(8, 24)}
_PROTOCOL: Final = {4: 9, 6: 6}  # the byte with the protocol, or next header
# Where the transport's checksum, which covers the source, lies behind the IP header. The checksum
# of ICMPv4 covers no address.
_CHECKSUM: Final = {numbers.UDP: 6, numbers.TCP: 16, numbers.ICMP6: 2}


def with_source(datagram: bytes, source: IPAddress) -> bytes:
    """The same datagram from another source, its checksums updated (RFC 1624, RFC 3022)."""
    version = datagram[0] >> 4
    changed, old = bytearray(datagram), datagram[_SOURCE[version]]
    changed[_SOURCE[version]] = source.packed
    size = 4 * (datagram[0] & 0xF) if version == 4 else 40
    if version == 4:
        changed[10:12] = b"\0\0"
        changed[10:12] = struct.pack("!H", checksum(bytes(changed[:size])))
    protocol = datagram[_PROTOCOL[version]]
    offset = _CHECKSUM.get(protocol)
    if offset is not None and len(datagram) >= size + offset + 2:
        place = slice(size + offset, size + offset + 2)
        before = int.from_bytes(datagram[place])
        # RFC 1624: HC' = ~(~HC + ~m + m')
        total = (~before & 0xFFFF) + (~word_sum(old) & 0xFFFF) + word_sum(source.packed)
        after = ~fold(total) & 0xFFFF
        if protocol == numbers.UDP:  # 0 stands for "no checksum" (RFC 768)
            after = (after or 0xFFFF) if before else 0
        changed[place] = struct.pack("!H", after)
    return bytes(changed)
