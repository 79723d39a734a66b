"""A file of lines for other programs, each written at once and as a whole, behind what is there."""

from __future__ import annotations

import os
from typing import Final

from paris.errors import NobodyReadsError
from paris.outputs.files import STANDARD_OUTPUT, check, named, not_written

_OUT: Final = 1


class Lines:
    """Appends lines to `file`, or to standard output. Raises OutputError, also if it cannot.

    A line is one call of the system, so a program that is killed leaves whole lines. If a disk was
    full, or power failed, in the middle of one, the next one begins on a new line.
    """

    def __init__(self, file: str) -> None:
        check(file)
        self._file = file
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = _OUT if file == STANDARD_OUTPUT else os.open(file, flags, 0o666)
            if file != STANDARD_OUTPUT and not _is_at_line_start(self._descriptor):
                os.write(self._descriptor, b"\n")
        except OSError as error:
            raise not_written(file, error) from None

    def write(self, line: str) -> None:
        """Append a line that ends with a newline. Raises OutputError."""
        left = line.encode()
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except BrokenPipeError:
            raise NobodyReadsError(f"nobody reads {named(self._file)} any more") from None
        except OSError as error:
            raise not_written(self._file, error) from None

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._file != STANDARD_OUTPUT:
            os.close(self._descriptor)


def _is_at_line_start(descriptor: int) -> bool:
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
    except OSError:  # a pipe
        return True
    return not size or os.pread(descriptor, 1, size - 1) == b"\n"
