"""The route that the kernel says a packet would take."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from paris.wire.linux import netlink
from paris.wire.linux.netlink import INTERFACE

if TYPE_CHECKING:
    from mda.model import IPAddress

# Attributes of a route (linux/rtnetlink.h).
_GATEWAY, _PREFERRED_SOURCE, _MARK, _VIA = 5, 7, 16, 18
_PROTOCOL, _SPORT, _DPORT, _FLOW_LABEL = 27, 28, 29, 31


class Question(NamedTuple):
    """What routing reads of a packet; None or 0 for what is not chosen yet, or does not exist.

    `protocol` is a number. `interface` is the index of the one that the packet must leave by.
    """

    destination: IPAddress
    source: IPAddress | None = None
    protocol: int = 0
    sport: int = 0
    dport: int = 0
    traffic_class: int = 0
    flow_label: int = 0
    interface: int = 0
    mark: int = 0

    @property
    def others(self) -> list[tuple[int, bytes]]:
        """The attributes that are given, beside the addresses."""
        return [
            (kind, struct.pack(form, value))
            for kind, form, value in (
                (_PROTOCOL, "@B", self.protocol),
                (_SPORT, "!H", self.sport),
                (_DPORT, "!H", self.dport),
                (_FLOW_LABEL, "!I", self.flow_label),
                (INTERFACE, "@I", self.interface),
                (_MARK, "@I", self.mark),
            )
            if value
        ]


class Route(NamedTuple):
    """The answer: the source that the kernel would choose, interface (index) and gateway.

    `source` is None where the question has one. `gateway` is None where the link has no other
    station to choose, or where the destination is on it; an IPv4 route may have an IPv6 gateway.
    """

    source: IPAddress | None
    interface: int
    gateway: IPAddress | None


def route(question: Question) -> Route | None:
    """The route that a packet of this process's user would take; None if none leads there."""
    found, _ = netlink.route(
        question.destination, question.source, question.traffic_class, question.others
    )
    if INTERFACE not in found:
        return None
    source, gateway = found.get(_PREFERRED_SOURCE), found.get(_GATEWAY)
    if gateway is None and _VIA in found:
        gateway = found[_VIA][2:]  # behind the address family
    (interface,) = struct.unpack("@I", found[INTERFACE])
    return Route(
        source=None if source is None else ip_address(source),
        interface=interface,
        gateway=None if gateway is None else ip_address(gateway),
    )


def has_choice(question: Question) -> bool:
    """Whether the route has several next hops, or is for some sources only."""
    return netlink.has_choice(question.destination, question.source, question.others)
