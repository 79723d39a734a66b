"""Sends frames without routing: a packet socket, and the next hop's link address.

The program ip (iproute2) reports the interface and the link address of the next hop.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import socket
import struct
import subprocess
import time
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from paris.errors import SettingsError, WireError
from paris.wire.bulk.sendmmsg import Target
from paris.wire.linux.sockets import ETHER_TYPE, bind_to_device, enlarge_sending

if TYPE_CHECKING:
    from mda.model import IPAddress, Way

_ETHERNET: Final = 1  # the kind of its link addresses, from linux/if_arp.h
_GET_LINK_ADDRESS: Final = 0x8927  # SIOCGIFHWADDR, from linux/sockios.h
_DISCARD_PORT: Final = 9
_RESOLVE_S: Final = 2.0
_RESOLVED: Final = {"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP"}


def open_sender() -> socket.socket:
    """A packet socket. Raises OSError (PermissionError without CAP_NET_RAW)."""
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
    enlarge_sending(sender)
    return sender


def target(destination: IPAddress, interface: str | None, way: Way | None) -> Target:
    """The link address of the next hop towards `destination` (sockaddr_ll), by a way if given.

    Raises SettingsError for an interface that does not lead there or is not Ethernet, WireError
    without a route or a next hop that resolves.
    """
    if way is None:
        route = _route(destination, interface)
        device = route["dev"]
        text = route.get("gateway", route.get("via", {}).get("host", str(destination)))
        gateway = ip_address(text)
    else:
        device, gateway = way.interface, way.gateway or destination
    if not _is_ethernet(device):
        raise SettingsError(
            f"--link: {device}, the way to {destination}, is not Ethernet: its next hops have no "
            "link addresses; run without --link"
        )
    hardware = _link_address(gateway, device)
    return Target(
        struct.pack(
            "@HHiHBB8s", socket.AF_PACKET, socket.htons(ETHER_TYPE[destination.version]),
            socket.if_nametoindex(device), 0, 0, len(hardware), hardware,
        )
    )  # fmt: skip


def _is_ethernet(device: str) -> bool:
    """Whether a link has Ethernet addresses; it asks without privileges, which may be gone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        request = struct.pack("@16s24x", device.encode())
        (kind,) = struct.unpack_from("@16xH", fcntl.ioctl(asking, _GET_LINK_ADDRESS, request))
    return bool(kind == _ETHERNET)


def _route(destination: IPAddress, interface: str | None) -> dict[str, Any]:
    where = [] if interface is None else ["oif", interface]
    found = _ip(destination.version, "route", "get", str(destination), *where)
    if not found:
        if interface is not None:
            raise SettingsError(f"-i {interface}: it does not lead to {destination}")
        raise WireError(f"no route to {destination}")
    return found[0]


def _link_address(gateway: IPAddress, device: str) -> bytes:
    """The hardware address of a neighbour; makes the kernel resolve it if it is unknown.

    Raises WireError if it stays unknown for _RESOLVE_S seconds.
    """
    until_s = time.monotonic() + _RESOLVE_S
    while True:
        # Without "nud all" ip hides the neighbours on an interface that resolves none.
        search = "neigh", "show", str(gateway), "dev", device, "nud", "all"
        for known in _ip(gateway.version, *search):
            if "lladdr" in known and _RESOLVED & set(known.get("state", ())):
                return bytes.fromhex(known["lladdr"].replace(":", ""))
        if time.monotonic() > until_s:
            raise WireError(f"the next hop {gateway} on {device} has no link address")
        family = socket.AF_INET if gateway.version == 4 else socket.AF_INET6
        # Any datagram makes the kernel resolve the next hop.
        with socket.socket(family, socket.SOCK_DGRAM) as asking, suppress(OSError):
            bind_to_device(asking, device)
            asking.sendto(b"", (str(gateway), _DISCARD_PORT))
        time.sleep(0.02)


def _ip(version: int, *arguments: str) -> list[dict[str, Any]]:
    program = shutil.which("ip") or shutil.which("ip", path="/sbin:/usr/sbin")
    if program is None:
        raise WireError("Ethernet frames need the program ip of iproute2")
    ran = subprocess.run(
        [program, f"-{version}", "-json", *arguments], capture_output=True, text=True, check=False
    )
    if ran.returncode != 0 or not ran.stdout.strip():
        return []
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found
