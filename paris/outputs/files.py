"""Writes to files and standard output, and checks before the measurement that this will work."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.errors import NobodyReadsError, OutputError

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

STANDARD_OUTPUT: Final = "-"
# A folder takes no other file, or a file no other in its place: a mounted one, or another's.
_ONLY_IN_PLACE: Final = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)


class OutputOptions(NamedTuple):
    """The user's options for outputs: files, format, and the look of text and pictures.

    Pictures are `plain` where nothing stands beside the graph; `fold` and `size` are as in Look.
    With `redact` no output has an address, name or label as it is (see `paris.redaction`). With
    `quiet` standard output gets only what `files` and `format` ask for. See Options.
    """

    files: tuple[str, ...]
    format: str | None
    color: str
    ascii: bool
    plain: bool
    fold: int | None
    size: str
    redact: bool = False
    quiet: bool = False


class Output(NamedTuple):
    """An output to write: `file` is a path or STANDARD_OUTPUT, `format` one of the suffixes."""

    file: str
    format: str


def check(file: str) -> None:
    """Raise OutputError if a file, or standard output, cannot be written."""
    if file != STANDARD_OUTPUT:
        try:
            _check_writable(file)
        except OSError as error:  # a folder on the way cannot be entered
            raise OutputError(f"cannot write {file}: {error.strerror}") from None
    elif sys.stdout is None:
        raise OutputError("standard output is closed")


def _check_writable(file: str) -> None:
    from pathlib import Path

    path = Path(file)
    folder = path.parent
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder")
    if not folder.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {folder}")
    target = path if path.exists() else folder
    if not os.access(target, os.W_OK):
        raise OutputError(f"cannot write {path}: permission denied")
    if os.geteuid() == 0 and not _is_writable_to_root(target.stat()):
        raise OutputError(
            f"cannot write {path}: permission denied: root drops its privileges before it "
            "measures; use a folder that root owns, or run sudo from your own account"
        )


def _is_writable_to_root(status: os.stat_result) -> bool:
    """Whether root may write there without special privileges, by the mode bits alone."""
    if status.st_uid == 0:
        return bool(status.st_mode & stat.S_IWUSR)
    if status.st_gid == 0:
        return bool(status.st_mode & stat.S_IWGRP)
    return bool(status.st_mode & stat.S_IWOTH)


def is_file(file: str) -> bool:
    """Whether there is a regular file by this name."""
    return os.path.isfile(file)  # noqa: PTH113 - before the first probe


def is_replaceable(file: str) -> bool:
    """Whether an output is a file that another can be put in place of, or none yet."""
    return file != STANDARD_OUTPUT and (is_file(file) or not os.path.exists(file))  # noqa: PTH110


def identity(file: str) -> object:
    """What two names of one file have in common; None for what several outputs may go to."""
    try:
        # Before the first probe: see `is_file`.
        status = os.stat(sys.stdout.fileno() if file == STANDARD_OUTPUT else file)  # noqa: PTH116
    except (OSError, ValueError):  # a file that is not there yet, or a stream without a number
        return None if file == STANDARD_OUTPUT else os.path.realpath(file)
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def write(file: str, content: bytes) -> None:
    """Write to a file or to standard output. Raises OutputError.

    A file gets all of it or stays as it was.
    """
    try:
        if is_replaceable(file):
            _write_whole(file, content)
        else:
            with closing(open_stream(file)) as stream:
                stream.write(content)
    except BrokenPipeError:
        raise NobodyReadsError(f"{named(file)} was closed before everything was written") from None
    except OSError as error:
        raise not_written(file, error) from None


def open_stream(file: str) -> Stream:
    """Standard output, a pipe or a device, to write to without delay. Raises OutputError."""
    try:
        return Stream(file)
    except OSError as error:
        raise not_written(file, error) from None


def not_written(file: str, error: OSError) -> OutputError:
    """The error to raise where the system refused to write an output."""
    return OutputError(f"cannot write {named(file)}: {error.strerror}")


def named(file: str) -> str:
    """An output's name in messages."""
    return "standard output" if file == STANDARD_OUTPUT else file


class Stream:
    """Standard output, a pipe or a device, written to without delay.

    Raises OSError, also for a pipe that nobody reads.
    """

    def __init__(self, file: str) -> None:
        self._file = None if file == STANDARD_OUTPUT else _opened(file)

    def fileno(self) -> int:
        """Its descriptor."""
        return (sys.stdout if self._file is None else self._file).fileno()

    def write(self, content: bytes) -> None:
        """Write all of it."""
        if self._file is not None:
            write_all(self._file, content)
            return
        try:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        except (BrokenPipeError, KeyboardInterrupt):
            # Python writes the rest at exit, which would fail or wait: nobody reads it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise

    def close(self) -> None:
        """Close it; standard output stays open."""
        if self._file is not None:
            self._file.close()


def _opened(file: str) -> FileIO:
    """A pipe or a device, open for writing. Raises OSError."""
    from io import FileIO

    try:
        # Without O_NONBLOCK, opening a pipe waits for somebody who reads it.
        descriptor = os.open(file, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO and stat.S_ISFIFO(os.stat(file).st_mode):  # noqa: PTH116
            raise OSError(errno.ENXIO, "nobody reads this pipe") from None
        raise
    os.set_blocking(descriptor, True)
    return FileIO(descriptor, "wb")


def _write_whole(file: str, content: bytes) -> None:
    """Write beside the file, then put the result in its place. Raises OSError."""
    from pathlib import Path

    try:
        made = Path(os.path.realpath(file)).with_name(f".paris-trace-{time.monotonic_ns():x}")
        stream = made.open("xb", buffering=0)
        try:
            with stream:
                write_all(stream, content)
            put(made, file)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno not in _ONLY_IN_PLACE:
            raise
        # The file may be ours to write, but not its folder, or to give to its owner.
        with Path(file).open("r+b", buffering=0) as stream:
            _reserve(stream.fileno(), len(content))
            write_all(stream, content)
            stream.truncate()
            os.fsync(stream.fileno())


def write_all(stream: FileIO, content: bytes) -> None:
    """Write all of `content` to an unbuffered file, which may take less at a time.

    Raises OSError.
    """
    left = memoryview(content)
    while left:
        left = left[stream.write(left) :]


def _reserve(descriptor: int, size: int) -> None:
    """Raise OSError now if the disk has no room for so many bytes, before any is overwritten."""
    try:
        os.posix_fallocate(descriptor, 0, max(size, 1))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise


def put(made: Path, file: str) -> None:
    """Put the file `made` in the place of `file`, which keeps its owner and its permissions.

    Raises OSError; `file` is then as it was.
    """
    target = type(made)(os.path.realpath(file))  # a link stays, and leads to what is new
    if target.exists():
        own, former = made.stat(), target.stat()
        if (own.st_uid, own.st_gid) != (former.st_uid, former.st_gid):
            os.chown(made, former.st_uid, former.st_gid)
        made.chmod(stat.S_IMODE(former.st_mode))
    sync(made)
    made.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Let a power failure not undo what was written to a file, or the names in a folder.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
