"""Writes a file or a folder that is not there yet; a file appears when it is whole."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from paris.errors import NobodyReadsError, OutputError
from paris.outputs.files import (
    STANDARD_OUTPUT,
    check,
    named,
    not_written,
    open_stream,
    sync,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP)  # of file systems without them


def check_new(file: str) -> None:
    """Raise OutputError if a file cannot be written, or if there is one by this name."""
    if file != STANDARD_OUTPUT and os.path.lexists(file):
        raise OutputError(f"{file} exists: it is not overwritten")
    check(file)


def write_new(file: str, pieces: Iterable[bytes | str]) -> None:
    """Write the pieces to a new file, or to standard output.

    Raises OutputError, and then there is no such file.
    """
    contents = (piece.encode() if isinstance(piece, str) else piece for piece in pieces)
    try:
        if file == STANDARD_OUTPUT:
            stream = open_stream(file)
            for content in contents:
                stream.write(content)
        else:
            _write(Path(file), contents)
    except BrokenPipeError:
        raise NobodyReadsError(f"{named(file)} was closed before everything was written") from None
    except OSError as error:
        raise not_written(file, error) from None


def write_new_folder(folder: str, files: Iterable[tuple[str, bytes | str]]) -> None:
    """Write files, each by its name and its content, to a new folder, made for the first of them.

    Raises OutputError; the folder keeps those that are whole.
    """
    is_made = False
    for name, content in files:
        if not is_made:
            is_made = True
            try:
                Path(folder).mkdir()
            except OSError as error:
                raise not_written(folder, error) from None
        write_new(str(Path(folder, name)), [content])


def _write(file: Path, contents: Iterable[bytes]) -> None:
    made = file.with_name(f".paris-trace-{time.monotonic_ns():x}")
    with made.open("xb", buffering=0) as stream:
        try:
            for content in contents:
                write_all(stream, content)
            sync(made)
            _put(made, file)
        finally:
            made.unlink(missing_ok=True)
    sync(file.parent)


def _put(made: Path, file: Path) -> None:
    """Give what was made its name, unless somebody else has taken that."""
    try:
        file.hardlink_to(made)
    except OSError as error:
        if error.errno not in _NO_LINKS or os.path.lexists(file):
            raise
        made.rename(file)
