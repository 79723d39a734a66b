"""Names to addresses and back, and the source address that leads to a destination."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor, wait
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from paris.errors import ResolveError, SettingsError, WireError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.model import IPAddress

_FAMILY: Final = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}
_NAME_THREADS: Final = 16
_NAMES_WAIT_S: Final = 2.0


def destination(host: str, version: int | None) -> IPAddress:
    """The address of `host`, of the wanted IP version if one is given. Raises ResolveError."""
    try:
        # The empty label of "a..b" and labels beyond 63 characters fail in IDNA, as UnicodeError.
        found = socket.getaddrinfo(host, None, _FAMILY[version], socket.SOCK_DGRAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else "not a valid name"
        wanted = f" as IPv{version}" if version else ""
        raise ResolveError(f"cannot resolve {host!r}{wanted}: {reason}") from None
    text = str(found[0][4][0]).partition("%")[0]
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.is_link_local:
        raise ResolveError(f"{host}: a link-local address has no path to trace")
    return address


def source_for(
    destination: IPAddress, *, asked: IPAddress | None, interface: str | None
) -> IPAddress:
    """The address that packets to `destination` leave from.

    `asked` is checked to be one of ours. Raises WireError where there is no route, SettingsError
    where `asked` or `interface` cannot be used.
    """
    family = socket.AF_INET if destination.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        if interface is not None:
            _bind_to_device(probe, interface)
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
            raise WireError(f"no way to {destination}: {error.strerror}") from None
        return ip_address(str(probe.getsockname()[0]).partition("%")[0])


def _bind_to_device(probe: socket.socket, interface: str) -> None:
    try:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    except OSError as error:
        raise SettingsError(f"-i {interface}: {error.strerror}") from None


def names(addresses: Iterable[IPAddress]) -> dict[IPAddress, str]:
    """What the name service calls each address, as far as it says so within two seconds.

    Whoever owns an address writes its name: what cannot be printed is escaped.
    """
    pool = ThreadPoolExecutor(_NAME_THREADS)
    asked = {pool.submit(_name, address): address for address in addresses}
    done, _ = wait(asked, timeout=_NAMES_WAIT_S)
    pool.shutdown(wait=False, cancel_futures=True)
    found = {asked[future]: future.result() for future in done}
    return {address: name for address, name in found.items() if name is not None}


def _name(address: IPAddress) -> str | None:
    try:
        name, _ = socket.getnameinfo((str(address), 0), socket.NI_NAMEREQD)
    except OSError:
        return None
    return printable(name)


def printable(name: str) -> str:
    r"""The name with everything but printable ASCII escaped.

    >>> printable("evil\x1b[2Jhost")
    'evil\\x1b[2Jhost'
    """
    return "".join(
        character if " " < character <= "~" else character.encode("unicode_escape").decode()
        for character in name
    )
