"""Why files of other programs are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paris.formats.readers.base import Found

    Read = Callable[[bytes, str], Iterator[Found]]


def refusal_of(data: bytes, read: Read) -> str:
    """Why the file "x" is refused; empty if it is read."""
    try:
        for found in read(data, "x"):
            found.record()
    except FormatError as error:
        return str(error)
    return ""


def refusals_of_beginnings(data: bytes, read: Read) -> list[str]:
    """Why beginnings of a file are refused, of all those that are."""
    beginnings = (data[:size] for size in range(1, len(data)))
    return [refusal for own in beginnings if (refusal := refusal_of(own, read))]
