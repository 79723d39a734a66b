"""Unpacks what gzip, bzip2 or xz packed, as the first bytes show, within bounds."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Final

from paris.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

    Opener = Callable[[BytesIO], gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]

# What a packed file begins with, and what reads it.
_PACKERS: Final[dict[bytes, Opener]] = {
    b"\x1f\x8b": lambda data: gzip.GzipFile(fileobj=data),  # RFC 1952 section 2.3.1
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_MOST: Final = 1 << 30  # bytes; a file that unpacks to more is taken for hostile


def unpacked(data: bytes, name: str) -> bytes:
    """What is in a packed file, and other data as they are. Raises FormatError with its name."""
    opener = next((own for magic, own in _PACKERS.items() if data.startswith(magic)), None)
    if opener is None:
        return data
    try:
        with opener(BytesIO(data)) as stream:
            content = stream.read(_MOST + 1)
    except (EOFError, OSError, lzma.LZMAError, zlib.error):
        raise FormatError(f"{name}: the packed file is damaged or cut short") from None
    if len(content) > _MOST:
        raise FormatError(f"{name}: more than {_MOST >> 20} MiB are packed in it")
    return content
