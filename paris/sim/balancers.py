"""How a simulated router picks a successor: pure hash functions of header fields.

Each router has its own key, so that routers choose independently, unless a topology gives two
routers the same seed (polarisation).
"""

from __future__ import annotations

import struct
from _blake2 import blake2b  # hashlib would load OpenSSL for it
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import HeaderField
from paris.packets.numbers import ICMP4, ICMP6

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress


class Balance(Enum):
    """The kind of a balancer: it sends each flow, packet or destination to one branch."""

    FLOW = "flow"
    PACKET = "packet"
    DESTINATION = "destination"


# Routers hash by default: addresses, protocol, and the four bytes after the IP header, which are
# ports or contain the ICMP checksum.
DEFAULT_FIELDS: Final = (
    HeaderField.SOURCE,
    HeaderField.DESTINATION,
    HeaderField.PROTOCOL,
    HeaderField.SPORT,
    HeaderField.DPORT,
    HeaderField.ICMP_CHECKSUM,
)
# The fields that a topology may name instead.
HASHABLE: Final = (*DEFAULT_FIELDS, HeaderField.FLOW_LABEL, HeaderField.TRAFFIC_CLASS)


class HeaderFields(NamedTuple):
    """The fields of a datagram that balancers may hash; fields that it lacks are 0."""

    source: int
    destination: int
    protocol: int
    sport: int = 0
    dport: int = 0
    icmp_checksum: int = 0
    flow_label: int = 0
    traffic_class: int = 0


@cache
def places(fields: tuple[HeaderField, ...]) -> tuple[int, ...]:
    """The places of these fields among those of `HeaderFields`."""
    return tuple(HeaderFields._fields.index(field.attribute) for field in fields)


def header_fields(
    source: IPAddress, destination: IPAddress, protocol: int, label: int, tos: int, payload: bytes
) -> HeaderFields:
    """The fields of a datagram; `payload` holds the bytes after the IP header (at least 4)."""
    first, second = struct.unpack_from("!HH", payload)
    is_icmp = protocol in (ICMP4, ICMP6)
    return HeaderFields(
        source=int(source),
        destination=int(destination),
        protocol=protocol,
        sport=0 if is_icmp else first,
        dport=0 if is_icmp else second,
        icmp_checksum=second if is_icmp else 0,
        flow_label=label,
        traffic_class=tos,
    )


def key(text: str) -> bytes:
    """The hash key of a router whose seed is `text`."""
    return blake2b(text.encode(), digest_size=16).digest()


def draw(router_key: bytes, values: Sequence[int], shares: Sequence[int]) -> int:
    """The index of the successor that hashing `values` selects, in proportion to `shares`.

    Raises ValueError unless `shares` are positive.
    """
    data = b"".join([value.to_bytes(16) for value in values])
    number = int.from_bytes(blake2b(data, digest_size=8, key=router_key).digest())
    mark = number * sum(shares) >> 64
    for index, share in enumerate(shares):
        mark -= share
        if mark < 0:
            return index
    raise ValueError("shares must be positive")
