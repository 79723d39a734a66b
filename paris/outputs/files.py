"""Writes to files and standard output, and checks before the measurement that this will work."""

from __future__ import annotations

import os
import stat
import sys
from typing import Final, NamedTuple

from paris.errors import OutputError

STANDARD_OUTPUT: Final = "-"


class OutputOptions(NamedTuple):
    """The user's options for outputs: files, format, and the look of text; see Options."""

    files: tuple[str, ...]
    format: str | None
    color: str
    ascii: bool


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


def write(file: str, content: bytes) -> None:
    """Write to a file or to standard output. Raises OutputError."""
    try:
        if file == STANDARD_OUTPUT:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        else:
            from pathlib import Path

            Path(file).write_bytes(content)
    except BrokenPipeError:
        # Python flushes standard output again at exit, which would fail: nobody reads it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError("standard output was closed before everything was written") from None
    except OSError as error:
        name = "standard output" if file == STANDARD_OUTPUT else file
        raise OutputError(f"cannot write {name}: {error.strerror}") from None
