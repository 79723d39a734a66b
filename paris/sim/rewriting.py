"""What a router makes of a datagram that it forwards: another source, and other header fields."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from paris.packets import numbers
from paris.packets.checksums import checksum, fold, word_sum

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.sim.balancers import HeaderFields
    from paris.sim.topology import Router

_SOURCE: Final = {4: slice(12, 16), 6: slice(8, 24)}
_CLASS_4: Final = slice(1, 2)
_WORD: Final = slice(0, 4)  # of IPv6: version, traffic class and flow label
_PROTOCOL: Final = {4: 9, 6: 6}  # the byte with the protocol, or next header
# Where the transport's checksum, which covers the source, lies behind the IP header. The checksum
# of ICMPv4 covers no address.
_CHECKSUM: Final = {numbers.UDP: 6, numbers.TCP: 16, numbers.ICMP6: 2}


def rewritten(fields: HeaderFields, router: Router) -> HeaderFields:
    """The fields of a packet that `router` has forwarded."""
    new_class, ecn = fields.traffic_class, router.sets_ecn
    if router.sets_dscp is not None:
        new_class = router.sets_dscp << 2 | new_class & 3
    if ecn is not None:
        new_class = new_class & ~3 | ecn
    new_source, new_label = router.rewrites_source, router.sets_flow_label
    is_same = new_source is None and new_label is None and new_class == fields.traffic_class
    if is_same:
        return fields
    return fields._replace(
        source=fields.source if new_source is None else int(new_source),
        flow_label=fields.flow_label if new_label is None else new_label,
        traffic_class=new_class,
    )


def with_fields(datagram: bytes, fields: HeaderFields) -> bytes:
    """The same datagram with the traffic class and, in IPv6, the flow label of `fields`."""
    changed = bytearray(datagram)
    if datagram[0] >> 4 == 6:
        word = 6 << 28 | fields.traffic_class << 20 | fields.flow_label
        changed[_WORD] = word.to_bytes(4)
    elif datagram[_CLASS_4] != (traffic_class := fields.traffic_class.to_bytes()):
        changed[_CLASS_4] = traffic_class
        _sum_up(changed, 4 * (datagram[0] & 0xF))
    return bytes(changed)


def _sum_up(changed: bytearray, size: int) -> None:
    """Set the checksum of an IPv4 header of `size` bytes."""
    changed[10:12] = b"\0\0"
    changed[10:12] = struct.pack("!H", checksum(bytes(changed[:size])))


def with_source(datagram: bytes, source: IPAddress) -> bytes:
    """The same datagram from another source, its checksums updated (RFC 1624, RFC 3022)."""
    version = datagram[0] >> 4
    changed, old = bytearray(datagram), datagram[_SOURCE[version]]
    changed[_SOURCE[version]] = source.packed
    size = 4 * (datagram[0] & 0xF) if version == 4 else 40
    if version == 4:
        _sum_up(changed, size)
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
