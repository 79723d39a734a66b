"""Addresses that no network of the Internet announces as its own, or that only exchanges have.

From the registries of special-purpose addresses of IANA (RFC 6890), RFC 4291 for what is not yet in
use of IPv6, and the ranges that registries give to exchange points only: RIPE NCC (ripe-555),
APNIC (minimum allocations) and AFRINIC (Consolidated Policy Manual 11.4).
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.lookup.tables.base import Prefix

EXCHANGE: Final = "IXP"
_RANGES: Final = (
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")),
    ("shared (CGNAT)", ("100.64.0.0/10",)),
    ("link-local", ("169.254.0.0/16", "fe80::/10")),
    ("documentation",
     ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")),
    (EXCHANGE, ("196.60.0.0/16", "218.100.0.0/16", "2001:7f8::/32", "2001:7fa::/32")),
    ("bogon (this network)", ("0.0.0.0/8",)),
    ("bogon (loopback)", ("127.0.0.0/8", "::1/128")),
    ("bogon (IETF protocols)", ("192.0.0.0/24",)),
    ("bogon (benchmarking)", ("198.18.0.0/15", "2001:2::/48")),
    ("bogon (multicast)", ("224.0.0.0/4", "ff00::/8")),
    ("bogon (reserved)", ("240.0.0.0/4",)),
    ("bogon (identifiers)", ("2001:10::/28", "2001:20::/28")),
    ("bogon (discard only)", ("100::/64",)),
    ("bogon (segment routing)", ("5f00::/16",)),
    ("bogon (site-local)", ("fec0::/10",)),
    ("bogon (unassigned)", ("::/3", "4000::/2", "8000::/1")),
    ("NAT64", ("64:ff9b::/96", "64:ff9b:1::/48")),
    ("6to4", ("2002::/16",)),
    ("Teredo", ("2001::/32",)),
)  # fmt: skip


class Special(NamedTuple):
    """A range of addresses, and in a word or two what it is for."""

    prefix: Prefix
    label: str


_SPECIAL: Final = sorted(
    (Special(ip_network(text), label) for label, texts in _RANGES for text in texts),
    key=lambda row: -row.prefix.prefixlen,
)


def special(address: IPAddress) -> Special | None:
    """The narrowest special range that an address lies in; None for one of the Internet."""
    return next((row for row in _SPECIAL if address in row.prefix), None)
