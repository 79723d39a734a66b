"""Finds the source of packets, and the ways of flows out of this machine where it has several."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from mda.variants import MOST_BYTES
from paris.errors import WireError, WithheldError
from paris.lookup import addresses
from paris.wire.linux import netlink

if TYPE_CHECKING:
    from typing import NoReturn

    from mda.model import IPAddress
    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.flows import Flows
    from paris.settings import Target

_FLOWS_ASKED: Final = 64  # so many flows take each of eight even ways, but for one run of 640
_UNSPECIFIED: Final = {4: "0.0.0.0", 6: "::"}


def source_for(destination: IPAddress, target: Target) -> IPAddress:
    """The source address of packets to `destination`; see `addresses.source_for`, which raises.

    It is unspecified if only rules for some packets lead there: flows then have those of their
    ways.
    """
    asked, interface = target.source, target.interface
    try:
        return addresses.source_for(
            destination, asked=asked, interface=interface, mark=target.mark or 0
        )
    except WithheldError:
        if netlink.is_plain(destination, asked, interface):
            raise
        return no_source(destination)


def no_source(destination: IPAddress) -> IPAddress:
    """The unspecified address, as the source where no way to `destination` is known."""
    return ip_address(_UNSPECIFIED[destination.version])


def without_way(flows: Flows, refused: WithheldError) -> Flows:
    """The flows, none of which has a way out of this machine, for the reason in `refused`."""
    from paris.packets.ways import Ways  # most machines have a way

    def choose(_: FlowHeaders, __: IPAddress | None) -> NoReturn:
        raise refused

    return flows.replace(ways=Ways({}, choose, differ=False))


def longest(flows: Flows, target: Target) -> int:
    """The length in bytes of the longest packet that can leave by the ways of flows.

    It is the least MTU of their interfaces, not what the kernel has learned about the path. Raises
    WireError if no way leads to the destination.
    """
    from paris.wire.linux.routes import Question, route
    from paris.wire.linux.sockets import interface_mtu

    if flows.ways is not None:
        ways = (flows.way(flow) for flow in range(min(_FLOWS_ASKED, flows.capacity)))
        names = {way.interface for way in ways if way is not None}
    else:
        index = 0 if target.interface is None else socket.if_nametoindex(target.interface)
        found = route(Question(flows.destination, flows.source, interface=index))
        names = set() if found is None else {socket.if_indextoname(found.interface)}
    if not names:
        raise WireError(f"cannot send to {flows.destination}: no route leads there")
    return min(MOST_BYTES, *map(interface_mtu, names))


def with_ways(flows: Flows, target: Target) -> Flows:
    """The flows with their ways, unless all leave as any packet to the destination does.

    Raises WireError if no way leads to the destination.
    """
    if not target.mark and netlink.is_plain(flows.destination, target.source, target.interface):
        return flows
    from paris.lookup.choosing import with_chosen  # most machines have one way

    return with_chosen(
        flows, asked=target.source, interface=target.interface, mark=target.mark or 0
    )
