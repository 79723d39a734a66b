"""Writes to a pipe or device without waiting for whoever reads it."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paris.outputs.files import Stream


class Backlog:
    """Gives `stream` as much as it takes at once, and keeps the rest."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._rest = bytearray()
        self._poll = select.poll()
        self._poll.register(stream.fileno(), select.POLLOUT)

    @property
    def has_rest(self) -> bool:
        """Whether something is left to write."""
        return bool(self._rest)

    def write(self, data: bytes) -> None:
        """Append `data`. Raises OSError if nobody reads any more."""
        self._rest += data
        while self._rest and self._poll.poll(0):
            self._write_part()

    def drain(self) -> None:
        """Write all of the rest, which waits for whoever reads it. Raises OSError."""
        while self._rest:
            self._write_part()

    def _write_part(self) -> None:
        # A pipe that is ready takes so much without a wait (pipe(7)).
        self._stream.write(bytes(self._rest[: select.PIPE_BUF]))
        del self._rest[: select.PIPE_BUF]
