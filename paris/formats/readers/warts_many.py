"""Reads many blocks of warts at once: numpy columns of their parameters. Imports numpy."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from paris.formats.readers.warts_blocks import Block

    Bools = NDArray[np.bool_]
    Wholes = NDArray[np.int64]

MARGIN: Final = 128  # bytes that data have behind the last block, as these are read unasked
UNKNOWN: Final = -1
_MICROS: Final = 1_000_000
_TYPES: Final = {
    code: np.dtype(own) for code, own in zip("BHIQ", ("u1", ">u2", ">u4", ">u8"), strict=True)
}
_MOST_KINDS: Final = 64  # sets of flags in one go; a hostile file may have any
_MAPPED: Final = 0xFFFF  # the third of four words of an IPv4 address that is mapped into IPv6
_NAMED_BYTES: Final = 5  # of an address that was given before


def taken(data: bytes, places: Wholes, code: str) -> Wholes:
    """The numbers at places in data, each of up to 4 bytes, as `code` of struct says."""
    return _at(data, places, _TYPES[code]).astype(np.int64)


def _at(data: bytes, places: Wholes, own: np.dtype[Any]) -> NDArray[Any]:
    """The values of a type that are at places in data."""
    everywhere = np.ndarray((len(data) - own.itemsize + 1,), own, data, strides=(1,))
    return everywhere[places]


class Blocks(NamedTuple):
    """Where blocks have their first parameter, and end; those that do not fit are not usual.

    `flags` has the bytes of flags as they are, as one number.
    """

    are_usual: Bools
    flags: NDArray[np.uint64]
    begins: Wholes
    after: Wholes


def blocks(data: bytes, at: Wholes, ends: Wholes, flag_bytes: int) -> Blocks:
    """The blocks that begin at places, and lie before `ends`, if they have so many flags."""
    words = _at(data, at, _TYPES["Q"]).astype(np.uint64)
    more = int.from_bytes(bytes([0x80] * flag_bytes).ljust(8, b"\0"))
    last = 0x80 << (64 - 8 * flag_bytes)
    begins = at + flag_bytes + 2
    after = begins + (words >> (48 - 8 * flag_bytes) & 0xFFFF).astype(np.int64)
    are_usual = (words & more == more - last) & (after <= ends)
    flags = words >> np.uint64(64 - 8 * flag_bytes)
    return Blocks(are_usual, flags, begins, np.minimum(after, ends))


class _Shape(NamedTuple):
    """What a block with certain flags has: parameters of fixed size, and addresses behind them.

    `offsets` are those of the former, which take `size` bytes; so do `behind` bytes at the end.
    """

    offsets: Mapping[str, int]
    size: int
    has_extensions: bool
    behind: int


_UNUSUAL: Final = _Shape({}, 0, has_extensions=False, behind=0)


@lru_cache(maxsize=256)  # a hostile file may have any flags
def _shape(block: Block, flags: int, addresses: tuple[str, ...]) -> _Shape:
    """The shape of a block that has these addresses, and otherwise nothing unusual."""
    bits = sum((own & 0x7F) << 7 * at for at, own in enumerate(flags.to_bytes(8).lstrip(b"\0")))
    runs = [*block.layout(bits)]
    fixed = runs.pop(0) if runs and runs[0].read is None else None
    has_extensions = bool(runs) and runs[0].names == ("extensions",)
    runs = runs[has_extensions:]
    behind = runs[len(addresses) :]
    given = tuple(run.names[0] for run in runs[: len(addresses)])
    if fixed is None or given != addresses or any(run.read for run in behind):
        return _UNUSUAL
    sizes = [_TYPES[code].itemsize for code in fixed.packed.format.removeprefix("!")]
    offsets = dict(zip(fixed.names, accumulate(sizes, initial=0), strict=False))
    return _Shape(
        offsets, fixed.packed.size, has_extensions, sum(own.packed.size for own in behind)
    )


class Parameters:
    """The parameters of blocks of one kind that have these addresses."""

    def __init__(self, data: bytes, own: Blocks, block: Block, addresses: tuple[str, ...]) -> None:
        flags, self._kinds = _kinds(own.flags)
        self._shapes = [_shape(block, own, addresses) for own in flags]
        if len(flags) in (0, _MOST_KINDS):
            self._shapes.append(_UNUSUAL)  # of those beyond the most kinds
        self._data = data
        self._begins = own.begins
        self.behind = self._of_each([shape.behind for shape in self._shapes])
        self.are_usual = own.are_usual & self._of_each(
            [own is not _UNUSUAL for own in self._shapes]
        )
        self.addresses_at = own.begins + self._of_each([shape.size for shape in self._shapes])
        self.extensions_at = self.addresses_at
        self.have_extensions = self._of_each([shape.has_extensions for shape in self._shapes])
        if self.have_extensions.any():
            sizes = taken(data, self.addresses_at, "H") + 2
            after = np.minimum(self.addresses_at + sizes, own.after)
            self.addresses_at = np.where(self.have_extensions, after, self.addresses_at)

    def column(self, name: str, code: str) -> Wholes:
        """A parameter; UNKNOWN where it is missing. Those of eight bytes are times, in µs."""
        offsets = [shape.offsets.get(name, UNKNOWN) for shape in self._shapes]
        places = self._begins + self._of_each(offsets)
        own = times(self._data, places) if code == "Q" else taken(self._data, places, code)
        if UNKNOWN in offsets:
            are_unknown = self._of_each([offset == UNKNOWN for offset in offsets])
            own = np.where(are_unknown, UNKNOWN, own)
        return own

    def _of_each(self, by_kind: Sequence[int]) -> NDArray[Any]:
        """What holds of each block, by kind: a single value in an array if it holds of all."""
        own = np.array(by_kind)
        return own[:1] if len({*by_kind}) == 1 else own[self._kinds]


def times(data: bytes, places: Wholes) -> Wholes:
    """Times at places in data: seconds and microseconds, as microseconds."""
    both = _at(data, places, _TYPES["Q"]).astype(np.uint64)
    return (both >> 32).astype(np.int64) * _MICROS + (both & 0xFFFFFFFF).astype(np.int64)


def _kinds(flags: NDArray[np.uint64]) -> tuple[list[int], Wholes]:
    """The different flags among them, and which of those each has; beyond the most, one more."""
    known: list[int] = []
    kinds = np.full(len(flags), _MOST_KINDS)
    are_left = np.ones(len(flags), np.bool_)
    while len(known) < _MOST_KINDS and are_left.any():
        value = flags[are_left.argmax()]
        own = flags == value
        kinds[own] = len(known)
        are_left &= ~own
        known.append(int(value))
    kinds[are_left] = len(known)
    return known, kinds


class Addresses(NamedTuple):
    """Addresses at some places: rows of 16 bytes, those of IPv4 mapped into IPv6, if given there.

    Others have a number of those before in their record. `sizes` are the bytes that each takes.
    """

    are_usual: Bools
    are_given: Bools
    numbers: Wholes
    rows: NDArray[np.uint8]
    sizes: Wholes


def addresses(data: bytes, places: Wholes) -> Addresses:
    """The addresses that stand at places in data."""
    lengths, kinds = taken(data, places, "B"), taken(data, places + 1, "B")
    are_v6 = (lengths == 16) & (kinds == 2)
    are_given = are_v6 | ((lengths == 4) & (kinds == 1))
    words = np.zeros((len(places), 4), ">u4")
    words[:, 2] = _MAPPED
    words[:, 3] = _at(data, places + 2, _TYPES["I"])
    if are_v6.any():
        for at in range(4):
            words[are_v6, at] = _at(data, places[are_v6] + 2 + 4 * at, _TYPES["I"])
    sizes = np.where(lengths == 0, _NAMED_BYTES, np.where(are_given, lengths + 2, 0))
    return Addresses(
        are_usual=are_given | (lengths == 0),
        are_given=are_given,
        numbers=taken(data, places + 1, "I"),
        rows=words.view(np.uint8),
        sizes=sizes,
    )


def are_mapped(rows: NDArray[np.uint8]) -> Bools:
    """Which addresses are of IPv4."""
    words = rows.view(">u4")
    own: Bools = (words[:, 0] == 0) & (words[:, 1] == 0) & (words[:, 2] == _MAPPED)
    return own
