"""Reads files that the user names, and refuses at once what never ends or holds nothing."""

from __future__ import annotations

import os
import stat
from io import FileIO
from typing import TYPE_CHECKING

from paris.errors import FormatError

if TYPE_CHECKING:
    from mda.errors import ParisTraceError


def opened(file: str, error: type[ParisTraceError] = FormatError) -> FileIO:
    """A file, open for reading. Raises `error` with one line that names the file.

    Pipes and devices are refused, because reading one may wait for ever.
    """
    try:
        stream = FileIO(file, opener=_at_once)
    except OSError as failure:
        raise error(f"cannot read {file}: {failure.strerror}") from None
    except ValueError:  # a NUL character
        raise error(f"cannot read {file!r}: not the name of a file") from None
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise error(f"cannot read {file}: it is a pipe or a device, not a file")
    return stream


def _at_once(file: str, flags: int) -> int:
    """Open a file; without O_NONBLOCK, opening a pipe waits for somebody who writes to it."""
    return os.open(file, flags | os.O_NONBLOCK)


def read(file: str, error: type[ParisTraceError] = FormatError) -> bytes:
    """The content of a file that has some. Raises `error`, as `opened` does."""
    with opened(file, error) as stream:
        try:
            content = stream.readall()
        except OSError as failure:
            raise error(f"cannot read {file}: {failure.strerror}") from None
    if not content:
        raise error(f"cannot read {file}: the file is empty")
    return content
