"""Reads the blocks of parameters of which warts records consist.

Flags say which parameters a block has. Most blocks of a file have the same ones, so what these mean
is worked out once for each set of flags.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.model import IPAddress
    from paris.formats.readers.cursor import Cursor

_MICROS: Final = 1_000_000
_MOST_PARAMETERS: Final = 63  # of any block that is known; flags beyond them are passed
_MOST_LAYOUTS: Final = 256  # kept for a kind of block; a hostile file may have any

Values = dict[str, Any]


class Addresses:
    """The addresses that a record has named, each by its number."""

    def __init__(self) -> None:
        self._known: list[IPAddress | None] = []

    def read(self, cursor: Cursor) -> IPAddress | None:
        """The next address; None if it is of another kind."""
        size = cursor.u8()
        if size:
            address = read_address(cursor, size)
            self._known.append(address)
            return address
        number = cursor.u32()
        if number >= len(self._known):
            cursor.fail(f"address {number} is named before it is given")
        return self._known[number]


def read_address(cursor: Cursor, size: int) -> IPAddress | None:
    """An address of so many bytes behind its kind; None if it is not one of IP."""
    kind, packed = cursor.u8(), cursor.take(size)
    if (kind, size) == (1, 4):
        return IPv4Address(packed)
    if (kind, size) == (2, 16):
        return IPv6Address(packed)
    if kind in (1, 2):
        cursor.fail(f"an IP address of {size} bytes")
    return None


class Field(NamedTuple):
    """A parameter of a block: its name, and how it is read.

    One of a fixed size has a `code` of struct, and `meaning` makes its value of that number. What
    reads another is `read`.
    """

    name: str
    code: str = ""
    meaning: Callable[[int], object] | None = None
    read: Callable[[Cursor, Addresses], object] | None = None


def u8(name: str) -> Field:
    """A byte."""
    return Field(name, "B")


def u16(name: str) -> Field:
    """Two bytes."""
    return Field(name, "H")


def u32(name: str) -> Field:
    """Four bytes."""
    return Field(name, "I")


def time_us(name: str) -> Field:
    """Seconds and microseconds, as microseconds."""
    return Field(name, "Q", lambda both: (both >> 32) * _MICROS + (both & 0xFFFFFFFF))


def type_and_code(name: str) -> Field:
    """Type and code of ICMP."""
    return Field(name, "H", _two)


@lru_cache(maxsize=64)  # most replies of a file have one of a few
def _two(both: int) -> tuple[int, int]:
    return both >> 8, both & 0xFF


def text(name: str) -> Field:
    """A text that ends with a zero byte."""
    return Field(name, read=lambda cursor, _: cursor.text())


def address(name: str) -> Field:
    """An address, given here or before."""
    return Field(name, read=lambda cursor, addresses: addresses.read(cursor))


class Run(NamedTuple):
    """Parameters of fixed size one after the other, or one of another size."""

    names: tuple[str, ...]
    packed: Struct
    meanings: tuple[tuple[str, Callable[[int], object]], ...] = ()
    read: Callable[[Cursor, Addresses], object] | None = None


class Block:
    """A kind of block: its parameters from number 1 on."""

    def __init__(self, *fields: Field) -> None:
        self._fields = fields
        self._layouts: dict[int, tuple[Run, ...]] = {}

    def read(self, cursor: Cursor, addresses: Addresses) -> Values:
        """The parameters that flags say are there; those behind the known ones are passed.

        Raises FormatError.
        """
        flags, shift = 0, 0
        while True:
            flag = cursor.u8()
            if shift < _MOST_PARAMETERS:
                flags |= (flag & 0x7F) << shift
            shift += 7
            if not flag & 0x80:
                break
        if shift == 7 and not flags:
            return {}
        size = cursor.u16()
        after, whole = cursor.at + size, cursor.end
        if after > whole:
            cursor.fail(f"cut short: {size} bytes expected, {whole - cursor.at} left")
        values: Values = {}
        cursor.end = after
        for names, packed, meanings, read in self.layout(flags):
            if read is not None:
                values[names[0]] = read(cursor, addresses)
                continue
            at = cursor.at
            if at + packed.size > after:
                cursor.fail(f"cut short: {packed.size} bytes expected, {after - at} left")
            values.update(zip(names, packed.unpack_from(cursor.data, at), strict=True))
            for name, meaning in meanings:
                values[name] = meaning(values[name])
            cursor.at = at + packed.size
        cursor.at, cursor.end = after, whole
        return values

    def layout(self, flags: int) -> tuple[Run, ...]:
        """What a block with these flags, bit 0 for parameter 1, has behind its length."""
        layout = self._layouts.get(flags)
        if layout is None:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts.clear()
            given = [field for at, field in enumerate(self._fields) if flags >> at & 1]
            layout = self._layouts[flags] = tuple(_runs(given))
        return layout


def _runs(fields: Sequence[Field]) -> list[Run]:
    runs: list[Run] = []
    fixed: list[Field] = []

    def end_of_run() -> None:
        if fixed:
            runs.append(
                Run(
                    tuple(own.name for own in fixed),
                    Struct("!" + "".join(own.code for own in fixed)),
                    tuple((own.name, own.meaning) for own in fixed if own.meaning is not None),
                )
            )
            fixed.clear()

    for field in fields:
        if field.read is None:
            fixed.append(field)
        else:
            end_of_run()
            runs.append(Run((field.name,), Struct(""), read=field.read))
    end_of_run()
    return runs
