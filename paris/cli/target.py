"""The target as the user writes it, before any name is looked up: HOST, HOST:PORT, [IPV6]:PORT."""

from __future__ import annotations

from ipaddress import IPv6Address

from paris.errors import SettingsError


def split(text: str) -> tuple[str, str | None]:
    """The host and the service of a target; None where it names no service.

    An IPv6 address without brackets stays an address, whatever its last digits.

    >>> split("example.net:https"), split("[2001:db8::1]:443"), split("2001:db8::1:443")
    (('example.net', 'https'), ('2001:db8::1', '443'), ('2001:db8::1:443', None))

    Raises SettingsError for any other text with colons or brackets.
    """
    if not text.strip():
        raise SettingsError("the host is empty; write HOST or HOST:PORT")
    if "://" in text:
        raise SettingsError(f"{text!r} is a URL; name its host and service: {_of_url(text)}")
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        colon, service = rest[:1], rest[1:]
        if not (bracket and _is_ipv6(host) and colon in ("", ":")):
            raise SettingsError(
                f"{text!r}: write an IPv6 address and its port as [2001:db8::1]:443"
            )
    elif text.count(":") == 1:
        host, colon, service = text.partition(":")
    else:
        if ":" in text and not _is_ipv6(text):
            raise SettingsError(f"{text!r}: write HOST, HOST:PORT or [IPV6-ADDRESS]:PORT")
        host, colon, service = text, "", ""
    if colon and not (host and service):
        lacking = "port follows" if host else "host precedes"
        raise SettingsError(f"{text!r}: no {lacking} the colon; write HOST:PORT")
    return host, service if colon else None


def _is_ipv6(text: str) -> bool:
    """Whether this is an IPv6 address; its zone may name an interface that does not exist."""
    try:
        IPv6Address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _of_url(text: str) -> str:
    """What to write instead of a URL."""
    scheme, _, rest = text.partition("://")
    place = rest.partition("/")[0].rpartition("@")[2]
    return place if split(place)[1] else f"{place}:{scheme}"
