"""Resolves a host's name to its address, and finds the source address for it."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from paris.errors import ResolveError, SettingsError, WireError
from paris.wire.linux.sockets import bind_to_device

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mda.model import IPAddress

_FAMILY: Final = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}


def destination(host: str, version: int | None) -> IPAddress:
    """The address of `host`, of IP version `version` if given. Raises ResolveError."""
    try:
        # Bytes bypass Python's IDNA encoder, which raises UnicodeError for an empty label ("a..b")
        # or a label of over 63 characters, and is slow to import.
        name = host.encode() if host.isascii() else host
        found = socket.getaddrinfo(name, None, _FAMILY[version], socket.SOCK_DGRAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else "not a valid name"
        wanted = f" as IPv{version}" if version else ""
        raise ResolveError(f"cannot resolve {host!r}{wanted}: {reason}") from None
    address = ip_address(str(found[0][4][0]).partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        if version == 6:
            raise ResolveError(f"{host} stands for {address.ipv4_mapped}, which is IPv4; use -4")
        address = address.ipv4_mapped
    if isinstance(address, IPv6Address) and address.is_link_local:
        raise ResolveError(f"{host}: a link-local address has no path to trace")
    if address.is_multicast or address.is_unspecified:
        raise ResolveError(f"{host}: {address} is not the address of one host")
    return address


def source_for(
    destination: IPAddress, *, asked: IPAddress | None, interface: str | None
) -> IPAddress:
    """The source address of packets to `destination`.

    If the user asked for an address, `asked`, this machine must have it. Raises WireError without
    a route, SettingsError if `asked` or `interface` cannot be used.
    """
    family = socket.AF_INET if destination.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        if interface is not None:
            bind_to_device(probe, interface)
        if asked is not None:
            if asked.version != destination.version:
                raise SettingsError(
                    f"-s {asked} is not of the IP version of {destination}; give one that is"
                )
            try:
                probe.bind((str(asked), 0))
            except OSError as error:
                raise SettingsError(
                    f"-s {asked}: {error.strerror}; use an address of this machine"
                ) from None
        try:
            probe.connect((str(destination), 9))
        except OSError as error:
            raise WireError(f"no route to {destination}: {error.strerror}") from None
        return ip_address(str(probe.getsockname()[0]).partition("%")[0])


def own_addresses(
    candidates: Iterable[IPAddress], source: IPAddress, prefix_len: int
) -> Iterator[IPAddress]:
    """Other addresses of this machine in the prefix of `source`.

    They are the addresses that the system lists (IPv6), and those `candidates` to which a socket
    can be bound.
    """
    network = ip_network((source, prefix_len), strict=False)
    listed = [address for address in _listed_addresses(source.version) if address in network]
    family = socket.AF_INET if source.version == 4 else socket.AF_INET6
    for candidate in dict.fromkeys([*listed, *candidates]):
        if candidate != source and _is_own(candidate, family):
            yield candidate


def _is_own(address: IPAddress, family: int) -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
        return True


def _listed_addresses(version: int) -> list[IPAddress]:
    """All IPv6 addresses of this machine; in IPv4 candidates are few enough to try each."""
    if version == 4:
        return []
    from pathlib import Path  # not before the first probe of a plain trace

    try:
        lines = Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    return [IPv6Address(int(line.split()[0], 16)) for line in lines]
