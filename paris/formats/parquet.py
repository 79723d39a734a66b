"""Turns rows into a Parquet file, piece by piece, with the library pyarrow."""

from __future__ import annotations

from io import RawIOBase
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from mda.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mda.trace import Trace

_ROWS: Final = 50_000  # of a group, which is in memory at a time
_MICROS: Final = 1_000_000


def run_id(trace: Trace) -> str:
    """The name of a trace in both tables, by which their rows are joined."""
    plan = trace.plan
    started_at_us = round(trace.started_at_unix_s * _MICROS)
    return printable(f"{plan.source} {plan.target} {plan.probing.service} {started_at_us}")


def pieces(rows: Iterable[dict[str, Any]], schema: pa.Schema) -> Iterator[bytes]:
    """A file with these rows, whose values have the names and types of a schema."""
    rows, sink = iter(rows), _Sink()
    with ParquetWriter(sink, schema, compression="zstd") as writer:
        while group := list(islice(rows, _ROWS)):
            writer.write_table(pa.Table.from_pylist(group, schema))
            yield sink.taken()
    yield sink.taken()


class _Sink(RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._kept.append(bytes(data))
        self._written += len(self._kept[-1])
        return len(self._kept[-1])

    def tell(self) -> int:
        return self._written

    def taken(self) -> bytes:
        """What was written since the last time."""
        kept, self._kept = self._kept, []
        return b"".join(kept)
