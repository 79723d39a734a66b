"""What a reader of another program's format gives: measurements that become records on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.model import IPAddress
    from mda.record import Record


class Found(NamedTuple):
    """A measurement in a file: its kind in the program's own word, and between whom and when.

    `record` makes the record of it, and raises FormatError where that cannot be done.
    """

    kind: str
    source: IPAddress | None
    destination: IPAddress
    started_at_unix_s: float | None
    record: Callable[[], Record]
