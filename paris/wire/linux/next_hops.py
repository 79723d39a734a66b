"""Addresses raw datagrams so that they leave by their way, whatever routing says of them.

A raw socket routes a datagram by the address that it is given, not by its header. So where a flow
has a way, that address is the gateway's, and the interface is named beside it.
"""

from __future__ import annotations

import socket
import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.errors import WireError
from paris.wire.linux import netlink, routes
from paris.wire.linux.routes import Question

if TYPE_CHECKING:
    from mda.model import IPAddress, Way
    from paris.packets.flows import Flows

# What `socket.sendmsg` takes beside a datagram: control messages, flags and a sockaddr.
Addressing = tuple[tuple[tuple[int, int, bytes], ...], int, tuple[object, ...]]

_IP_PKTINFO: Final = 8  # from linux/in.h
_DESTINATION: Final = {4: slice(16, 20), 6: slice(24, 40)}


class NextHop(NamedTuple):
    """What a raw socket needs beside a datagram: control messages, flags and an address."""

    control: tuple[tuple[int, int, bytes], ...]
    flags: int
    address: IPAddress


class NextHops:
    """The next hops of the probes of `flows`; `mark` is that of the sending socket, 0 for none."""

    def __init__(self, flows: Flows, mark: int) -> None:
        self._flows = flows
        self._mark = mark
        self._destination = _DESTINATION[flows.source.version]
        self._known: dict[tuple[bytes, Way | None], Addressing] = {}

    def of(self, probe: bytes) -> Addressing:
        """How to address a probe. Raises WireError where raw sockets cannot reach its next hop."""
        key = probe[self._destination], self._flows.way_of(probe)
        found = self._known.get(key)
        if found is None:
            destination, way = ip_address(key[0]), key[1]
            hop = next_hop(destination, way, self._mark) if way else NextHop((), 0, destination)
            rest = (0,) if destination.version == 4 else (0, 0, 0)
            found = self._known[key] = hop.control, hop.flags, (str(hop.address), *rest)
        return found


def next_hop(destination: IPAddress, way: Way, mark: int) -> NextHop:
    """The next hop of a way to a destination; `mark` is that of the socket, 0 for none.

    Raises WireError where raw sockets cannot reach it.
    """
    try:
        interface = socket.if_nametoindex(way.interface)
    except OSError:
        raise WireError(f"cannot send by {way.interface}: it is gone") from None
    address = destination
    # An IPv4 datagram with an IPv6 gateway is left to the interface's route.
    if way.gateway is not None and way.gateway.version == address.version:
        address = way.gateway
    flags = 0
    if not _is_reached(Question(address, interface=interface, mark=mark), way.gateway):
        # Rules that do not know the datagram would send it to another gateway, or nowhere.
        if address.version == 6:
            raise WireError(
                f"cannot send to {address} by {way.interface}: rules lead raw datagrams elsewhere; "
                "use --wire unprivileged"
            )
        flags = socket.MSG_DONTROUTE  # the address is on the link, whatever the rules say
    if address.version == 4:
        packet_info = struct.pack("@i8x", interface)
        return NextHop(((socket.IPPROTO_IP, _IP_PKTINFO, packet_info),), flags, address)
    # With a source here, Linux would ignore the interface (findings/ipv6-interface-with-source.sh).
    packet_info = struct.pack("@16xi", interface)
    control = ((socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, packet_info),)
    return NextHop(control, flags, address)


def _is_reached(question: Question, gateway: IPAddress | None) -> bool:
    """Whether a raw datagram reaches the address directly, or by the gateway of its way."""
    route = routes.route(question)
    if route is None or route.gateway is None:
        return route is not None
    if route.gateway not in (question.destination, gateway):
        return False
    # Of several gateways of an interface IPv4 takes the first, and IPv6 any.
    several = netlink.next_hops_by(question.interface, question.destination, question.others)
    return question.destination.version == 4 or several < 2
