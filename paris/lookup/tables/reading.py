"""Reads tables within bounds, whether packed by gzip or not; hostile files end in a FormatError."""

from __future__ import annotations

import gzip
import json
import zlib
from contextlib import contextmanager
from io import SEEK_END
from typing import TYPE_CHECKING, Final

from paris.errors import FormatError
from paris.files import opened
from paris.lookup.tables.base import Head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

_GZIP: Final = b"\x1f\x8b"
_HEAD: Final = 1 << 16
_TAIL: Final = 1 << 17  # where a MaxMind DB has its description
_BLOCK: Final = 1 << 20
_MOST: Final = 1 << 31  # of a table of lines; the largest in use has 0.1 GB
_MOST_AT_ONCE: Final = 1 << 29  # of a table that is read as a whole


def head(file: str) -> Head:
    """How a file begins and ends. Raises FormatError."""
    with opened(file) as raw:
        is_packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(max(0, raw.seek(0, SEEK_END) - _TAIL))
        end = raw.read(_TAIL)
    with _unpacked(file) as stream:
        begin = stream.read(_HEAD)
    # For its last bytes all of a packed file is unpacked; of a table of lines nobody needs them.
    return Head(begin, content(file)[-_TAIL:] if is_packed and b"\0" in begin else end)


def content(file: str) -> bytes:
    """All that is in a file. Raises FormatError, also for a file that is too large."""
    return b"".join(_blocks(file, _MOST_AT_ONCE))


def document(file: str) -> object:
    """What a file of JSON holds. Raises FormatError."""
    try:
        return json.loads(content(file))
    except (ValueError, RecursionError):
        raise FormatError(f"{file}: not JSON, or cut short") from None


def lines(file: str) -> Iterator[str]:
    """The lines of a file; only the last one may lack its newline. Raises FormatError."""
    rest = b""
    for block in _blocks(file, _MOST):
        *whole, rest = (rest + block).split(b"\n")
        if len(rest) > _HEAD:
            raise FormatError(f"{file}: a line is longer than those of any table")
        for line in whole:
            yield line.decode("utf-8", "replace") + "\n"
    if rest:
        yield rest.decode("utf-8", "replace")


def _blocks(file: str, most: int) -> Iterator[bytes]:
    """The content of a file in blocks. Raises FormatError, also where it has over `most` bytes."""
    total = 0
    with _unpacked(file) as stream:
        while block := stream.read(_BLOCK):
            total += len(block)
            if total > most:
                raise FormatError(f"{file}: larger than any such table")
            yield block


@contextmanager
def _unpacked(file: str) -> Iterator[FileIO | gzip.GzipFile]:
    """The content of a file as a stream; its faults become a FormatError."""
    try:
        with opened(file) as raw:
            is_packed = raw.read(2) == _GZIP
            raw.seek(0)
            if not is_packed:
                yield raw
                return
            with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                yield stream
    except EOFError:
        raise FormatError(f"{file}: the file is cut short") from None
    except (OSError, zlib.error) as error:  # BadGzipFile is an OSError
        reason = getattr(error, "strerror", None) or "what gzip packed is damaged"
        raise FormatError(f"cannot read {file}: {reason}") from None
