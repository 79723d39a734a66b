"""Reads files that the user names, and refuses at once what never ends or holds nothing."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from paris.errors import FormatError

if TYPE_CHECKING:
    from mda.errors import ParisTraceError


def read(file: str, error: type[ParisTraceError] = FormatError) -> bytes:
    """The content of a file that has some. Raises `error` with one line that names the file.

    Pipes and devices are refused, because reading one may wait for ever.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for somebody who writes to it.
        opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(opened, "rb", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise error(f"cannot read {file}: it is a pipe or a device, not a file")
            content = stream.readall()
    except OSError as failure:
        raise error(f"cannot read {file}: {failure.strerror}") from None
    except ValueError:  # a NUL character
        raise error(f"cannot read {file!r}: not the name of a file") from None
    if not content:
        raise error(f"cannot read {file}: the file is empty")
    return content
