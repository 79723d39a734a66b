"""Reads files that the user names, and refuses at once what never ends or holds nothing."""

from __future__ import annotations

import os
import stat
import sys
from io import BytesIO, FileIO
from typing import TYPE_CHECKING, Final

from paris.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Protocol

    from mda.errors import ParisTraceError

    class Readable(Protocol):
        """What gives bytes, and none at its end."""

        def read(self, size: int, /) -> bytes: ...  # noqa: D102


STANDARD_INPUT: Final = "-"
MOST: Final = 1 << 30  # bytes; what holds more, packed or on standard input, is taken for hostile
_PIECE: Final = 1 << 18  # bytes


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


def named(file: str) -> str:
    """An input's name in messages."""
    return "standard input" if file == STANDARD_INPUT else file


def standard_input() -> bytes:
    """What is on standard input, up to its end. Raises FormatError."""
    stream = sys.stdin
    if stream is None or stream.isatty():
        raise FormatError("cannot read standard input: it is no file and no pipe")
    try:
        content = up_to(stream.buffer)
    except OSError as failure:
        raise FormatError(f"cannot read standard input: {failure.strerror}") from None
    if not content:
        raise FormatError("cannot read standard input: it is empty")
    if len(content) > MOST:
        raise FormatError(f"cannot read standard input: it has more than {MOST >> 20} MiB")
    return content


def up_to(stream: Readable, most: int = MOST) -> bytes:
    """The content of a stream; of one that has more than `most` bytes, little more than these."""
    content = BytesIO()
    while content.tell() <= most and (piece := stream.read(_PIECE)):
        content.write(piece)
    return content.getvalue()


def write_whole(path: Path, content: bytes) -> None:
    """Write a new file: all of it, or none, whatever ends the program. Raises OSError."""
    made = path.with_name(f".{path.name}.part")
    try:
        with made.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        made.replace(path)
    except OSError:
        made.unlink(missing_ok=True)  # on a full disk it takes the room of what is kept
        raise
