"""What a table of networks says of an address, and the addresses that are sought in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mda.model import IPAddress

Prefix = IPv4Network | IPv6Network
Say = Callable[[str], None]


class Entry(NamedTuple):
    """What a table says of a prefix.

    `numbers` are the ASes that announce it, the one that most see first; `name` is that of the
    first, or of the exchange point (`is_exchange`) whose network the prefix is. `place` is where
    its addresses are.
    """

    prefix: Prefix
    numbers: tuple[int, ...] = ()
    name: str = ""
    place: str = ""
    is_exchange: bool = False


class Head(NamedTuple):
    """The first bytes of a file, unpacked if it is gzip, and the last ones.

    The last ones of text that gzip packed are as they are in the file.
    """

    begin: bytes
    end: bytes


# Each takes a file, what is sought, and where to say in a line what it left out. Raises FormatError
# where a file is not as its head promises.
FindsEntries = Callable[[str, "Sought", Say], "Mapping[IPAddress, Entry]"]
FindsNames = Callable[[str, Collection[int], Say], Mapping[int, str]]


class Sought:
    """Addresses in order, so that those within a range are found fast.

    A table has a million ranges, and a trace some tens of addresses: so the addresses are kept, and
    the table only passes by.
    """

    def __init__(self, addresses: Iterable[IPAddress]) -> None:
        ordered = sorted(set(addresses), key=int)
        self._addresses = {
            version: [own for own in ordered if own.version == version] for version in (4, 6)
        }
        self._numbers = {
            version: [int(own) for own in owns] for version, owns in self._addresses.items()
        }

    def __iter__(self) -> Iterator[IPAddress]:
        for owns in self._addresses.values():
            yield from owns

    def within(self, version: int, first: int, last: int) -> list[IPAddress]:
        """The addresses of an IP version from `first` to `last`, both included."""
        numbers = self._numbers[version]
        at = bisect_left(numbers, first)
        if at == len(numbers) or numbers[at] > last:
            return []
        return self._addresses[version][at : bisect_left(numbers, last + 1)]


def prefix_of(address: IPAddress, length: int) -> Prefix:
    """The prefix of this length that an address lies in."""
    return ip_network((address, length), strict=False)
