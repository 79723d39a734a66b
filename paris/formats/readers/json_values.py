"""Takes the JSON values out of a file: of each line, or of each element of an array."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paris.errors import FormatError
from paris.formats import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLANKS: Final = re.compile(r"[ \t\r\n]*")


class Part(NamedTuple):
    """A value, and the bytes of the file in which it stands: from `begin` to before `end`."""

    begin: int
    end: int
    value: Any


def values(data: bytes, name: str) -> Iterator[Part]:
    """The values in a file. Raises FormatError, with the offset, where it is damaged."""
    return _elements(data, name) if data.lstrip().startswith(b"[") else lines(data, name)


def lines(data: bytes, name: str) -> Iterator[Part]:
    """The value of each line that has one. Raises FormatError as `values` does."""
    for begin, line in texts(data):
        yield Part(begin, begin + len(line), schemas.parse(line, f"{name}: byte {begin}"))


def texts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each line that is not blank, and the byte at which it begins."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end]
        if not line.isspace() and line:
            yield at, line
        at = end + 1


def _elements(data: bytes, name: str) -> Iterator[Part]:
    """The elements of the array that a file is."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{name}: byte {error.start}: not a text file") from None
    place = _Place(text)
    at = _passed(text, _passed(text, 0) + 1)
    if text[at : at + 1] == "]":
        return
    while True:
        begin = place.byte(at)
        value, at = schemas.parse_next(text, at, f"{name}: byte {begin}")
        yield Part(begin, place.byte(at), value)
        at = _passed(text, at)
        if text[at : at + 1] == "]":
            return
        if text[at : at + 1] != ",":
            raise FormatError(f"{name}: byte {place.byte(at)}: the array is damaged or cut short")
        at = _passed(text, at + 1)


def _passed(text: str, at: int) -> int:
    """The place behind the blanks at a place."""
    blanks = _BLANKS.match(text, at)
    return at if blanks is None else blanks.end()


class _Place:
    """Counts the bytes before ascending places in a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = self._bytes = 0

    def byte(self, at: int) -> int:
        """The offset of a character, no earlier than the last one asked for."""
        self._bytes += len(self._text[self._at : at].encode())
        self._at = at
        return self._bytes
