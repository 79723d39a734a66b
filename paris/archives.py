"""Reads the traces of many files one after the other, past what is damaged."""

from __future__ import annotations

from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING, Final, cast

from mda.errors import ParisTraceError
from mda.trace import Trace
from paris import replay
from paris.errors import FormatError
from paris.files import MOST, STANDARD_INPUT, named, opened, standard_input, up_to
from paris.formats.readers.packed import unpacking
from paris.formats.readers.pieces import SPLITTERS
from paris.formats.readers.registry import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedIOBase, RawIOBase

    from paris.formats.readers.registry import Kind
    from paris.formats.readers.warts_columns import Hops

_HEAD_BYTES: Final = 1 << 16  # of a file, which show its format


def traces(file: str, damaged: Callable[[str], None]) -> Iterator[Trace]:
    """The traces in a file, each when it is asked for; `damaged` hears why others are left out.

    Of warts and scamper's JSON one trace is in memory at a time; other files are read as a whole.
    """
    name = named(file)
    try:
        with _opened(file) as packed, unpacking(packed, name) as unpacked:
            stream = BufferedReader(cast("RawIOBase", unpacked), _HEAD_BYTES)
            kind = kind_of(stream.peek(_HEAD_BYTES))
            if kind is None:
                found = replay.held(up_to(stream, MOST), name)
                if not isinstance(found, Trace):
                    raise FormatError(f"{name}: not a trace, but what several have in common")
                yield found
            elif kind.name in SPLITTERS:
                for begin, piece in SPLITTERS[kind.name](stream):
                    yield from _held(kind, piece, f"{name}, record at byte {begin}", damaged)
            else:
                yield from _held(kind, up_to(stream, MOST), name, damaged)
    except ParisTraceError as error:
        damaged(str(error))


def hops(file: str) -> Iterator[Hops]:
    """The replies in a warts archive's trace records as columns, of many traces at a time.

    Needs numpy. Raises FormatError, with the place, where the archive is damaged.
    """
    from paris.formats.readers import warts, warts_columns

    name = named(file)
    with _opened(file) as packed, unpacking(packed, name) as unpacked:
        stream = BufferedReader(cast("RawIOBase", unpacked), _HEAD_BYTES)
        if not warts.recognises(stream.peek(_HEAD_BYTES)):
            raise FormatError(f"{name}: not a warts archive, which alone is read into columns")
        yield from warts_columns.read(stream, name)


def _opened(file: str) -> BufferedIOBase:
    if file == STANDARD_INPUT:
        return BytesIO(standard_input())
    stream = BufferedReader(opened(file))
    if not stream.peek(1):
        stream.close()
        raise FormatError(f"cannot read {file}: the file is empty")
    return stream


def _held(kind: Kind, data: bytes, name: str, damaged: Callable[[str], None]) -> Iterator[Trace]:
    """The traces in a piece of a file."""
    try:
        for found in kind.read(data, name):
            try:
                record = found.record()
            except FormatError as error:
                damaged(str(error))
            else:
                yield Trace.of(record)
    except FormatError as error:
        damaged(str(error))
