"""Looks up whose network an address is in, from files of this machine: nothing is sent anywhere."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from mda.errors import ParisTraceError
from mda.escaping import printable
from paris.lookup.special import EXCHANGE, special
from paris.lookup.tables import places
from paris.lookup.tables.base import Sought
from paris.lookup.tables.registry import kind_of, table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mda.model import IPAddress
    from mda.record import Table
    from paris.lookup.tables.base import Entry, Say
    from paris.lookup.tables.registry import Kind

_Asked = TypeVar("_Asked")
_Key = TypeVar("_Key")
_Found = TypeVar("_Found")
_LONGEST_NAME: Final = 32  # characters


def check(files: Sequence[str], say: Say) -> None:
    """Raise FormatError or SettingsError where a file is not a table that can be read.

    Without any file those in the usual places are used; if none is there, say how to get one.
    """
    for file in files:
        kind_of(file)
    if not files and not places.usual():
        folder = places.own_folder()
        place = "" if folder is None else f"put one into {folder}, or "
        say(
            f"-A: there is no table of networks here: {place}name one with --asn-file; "
            "ip2asn-combined.tsv.gz of iptoasn.com is one, GeoLite2-ASN.mmdb another"
        )


def find(addresses: Sequence[IPAddress], files: Sequence[str], say: Say) -> dict[IPAddress, str]:
    """The network of each address that a table or a special range has, as text.

    A table that cannot be read is left out, and said so.
    """
    sought = Sought(addresses)
    tables = list(_tables(files or places.usual(), say))
    entries: dict[IPAddress, list[Entry]] = {address: [] for address in addresses}
    for file, kind in tables:
        if kind.entries is not None:
            for address, entry in _read(kind.entries, file, sought, say).items():
                entries[address].append(entry)
    lines = {address: _Line.of(address, entries[address]) for address in addresses}
    numbers = {line.numbers[0] for line in lines.values() if line.numbers}
    names: dict[int, str] = {}
    for file, kind in tables:
        if kind.names is not None:
            names |= _read(kind.names, file, numbers, say)
    texts = {address: line.text(names) for address, line in lines.items()}
    return {address: text for address, text in texts.items() if text}


def tables(files: Sequence[str]) -> tuple[Table, ...]:
    """The tables that `find` reads."""
    found = []
    for file in files or places.usual():
        with suppress(ParisTraceError, OSError):  # `find` says so
            found.append(table_of(file))
    return tuple(found)


def _tables(files: Sequence[str], say: Say) -> Iterator[tuple[str, Kind]]:
    for file in files:
        try:
            yield file, kind_of(file)
        except ParisTraceError as error:
            say(f"-A: {error}")


def _read(
    finder: Callable[[str, _Asked, Say], Mapping[_Key, _Found]], file: str, asked: _Asked, say: Say
) -> Mapping[_Key, _Found]:
    """What a table has of what is asked; nothing where it is not as its head promised."""
    try:
        return finder(file, asked, say)
    except ParisTraceError as error:
        say(f"-A: {error}")
        return {}


class _Line(NamedTuple):
    """What is known of an address: a word for what it is, and whose network it is in."""

    label: str
    numbers: tuple[int, ...]
    name: str
    prefix: str
    place: str

    @classmethod
    def of(cls, address: IPAddress, entries: Sequence[Entry]) -> _Line:
        """The most specific of what tables and special ranges say of an address.

        The network of an exchange point has no AS, even if one announces it. A route that only
        covers a special range, as a default route does, says nothing of what is in the range.
        """
        own = special(address)
        exchange = next((entry for entry in entries if entry.is_exchange), None)
        if exchange is not None:
            return cls(EXCHANGE, (), exchange.name, str(exchange.prefix), "")
        width = own.prefix.prefixlen if own is not None else 1
        valid = [entry for entry in entries if entry.prefix.prefixlen >= width]
        by_length = sorted(valid, key=lambda entry: -entry.prefix.prefixlen)
        route = next((entry for entry in by_length if entry.numbers), None)
        place = next((entry.place for entry in by_length if entry.place), "")
        label = own.label if own is not None else ""
        if route is None:
            return cls(label, (), "", "", place)
        same = (entry.name for entry in by_length if entry.numbers[:1] == route.numbers[:1])
        return cls(
            label if label == EXCHANGE else "",
            route.numbers, next(filter(None, same), ""), str(route.prefix), place,
        )  # fmt: skip

    def text(self, names: Mapping[int, str]) -> str:
        """In words: AS64500 EXAMPLE-NET 198.51.100.0/24, or what the address is."""
        numbers = "/".join(f"AS{number}" for number in self.numbers)
        name = self.name or (names.get(self.numbers[0], "") if self.numbers else "")
        words = (self.label, numbers, _shortened(name), self.prefix, _shortened(self.place))
        return " ".join(filter(None, words))


def _shortened(name: str) -> str:
    """A name from a table, printable and on one line."""
    line = printable(" ".join(name.split()))
    return line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 3] + "..."
