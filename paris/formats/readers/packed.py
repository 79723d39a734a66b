"""Unpacks what gzip, bzip2, xz or zstd packed, as the first bytes show, within bounds."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from io import BytesIO
from typing import IO, TYPE_CHECKING, Final, NamedTuple, cast

from paris.errors import FormatError, lacking_extra
from paris.files import MOST, up_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from io import BufferedIOBase


class _Packer(NamedTuple):
    """What opens a packed file, and the error that it raises where that is damaged."""

    opened: Callable[[BufferedIOBase], AbstractContextManager[BufferedIOBase]]
    failure: type[Exception]


# Each is loaded only for a file that it packed.


def _gzip() -> _Packer:
    from gzip import GzipFile
    from zlib import error

    return _Packer(lambda data: GzipFile(fileobj=data), error)


def _bzip2() -> _Packer:
    from bz2 import BZ2File

    return _Packer(BZ2File, OSError)


def _xz() -> _Packer:
    from lzma import LZMAError, LZMAFile

    return _Packer(lambda data: LZMAFile(cast("IO[bytes]", data)), LZMAError)


def _zstd() -> _Packer:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdError, ZstdFile
    else:
        from backports.zstd import ZstdError, ZstdFile

    return _Packer(ZstdFile, ZstdError)


_MAGIC_BYTES: Final = 6
# By what a packed file begins with.
_PACKERS: Final[dict[bytes, Callable[[], _Packer]]] = {
    b"\x1f\x8b": _gzip,  # RFC 1952 section 2.3.1
    b"BZh": _bzip2,
    b"\xfd7zXZ\0": _xz,
    b"\x28\xb5\x2f\xfd": _zstd,  # RFC 8878 section 3.1.1
}


@contextmanager
def unpacking(stream: BufferedIOBase, name: str) -> Iterator[BufferedIOBase]:
    """What is in a packed file, unpacked while it is read, and other files as they are.

    Raises as `unpacked` does.
    """
    begin = stream.read(_MAGIC_BYTES)
    stream.seek(0)
    if (packer := _packer(begin, name)) is None:
        yield stream
        return
    opened, failure = packer
    try:
        with opened(stream) as content:
            yield content
    except (EOFError, OSError, failure):
        raise FormatError(f"{name}: the packed file is damaged or cut short") from None


def unpacked(data: bytes, name: str, most: int = MOST) -> bytes:
    """What is in a packed file, of up to `most` bytes, and other data as they are.

    Raises FormatError with its name, and SettingsError where a package is missing that unpacks it.
    """
    if (packer := _packer(data, name)) is None:
        return data
    opened, failure = packer
    try:
        with opened(BytesIO(data)) as stream:
            content = up_to(stream, most)
    except (EOFError, OSError, failure):
        raise FormatError(f"{name}: the packed file is damaged or cut short") from None
    if len(content) > most:
        raise FormatError(f"{name}: more than {most >> 20} MiB are packed in it")
    return content


def _packer(data: bytes, name: str) -> _Packer | None:
    """What packed a file that begins so, if anything did."""
    packer = next((own for magic, own in _PACKERS.items() if data.startswith(magic)), None)
    try:
        return None if packer is None else packer()
    except ModuleNotFoundError as error:
        raise lacking_extra(name, error, "zstd") from None
