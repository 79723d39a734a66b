"""Lines of our own JSON, a trace in each, as `paris.formats.native_lines` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paris.formats import native
from paris.formats.readers.base import Found
from paris.formats.readers.json_values import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.record import Record

_BEGINNING: Final = f'{{"format":"{native.FORMAT}","version":'.encode()  # of each line


def recognises(head: bytes) -> bool:
    """Whether a file that begins so holds lines of our JSON."""
    return head.startswith(_BEGINNING)


def read(data: bytes, name: str) -> Iterator[Found]:
    """The measurements in a file. Raises FormatError, with the offset, where it is damaged."""
    for part in lines(data, name):
        record = native.read_record(part.value, f"{name}: byte {part.begin}")
        yield _found(record)


def _found(record: Record) -> Found:
    plan = record.plan
    return Found(
        native.FORMAT, plan.source, plan.destination, record.started_at_unix_s, lambda: record
    )
