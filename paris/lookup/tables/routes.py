"""Reads tables whose lines have a prefix, or a range of addresses, and the AS that announces it."""

from __future__ import annotations

import re
from ipaddress import summarize_address_range
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.errors import FormatError
from paris.lookup.tables import reading
from paris.lookup.tables.base import Entry, prefix_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from re import Match, Pattern

    from mda.model import IPAddress
    from paris.lookup.tables.base import Head, Prefix, Say, Sought

_FIRST: Final = r"(?P<first>[\da-fA-F.:]+)"
_PREFIX: Final = rf"{_FIRST}/(?P<length>\d{{1,3}})"
_ORIGINS: Final = r"(?P<origins>\d[\d,_]*|\{[\d,]+\})"
# A line of each kind of table.
_LAYOUTS: Final = tuple(
    re.compile(rf"{pattern}\s*")
    for pattern in (
        # pyasn .dat; table.txt of bgp.tools
        rf"{_PREFIX}[ \t]+{_ORIGINS}",
        # pfx2as of CAIDA: several ASes announce the prefix (_), or an AS set does (,)
        rf"{_FIRST}\t(?P<length>\d{{1,3}})\t{_ORIGINS}",
        # riswhois of RIPE RIS: the last column counts the peers that see the route
        rf"{_ORIGINS}\t{_PREFIX}\t(?P<seen>\d{{1,9}})",
        # table.jsonl of bgp.tools
        rf'{{"CIDR": *"{_PREFIX}", *"ASN": *(?P<origins>\d+)(, *"Hits": *(?P<seen>\d{{1,9}}))?.*}}',
        # iptoasn.com
        rf"{_FIRST}\t(?P<last>[\da-fA-F.:]+)\t(?P<origins>\d+)\t\w*\t(?P<name>.*)",
    )
)
_SAYS_NOTHING: Final = re.compile(r"\s*([;#%].*)?\s*")
_FEW: Final = 10  # times fewer peers see a leak than see the route beside it
_LARGEST: Final = 0xFFFFFFFF  # AS number (RFC 6793)
_DIGITS: Final = 10  # of the largest; Python refuses to read thousands of digits


class _Route(NamedTuple):
    """A line that is about an address; `seen` is 0 where the table does not count who sees it."""

    prefix: Prefix
    numbers: tuple[int, ...]
    seen: int
    name: str


def recognises(head: Head) -> bool:
    """Whether a file begins as such a table does."""
    return _layout(head.begin.decode("utf-8", "replace").splitlines(keepends=True)) is not None


def find(file: str, sought: Sought, say: Say) -> dict[IPAddress, Entry]:
    """The entry of each address that the table has one for; the longest prefix counts."""
    found: dict[IPAddress, list[_Route]] = {}
    layout, unread, line = None, 0, ""
    for line in reading.lines(file):
        layout = layout or _layout([line])
        match = layout.fullmatch(line) if layout else None
        span = _span(match) if match else None
        if match is None or span is None:
            unread += not _SAYS_NOTHING.fullmatch(line)
            continue
        # Some peers of RIS announce a default route, which says nothing of whose an address is.
        is_default = match.groupdict().get("length") == "0"
        for address in () if is_default else sought.within(*span):
            if route := _route(match, address, span):
                found.setdefault(address, []).append(route)
    if layout is None:
        raise FormatError(f"{file}: no line of it is that of a table of networks")
    if unread:
        say(f"{file}: lines that are not like its first one are left out: {unread}")
    if not line.endswith("\n"):
        say(f"{file}: its last line has no end, so it may be cut short")
    return {address: _entry(routes) for address, routes in found.items()}


def _layout(lines: Iterable[str]) -> Pattern[str] | None:
    """The layout of a table with these lines, as the first says that has anything to say."""
    first = next((line for line in lines if not _SAYS_NOTHING.fullmatch(line)), "")
    return next((layout for layout in _LAYOUTS if layout.fullmatch(first)), None)


def _span(line: Match[str]) -> tuple[int, int, int] | None:
    """The IP version of a line, its first address and its last one; None if it has none."""
    text = line["first"]
    version, family, bits = (6, AF_INET6, 128) if ":" in text else (4, AF_INET, 32)
    try:
        first = int.from_bytes(inet_pton(family, text))
        if "last" in line.re.groupindex:
            return version, first, int.from_bytes(inet_pton(family, line["last"]))
    except OSError:
        return None
    free = bits - int(line["length"])
    if free < 0 or first & (hosts := (1 << free) - 1):
        return None
    return version, first, first | hosts


def _route(line: Match[str], address: IPAddress, span: tuple[int, int, int]) -> _Route | None:
    """What a line says of an address within its span; None if no AS announces it."""
    fields = line.groupdict()
    texts = re.findall(r"\d+", fields["origins"])
    numbers = tuple(int(text) for text in texts if len(text) <= _DIGITS)
    if "last" in fields:
        ranges = summarize_address_range(*(type(address)(end) for end in span[1:]))
        prefix = next(own for own in ranges if address in own)
    else:
        prefix = prefix_of(address, int(fields["length"]))
    # No network announces anything as AS 0 (RFC 7607): it stands for unrouted ranges.
    announced = tuple(number for number in numbers if 0 < number <= _LARGEST)
    if not announced:
        return None
    return _Route(prefix, announced, int(fields.get("seen") or 0), fields.get("name") or "")


def _entry(routes: Sequence[_Route]) -> Entry:
    """The most specific route, without those that far fewer see than another: leaks."""
    most = max(route.seen for route in routes)
    kept = [route for route in routes if route.seen * _FEW >= most]
    longest = max(route.prefix.prefixlen for route in kept)
    best = sorted(
        (route for route in kept if route.prefix.prefixlen == longest), key=lambda own: -own.seen
    )
    numbers = dict.fromkeys(number for route in best for number in route.numbers)
    return Entry(best[0].prefix, tuple(numbers), best[0].name)
