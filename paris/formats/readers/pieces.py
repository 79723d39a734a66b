"""Takes files of many traces apart, so that no more than one of them is in memory at a time."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedIOBase

_RECORD: Final = b"\x12\x05\x00"  # what a record of warts begins with
_HEAD_BYTES: Final = 8
_MOST: Final = 1 << 26  # bytes of a record; a longer one is taken for damaged
_STEP: Final = 1 << 16


def records(stream: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    """The records of a warts file, and what lies between them, each with its place."""
    at, data = 0, b""
    while data := data + stream.read(max(0, _HEAD_BYTES - len(data))):
        size = 0
        if data.startswith(_RECORD) and len(data) >= _HEAD_BYTES:
            size = _HEAD_BYTES + struct.unpack_from("!I", data, 4)[0]
        if _HEAD_BYTES <= size <= _MOST:
            data += stream.read(max(0, size - len(data)))
        if not _HEAD_BYTES <= size <= len(data):  # damaged: go on where the next record may begin
            data += stream.read(_STEP)
            size = data.find(_RECORD, 1)
            size = len(data) if size < 0 else size
        yield at, data[:size]
        at, data = at + size, data[size:]


def lines(stream: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, each with its place."""
    at = 0
    while line := stream.readline(_MOST):
        yield at, line
        at += len(line)


# What takes the files of a format apart, by its name; in the others traces are not apart.
SPLITTERS: Final[dict[str, Callable[[BufferedIOBase], Iterator[tuple[int, bytes]]]]] = {
    "warts": records,
    "scamper JSON": lines,
    "fast-mda-traceroute JSON": lines,
    "lines of our JSON": lines,
}
