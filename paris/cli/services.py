"""The services that HOST:PORT, -p and --ports name, as protocols and ports."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from paris.cli.arguments import port
from paris.cli.target import split
from paris.errors import SettingsError
from paris.lookup.services import protocol_of
from paris.settings import Lane

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 64  # services of one run: each has its own column of probes to every hop


def settled(given: argparse.Namespace) -> argparse.Namespace:
    """The options with `host` alone, with the protocol and port of a service, and with `lanes`.

    `lanes` are the services of --ports, if it names several, or what --compare names. A service
    implies its protocol, unless the user chose one; the number of -p, as in traceroute, does not.
    Raises SettingsError where services are unknown or contradict other options.
    """
    host, service = (None, None) if given.host is None else split(given.host)
    named = {given.host: service, "-p/--port": given.port, "--ports": given.ports,
             "--compare": given.compare or None}  # fmt: skip
    used = [option for option, value in named.items() if value is not None]
    if given.compare and (given.protocol is not None or given.port is not None):
        raise SettingsError("--compare names protocols and ports; leave out -U, -T, -I and -p")
    if len(used) > 1:
        raise SettingsError(f"{used[0]} and {used[1]} both name ports; give only one")
    if used and given.protocol == "icmp":
        raise SettingsError(f"{used[0]} has no meaning with -I: ICMP has no ports")
    found: dict[str, object] = {"host": host, "lanes": given.compare}
    if given.port is not None and given.port.isdecimal():
        found["port"] = _port("-p/--port", given.port, given.protocol or "udp")
    elif used and not given.compare:
        lanes = _lanes(used[0], str(named[used[0]]), given.protocol)
        if len(lanes) == 1:
            found.update(protocol=lanes[0].protocol, port=lanes[0].dport)
        else:
            found["lanes"] = lanes
    return argparse.Namespace(**{**vars(given), **found})


def _lanes(option: str, text: str, protocol: str | None) -> tuple[Lane, ...]:
    """The services of a list, each once."""
    words = _listed(text) if option == "--ports" else [text]
    found: dict[Lane, None] = {}
    for word in words:
        found[_lane(option, word, protocol)] = None
        if len(found) > _MOST:
            raise SettingsError(f"--ports {text}: at most {_MOST} services fit into one run")
    return tuple(found)


def _listed(text: str) -> Iterator[str]:
    """The names and numbers of a list such as `22,http,8000-8003`."""
    for word in text.split(","):
        first, _, last = word.partition("-")
        if not (first.isdecimal() and last.isdecimal()):
            yield word
            continue
        lowest, highest = (_port("--ports", end, "tcp") for end in (first, last))
        if lowest > highest:
            raise SettingsError(f"--ports {word}: the range ends before it begins")
        yield from map(str, range(lowest, highest + 1))


def _lane(option: str, text: str, protocol: str | None) -> Lane:
    if protocol is None:
        is_number = text.isdecimal()
        protocol = protocol_of(_port(option, text, "tcp") if is_number else text)
    return Lane(protocol, _port(option, text, protocol))


def _port(option: str, text: str, protocol: str) -> int:
    try:
        return port(text, protocol)
    except argparse.ArgumentTypeError as error:
        raise SettingsError(f"{option}: {error}") from None
