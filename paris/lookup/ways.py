"""Finds the source of packets, and the ways of flows out of this machine where it has several."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from paris.errors import WireError
from paris.lookup import addresses
from paris.wire.linux import netlink

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.packets.flows import Flows
    from paris.settings import Target

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
    except WireError:
        if netlink.is_plain(destination, asked, interface):
            raise
        return ip_address(_UNSPECIFIED[destination.version])


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
