"""A file of lines for other programs, each written at once and as a whole, behind what is there."""

from __future__ import annotations

import os
import select
import stat
from typing import TYPE_CHECKING, Final

from paris.errors import NobodyReadsError
from paris.outputs.files import check, is_replaceable, named, not_written, open_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from paris.outputs.files import Stream

# At the end of a watch a pipe that is full is waited for so many times so long: a signal has an
# effect within half a second.
_WAIT_MS: Final = 50
_WAITS_AT_END: Final = 8


class Lines:
    """Appends lines to `file`, or to standard output. Raises OutputError, also if it cannot.

    A line in a file is one call of the system, so a program that is killed leaves whole lines. If a
    disk was full, or power failed, in the middle of one, the next one begins on a new line. Whoever
    reads a pipe is waited for, but hardly when the watch `is_ending`.
    """

    def __init__(self, file: str, is_ending: Callable[[], bool] = lambda: False) -> None:
        check(file)
        self._file = file
        self._is_ending = is_ending
        self._stream: Stream | None = None
        if is_replaceable(file):
            self._descriptor = self._opened()
        else:
            self._stream = open_stream(file)
            self._descriptor = self._stream.fileno()
        self._is_file = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        self._room = select.poll()
        self._room.register(self._descriptor, select.POLLOUT)

    def write(self, line: str) -> None:
        """Append a line that ends with a newline. Raises OutputError."""
        left = line.encode()
        try:
            while left:
                self._wait()
                piece = left if self._is_file else left[: select.PIPE_BUF]
                left = left[os.write(self._descriptor, piece) :]
        except BrokenPipeError:
            raise NobodyReadsError(f"nobody reads {named(self._file)} any more") from None
        except OSError as error:
            raise not_written(self._file, error) from None

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._stream is None:
            os.close(self._descriptor)
        else:
            self._stream.close()

    def _opened(self) -> int:
        """The file, behind whole lines."""
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self._file, flags, 0o666)
            if not _is_at_line_start(descriptor):
                os.write(descriptor, b"\n")
        except OSError as error:
            raise not_written(self._file, error) from None
        return descriptor

    def _wait(self) -> None:
        """Wait until there is room for a piece. Raises NobodyReadsError if that takes too long."""
        waits = 0
        while not self._room.poll(_WAIT_MS):
            waits += self._is_ending()
            if waits == _WAITS_AT_END:
                raise NobodyReadsError(f"nobody reads {named(self._file)} any more")


def _is_at_line_start(descriptor: int) -> bool:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    return not size or os.pread(descriptor, 1, size - 1) == b"\n"
