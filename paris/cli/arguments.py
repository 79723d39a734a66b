"""Converters for option values; each raises ArgumentTypeError for invalid text."""

from __future__ import annotations

import argparse
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from paris.errors import SettingsError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from paris.settings import Lane

_PROTOCOLS: Final = ("udp", "tcp", "icmp")
_HIGHEST_PORT: Final = 65535
_DIGITS: Final = 9  # Python refuses to read numbers of thousands of digits


def port(text: str, protocol: str = "udp") -> int:
    """A port, by number or by the name that its service has in this protocol."""
    if text.isascii() and text.isdecimal():
        number = int(text) if len(text) <= _DIGITS else _HIGHEST_PORT + 1
        if not 1 <= number <= _HIGHEST_PORT:
            raise argparse.ArgumentTypeError(f"ports are from 1 to {_HIGHEST_PORT}, not {text}")
        return number
    from paris.lookup.services import port_of  # --help needs no services

    found = port_of(text, protocol)
    if found is None:
        raise argparse.ArgumentTypeError(f"not a port number or service name: {text!r}")
    return found


def payload(text: str) -> str:
    """The name of a payload."""
    from paris.packets.payloads import named

    try:
        return named(text).name
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def protocol(text: str) -> str:
    """The protocol of probes, in any case of letters."""
    if text.lower() not in _PROTOCOLS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not udp, icmp or tcp, the protocols of probes; a port is given with -p"
        )
    return text.lower()


def lanes(text: str) -> tuple[Lane, ...]:
    """Protocols with ports: udp,tcp/443,icmp."""
    from paris.settings import Lane  # --help needs no settings

    found = []
    for word in text.split(","):
        name, _, service = word.strip().partition("/")
        if name not in _PROTOCOLS or (name == "icmp" and service):
            raise argparse.ArgumentTypeError(
                f"not a protocol: {word!r}; use udp, tcp or icmp, such as udp,tcp/443,icmp"
            )
        found.append(Lane(name, port(service, name) if service else None))
    return tuple(found)


def address(text: str) -> IPv4Address | IPv6Address:
    """An address of either version."""
    try:
        return ip_address(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not an IPv4 or IPv6 address: {text!r}") from None


def number(text: str) -> int:
    """A whole number, as in Python: 16, 0x10."""
    try:
        return int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a number: {text!r}") from None


def seconds(text: str) -> float:
    """Seconds, or with the suffix ms milliseconds."""
    digits, scale = (text[:-2], 0.001) if text.endswith("ms") else (text.removesuffix("s"), 1.0)
    try:
        return float(digits) * scale
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"not a duration: {text!r}; try 0.5, 2s or 500ms"
        ) from None


def until(text: str) -> float:
    """Seconds from now to a time of day, today or tomorrow, or to a date and time (ISO 8601).

    Without a zone it is local time.
    """
    from datetime import UTC, datetime, time, timedelta

    now = datetime.now(UTC).astimezone()
    try:
        try:
            of_day = time.fromisoformat(text)
            end = datetime.combine(now.date(), of_day).astimezone(of_day.tzinfo)
            end += timedelta(days=end <= now)
        except ValueError:
            end = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(
            f"not a time: {text!r}; try 18:30 or 2026-12-31T18:30"
        ) from None
    if end <= now:
        raise argparse.ArgumentTypeError(f"{text} has passed")
    return (end - now).total_seconds()


def wait(text: str) -> float:
    """Like `seconds`; traceroute's factors for hops that replied are refused."""
    if "," in text or "/" in text:
        raise argparse.ArgumentTypeError(
            f"give one duration, not {text!r}: the shorter waits near hops that replied follow "
            "from their round trips"
        )
    return seconds(text)


def sendwait(text: str) -> float:
    """Like `seconds`, but a bare number above 10 means milliseconds, as in traceroute."""
    wait_s = seconds(text)
    if not 0 <= wait_s <= 1e9:
        raise argparse.ArgumentTypeError(f"a pause is from 0 to 1e9 seconds, not {text!r}")
    return wait_s / 1000 if wait_s > 10 and not text.endswith("s") else wait_s
