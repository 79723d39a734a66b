"""A file that is only appended to, and that moves on where a folder takes no more."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from paris.outputs.files import sync, write_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO
    from pathlib import Path

_SYNCED_EVERY_S: Final = 1.0


class JournalFile:
    """A new file called `name` in the first of `folders` that takes it.

    Raises OSError if none does. What does not fit there goes to the next folder, with all that was
    written before.
    """

    def __init__(self, folders: Iterable[Path], name: str) -> None:
        self._folders: Iterator[Path] = iter(folders)
        self._name = name
        self._size = 0
        self._closed: Event | None = None
        self._path, self._file = self._opened(FileNotFoundError("there is no folder"))

    @property
    def path(self) -> Path:
        """Where it is now."""
        return self._path

    def write(self, data: bytes) -> None:
        """Append all of `data`, or nothing: OSError is raised where no folder takes it."""
        while True:
            try:
                write_all(self._file, data)
            except OSError as error:
                self._file.truncate(self._size)
                self._file.seek(self._size)
                self._move(error)
            else:
                self._size += len(data)
                return

    def _move(self, error: OSError) -> None:
        """Go on in the next folder that takes what is here. Raises `error` if none does."""
        path, file = self._opened(error)
        self._file.close()
        self._path.unlink(missing_ok=True)
        self._path, self._file = path, file

    def _opened(self, error: OSError) -> tuple[Path, FileIO]:
        """A copy of what is here, in the next folder that takes it."""
        for folder in self._folders:
            path = folder / self._name
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                # Unbuffered, so that closing it has nothing left to write and cannot fail.
                file = path.open("xb", buffering=0)
            except OSError as fault:
                error = fault
                continue
            try:
                if self._size:
                    with self._path.open("rb") as former:
                        shutil.copyfileobj(former, file)
            except OSError as fault:
                error = fault
                file.close()
                path.unlink()
            else:
                return path, file
        raise error

    def sync_regularly(self) -> None:
        """Sync it, and the folder it is in, each second from now on.

        A thread does it, as a disk may take longer than a reply may wait. Threads have their own
        privileges, so those are given up before.
        """
        if self._closed is None:
            self._closed = Event()
            Thread(target=self._keep_synced, args=[self._closed], daemon=True).start()

    def _keep_synced(self, closed: Event) -> None:
        with suppress(OSError):
            sync(self._path.parent)
        while not closed.wait(_SYNCED_EVERY_S):
            with suppress(OSError, ValueError):  # it may move or close at this moment
                os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Close it; it stays where it is."""
        if self._closed is not None:
            self._closed.set()
        self._file.close()
