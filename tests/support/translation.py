"""What NATs make of a probe, and of the quote of it on its way back."""

from __future__ import annotations

from enum import Enum
from ipaddress import ip_address
from typing import TYPE_CHECKING

from paris.packets.checksums import fold
from paris.sim.rewriting import with_source

if TYPE_CHECKING:
    from mda.model import IPAddress

NAT = {4: ip_address("198.18.0.1"), 6: ip_address("2001:db8:ff::1")}
PORT = 61_001
_HEADER_BYTES = {4: 20, 6: 40}
_SOURCE = {4: slice(12, 16), 6: slice(8, 24)}
_PROTOCOL = {4: 9, 6: 6}
_UDP = 17
# By protocol: where the message has its source port or identifier, and its checksum.
_PLACES = {_UDP: (0, 6), 6: (0, 16), 1: (4, 2), 58: (4, 2)}


class Way(Enum):
    """What a NAT rewrites: of the probe, and of its quote on the way back."""

    SOURCE = "source"
    SOURCE_AND_PORT = "source and port"
    STALE_CHECKSUM = "source and port restored, but not the checksum"
    RESTORED = "everything restored"


def translated(probe: bytes, source: IPAddress, port: int | None = None) -> bytes:
    """The probe from another source, and source port or identifier, with the checksums for it."""
    version = probe[0] >> 4
    changed = bytearray(with_source(probe, source))
    if port is not None:
        port_at, sum_at = _PLACES[probe[_PROTOCOL[version]]]
        at = _HEADER_BYTES[version]
        places = (slice(at + where, at + where + 2) for where in (port_at, sum_at))
        port_place, sum_place = places
        before, total = (int.from_bytes(changed[place]) for place in (port_place, sum_place))
        # RFC 1624: HC' = ~(~HC + ~m + m')
        total = ~fold((~total & 0xFFFF) + (~before & 0xFFFF) + port) & 0xFFFF
        changed[port_place], changed[sum_place] = port.to_bytes(2), total.to_bytes(2)
    return bytes(changed)


def quoted(probe: bytes, way: Way) -> bytes:
    """The probe as the quote shows it that arrives at its sender."""
    version = probe[0] >> 4
    if way is Way.RESTORED:
        return probe
    if way is Way.SOURCE:
        return translated(probe, NAT[version])
    behind = translated(probe, NAT[version], PORT)
    if way is Way.SOURCE_AND_PORT:
        return behind
    at, (port_at, _) = _HEADER_BYTES[version], _PLACES[probe[_PROTOCOL[version]]]
    restored = bytearray(behind)
    for place in (_SOURCE[version], slice(at + port_at, at + port_at + 2)):
        restored[place] = probe[place]
    return bytes(restored)
