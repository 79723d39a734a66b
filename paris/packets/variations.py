"""How variants of a flow (`mda.variants`) differ from it: one row per header field.

A variant number selects one of the field's other values. Addresses and protocols have the values
that the run may use; other fields have enough values to distinguish a hashed field from an ignored
one.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import HeaderField
from mda.variants import MOST_SCARCE, MOST_VALUES
from paris.packets import numbers
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mda.model import IPAddress
    from paris.packets.flow_headers import FlowHeaders

# Multiplying by this odd constant scatters consecutive numbers over all bits, without collisions
# in any number of low bits (Fibonacci hashing).
_SCATTER: Final = 0x9E3779B97F4A7C15
_LABEL_BITS: Final = 0xFFFFF
_DSCP_SHIFT: Final = 2  # routers set the two low bits on congestion (RFC 3168)
_ECHO_REQUEST_WORD: Final = {version: kind << 8 for version, kind in numbers.ECHO_REQUEST.items()}


class Neighbours(NamedTuple):
    """The addresses that variants may use: destinations in a prefix, and other sources."""

    prefix_len: int
    sources: tuple[IPAddress, ...]


def other_addresses(address: IPAddress, prefix_len: int) -> Iterator[IPAddress]:
    """The other host addresses in the prefix, in an order that puts neighbours far apart.

    >>> from ipaddress import ip_address
    >>> others = other_addresses(ip_address("192.0.2.9"), 24)
    >>> [str(other) for other in islice(others, 3)]
    ['192.0.2.28', '192.0.2.35', '192.0.2.54']
    """
    bits = address.max_prefixlen - prefix_len
    host = (1 << bits) - 1
    for number in range(1, host + 1):
        other = int(address) ^ (number * _SCATTER & host)
        if other & host not in (0, host):
            yield type(address)(other)


def _port(port: int | None, number: int) -> int:
    """Another valid port, from 1 to 65535."""
    return ((port or 1) - 1 + number) % 0xFFFF + 1


def _values_with_ports(headers: FlowHeaders, _: Neighbours) -> int:
    return 0 if headers.sport is None else MOST_VALUES


def _values_without_ports(headers: FlowHeaders, _: Neighbours) -> int:
    return 0 if headers.icmp_checksum is None else MOST_VALUES


def _destinations(headers: FlowHeaders, neighbours: Neighbours) -> int:
    bits = headers.destination.max_prefixlen - neighbours.prefix_len
    # No host has the address of a network or its broadcast address.
    return min(MOST_VALUES, (1 << bits) - 3) if bits > 1 else 0


def _other_destination(headers: FlowHeaders, neighbours: Neighbours, number: int) -> FlowHeaders:
    others = other_addresses(headers.destination, neighbours.prefix_len)
    return headers._replace(destination=next(islice(others, number - 1, None)))


def _twin(headers: FlowHeaders, *_: object) -> FlowHeaders:
    """The same headers with the twin protocol; an echo request's type and checksum become ports."""
    twin = headers._replace(protocol=headers.protocol.twin)
    if headers.protocol is not Protocol.ICMP:
        return twin
    return twin._replace(
        sport=_ECHO_REQUEST_WORD[headers.source.version],
        dport=headers.icmp_checksum,
        icmp_checksum=None,
    )


class Variation(NamedTuple):
    """How to vary one field: the number of other values, and the headers with the nth of them."""

    values: Callable[[FlowHeaders, Neighbours], int]
    varied: Callable[[FlowHeaders, Neighbours, int], FlowHeaders]
    needs_prefix: bool = False  # without this, every run may vary the field


VARIATIONS: Final[Mapping[HeaderField, Variation]] = {
    HeaderField.SPORT: Variation(
        _values_with_ports,
        lambda headers, _, number: headers._replace(sport=_port(headers.sport, number)),
    ),
    HeaderField.DPORT: Variation(
        _values_with_ports,
        lambda headers, _, number: headers._replace(dport=_port(headers.dport, number)),
    ),
    HeaderField.ICMP_CHECKSUM: Variation(
        _values_without_ports,
        lambda headers, _, number: headers._replace(
            icmp_checksum=(headers.icmp_checksum or 0) + number
        ),
    ),
    HeaderField.TRAFFIC_CLASS: Variation(
        lambda *_: 0xFF >> _DSCP_SHIFT,
        lambda headers, _, number: headers._replace(
            traffic_class=headers.traffic_class ^ number << _DSCP_SHIFT
        ),
    ),
    HeaderField.FLOW_LABEL: Variation(
        lambda headers, _: MOST_VALUES if headers.source.version == 6 else 0,
        lambda headers, _, number: headers._replace(
            flow_label=headers.flow_label + number * _SCATTER & _LABEL_BITS
        ),
    ),
    HeaderField.SOURCE: Variation(
        lambda _, neighbours: min(len(neighbours.sources), MOST_SCARCE),
        lambda headers, neighbours, number: headers._replace(source=neighbours.sources[number - 1]),
        needs_prefix=True,
    ),
    HeaderField.DESTINATION: Variation(_destinations, _other_destination, needs_prefix=True),
    HeaderField.PROTOCOL: Variation(lambda *_: 1, _twin, needs_prefix=True),
}
