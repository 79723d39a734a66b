"""Resolves a host's name to its address, and finds the source address for it."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.errors import ResolveError, SettingsError, WithheldError
from paris.wire.linux.sockets import bind_to_device, set_mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mda.model import IPAddress

_FAMILY: Final = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}
_BROADCAST: Final = IPv4Address("255.255.255.255")


class Destination(NamedTuple):
    """The address of a host.

    `zone` names the interface on whose link a link-local address is meant (RFC 4007). It is kept
    apart, because the addresses in packets have none.
    """

    address: IPAddress
    zone: str | None = None


def destination(host: str, version: int | None) -> Destination:
    """The address of `host`, of IP version `version` if given. Raises ResolveError."""
    written, _, zone = host.partition("%") if ":" in host else (host, "", "")
    if zone and _is_wide(written):
        raise ResolveError(f"{host}: only a link-local address has a zone; use -i {zone}")
    if zone and not _is_zone(zone):
        raise ResolveError(f"{host}: this machine has no interface {zone!r}")
    try:
        # Bytes bypass Python's IDNA encoder, which raises UnicodeError for an empty label ("a..b")
        # or a label of over 63 characters, and is slow to import.
        name = host.encode() if host.isascii() else host
        found = socket.getaddrinfo(name, None, _FAMILY[version], socket.SOCK_DGRAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else "not a valid name"
        wanted = f" as IPv{version}" if version else ""
        raise ResolveError(f"cannot resolve {host!r}{wanted}: {reason}") from None
    text, *rest = found[0][4]
    address = ip_address(str(text).partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        if version == 6:
            raise ResolveError(f"{host} stands for {address.ipv4_mapped}, which is IPv4; use -4")
        address = address.ipv4_mapped
    elif address.version == 4 and _is_other_notation(host):
        raise ResolveError(
            f"{host} is ambiguous: here it means {address}, elsewhere another address; "
            "write four decimal numbers without leading zeros"
        )
    if address.is_multicast or address.is_unspecified or address == _BROADCAST:
        named = "" if host == str(address) else f"{host}: "
        raise ResolveError(f"{named}{address} is not the address of one host")
    if not address.is_link_local or address.version == 4:
        return Destination(address)
    scope = int(rest[2])
    return Destination(address, socket.if_indextoname(scope) if scope else None)


def of_name(host: str) -> tuple[IPAddress, ...]:
    """All addresses of a name, in the order in which this system prefers them; none of an address.

    Systems order them by RFC 6724: by how well this machine reaches each.
    """
    try:
        found = socket.getaddrinfo(host.encode(), None, type=socket.SOCK_DGRAM)
    except (socket.gaierror, UnicodeError):
        return ()
    addresses = dict.fromkeys(ip_address(str(text).partition("%")[0]) for *_, (text, *_) in found)
    return tuple(addresses) if host not in map(str, addresses) else ()


def _is_wide(text: str) -> bool:
    """Whether this is an address of one host, the same on every link."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (address.is_link_local or address.is_multicast)


def _is_zone(zone: str) -> bool:
    """Whether this is the name or the number of an interface."""
    try:
        if zone.isdecimal():
            socket.if_indextoname(int(zone))
        else:
            socket.if_nametoindex(zone)
    except (OSError, OverflowError, ValueError):
        return False
    return True


def _is_other_notation(host: str) -> bool:
    """Whether `host` is a number of IPv4 in another form than four decimal numbers (inet(3))."""
    try:
        socket.inet_aton(host)
    except OSError:
        return False  # a name
    try:
        return str(IPv4Address(host)) != host
    except ValueError:
        return True


def interface_for(
    destination: Destination, *, asked: str | None, source: IPAddress | None
) -> str | None:
    """The interface by which to send: `asked`, or a zone's; None leaves it to routing.

    `source` is the address that the user asked for, None for any. Raises SettingsError where they
    contradict each other or a link-local address lacks its interface.
    """
    zone = destination.zone
    source_zone = source.scope_id if isinstance(source, IPv6Address) else None
    said = {f"-i {asked}": asked, f"%{zone}": zone, f"-s {source}": source_zone}
    given = {words: name for words, name in said.items() if name is not None}
    if len({_index(name) for name in given.values()}) > 1:
        raise SettingsError(f"{' and '.join(given)} are different interfaces; give only one")
    interface = next(iter(given.values()), None)
    for words, address in (("", destination.address), ("-s ", source)):
        if interface is None and isinstance(address, IPv6Address) and address.is_link_local:
            raise SettingsError(
                f"{words}{address} is a link-local address: say on which interface, "
                f"such as {words}{address}%eth0"
            )
    return interface


def _index(interface: str) -> int | str:
    """The number of an interface, which may have several names; its name if it does not exist."""
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        return interface


def source_for(
    destination: IPAddress, *, asked: IPAddress | None, interface: str | None, mark: int = 0
) -> IPAddress:
    """The source address of packets to `destination` with this mark (0 for none).

    If the user asked for an address, `asked`, this machine must have it. Raises WithheldError
    without a route, SettingsError if `asked` or `interface` cannot be used, PrivilegeError for
    `mark`, ResolveError for an address of several hosts.
    """
    family = socket.AF_INET if destination.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        if interface is not None:
            bind_to_device(probe, interface)
        set_mark(probe, mark)
        if asked is not None:
            if asked.version != destination.version:
                raise SettingsError(
                    f"-s {asked} is not of the IP version of {destination}; give one that is"
                )
            if asked.is_unspecified or asked.is_multicast or asked == _BROADCAST:
                raise SettingsError(f"-s {asked} is not the address of one host")
            try:
                probe.bind((str(asked).partition("%")[0], 0))
            except OSError as error:
                raise SettingsError(
                    f"-s {asked}: {error.strerror}; use an address of this machine"
                ) from None
            if _is_broadcast(asked, family):
                raise SettingsError(
                    f"-s {asked} is the broadcast address of a link; use one of this machine's own"
                )
        try:
            probe.connect((str(destination), 9))
        except OSError as error:
            if error.errno == errno.EACCES and _is_refused_only_as_broadcast(destination, probe):
                raise ResolveError(
                    f"{destination} is the broadcast address of a link, not that of one host"
                ) from None
            if error.errno == errno.EADDRNOTAVAIL:
                raise _no_source(destination) from None
            reason = error.strerror or ""
            raise WithheldError(
                f"no route to {destination}: {reason}", reason, is_route=True
            ) from None
        source = ip_address(str(probe.getsockname()[0]).partition("%")[0])
    # Where there is no address, the kernel takes none in IPv4, and that of loopback in IPv6.
    is_last_resort = source.is_loopback and source != asked and not destination.is_loopback
    if source.is_unspecified or is_last_resort:
        raise _no_source(destination)
    return source


def _no_source(destination: IPAddress) -> WithheldError:
    reason = f"no interface has an IPv{destination.version} address for the way there"
    return WithheldError(f"cannot send to {destination}: {reason}", reason, is_route=True)


def _is_broadcast(address: IPAddress, family: int) -> bool:
    """Whether the kernel refuses to send there only because it is a broadcast address."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        is_refused = probe.connect_ex((str(address), 9)) == errno.EACCES
        return is_refused and _is_refused_only_as_broadcast(address, probe)


def _is_refused_only_as_broadcast(address: IPAddress, probe: socket.socket) -> bool:
    """Whether `probe`, which was refused, may send there as soon as it may broadcast."""
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return probe.connect_ex((str(address), 9)) == 0


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
    return not _is_broadcast(address, family)


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
