"""A file that is only appended to, and that moves on where a folder takes no more."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from io import FileIO
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from paris.outputs.files import sync, write_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SYNCED_EVERY_S: Final = 1.0


class JournalFile:
    """A new file called `name` in the first of `folders` that takes what is written.

    What does not fit there goes to the next folder, with all that was written before. With
    `or_memory` it is in memory alone where no folder takes a file at all.
    """

    def __init__(self, folders: Iterable[Path], name: str, *, or_memory: bool = False) -> None:
        self._folders: Iterator[Path] = iter(folders)
        self._name = name
        self._or_memory = or_memory
        self._size = 0
        self._closed: Event | None = None
        self._place: tuple[Path | None, FileIO] | None = None

    @property
    def path(self) -> Path | None:
        """Where it is now; None before anything is written, and in memory."""
        return None if self._place is None else self._place[0]

    def content(self) -> bytes:
        """All that was written; it is not written to any more."""
        if self._place is None:
            return b""
        self._place[1].seek(0)
        return self._place[1].readall()

    def write(self, data: bytes) -> None:
        """Append all of `data`, or nothing: OSError is raised where no folder takes it."""
        error: OSError = FileNotFoundError(errno.ENOENT, "No folder to write to")
        while True:
            if self._place is not None:
                file = self._place[1]
                try:
                    write_all(file, data)
                except OSError as fault:
                    error = fault
                    file.truncate(self._size)
                    file.seek(self._size)
                else:
                    self._size += len(data)
                    return
            self._move(error)

    def _move(self, error: OSError) -> None:
        """Go on in the next folder that takes what is here. Raises `error` if none does."""
        former, self._place = self._place, self._opened(error)
        if former is not None:
            former[1].close()
            if former[0] is not None:
                former[0].unlink(missing_ok=True)

    def _opened(self, error: OSError) -> tuple[Path | None, FileIO]:
        """A copy of what is here, in the next folder that takes it."""
        for folder in self._folders:
            path = folder / self._name
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                # Unbuffered, so that closing it has nothing left to write and cannot fail.
                file = path.open("x+b", buffering=0)
            except OSError:
                continue
            try:
                write_all(file, self.content())
            except OSError:
                file.close()
                path.unlink()
            else:
                return path, file
        if self._place is not None or not self._or_memory:
            raise error
        return None, FileIO(os.memfd_create(self._name), "r+b")

    def sync_regularly(self) -> None:
        """Sync it, and the folder it is in, each second from now on.

        A thread does it, as a disk may take longer than a reply may wait. Threads have their own
        privileges, so those are given up before.
        """
        if self._closed is None:
            self._closed = Event()
            Thread(target=self._keep_synced, args=[self._closed], daemon=True).start()

    def _keep_synced(self, closed: Event) -> None:
        synced = None
        while not closed.wait(_SYNCED_EVERY_S):
            place = self._place
            if place is not None:
                with suppress(OSError, ValueError):  # it may move or close at this moment
                    os.fdatasync(place[1].fileno())
                    if place[0] is not None and synced != place[0]:
                        sync(place[0].parent)
                        synced = place[0]

    def close(self) -> None:
        """Close it; it stays where it is."""
        if self._closed is not None:
            self._closed.set()
        if self._place is not None:
            self._place[1].close()

    def remove(self) -> None:
        """Remove it, closed."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink()
