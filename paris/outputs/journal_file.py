"""A file that is appended to without a wait, and moves on where a folder takes no more."""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from io import FileIO
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, Final

from paris.outputs.files import sync, write_all
from paris.threads import started

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from threading import Thread

_SYNCED_EVERY_S: Final = 1.0
_MOST_WAITING: Final = 1 << 24  # bytes that wait for the disk
_FINISHED_S: Final = 5.0
_TOO_SLOW: Final = "the disk is too slow"


class JournalFile:
    """A new file called `name` in the first of `folders` that takes what is written.

    What does not fit there goes to the next folder, with all that was written before. With
    `or_memory` it is in memory alone where no folder takes a file at all.

    A thread opens and writes it, and another one syncs it: a busy disk takes longer for each of
    these than a reply or a signal may wait. Where the system gives no threads, whoever hands over
    writes, and nothing is synced. `fault` is why the file ends early, if it does.
    `is_homeless` says that no folder took it.
    """

    def __init__(self, folders: Iterable[Path], name: str, *, or_memory: bool = False) -> None:
        self._folders: Iterator[Path] = iter(folders)
        self._name = name
        self._or_memory = or_memory
        self.fault: OSError | None = None
        self.is_homeless = False
        self._kept: list[bytes] = []
        self._waiting: SimpleQueue[bytes | None] = SimpleQueue()
        self._given = 0
        self._size = 0
        self._is_begun = False
        self._writing: Thread | None = None
        self._closed = Event()
        self._finished_by_s: float | None = None
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
        """Append all of `data`, or nothing, when it is handed over.

        Raises OSError if too much waits for the disk, or if no folder took what was written before.
        """
        if self.fault is not None:
            raise self.fault
        if self._given - self._size > _MOST_WAITING:
            raise OSError(errno.EBUSY, _TOO_SLOW)
        self._given += len(data)
        self._kept.append(data)

    def hand_over(self) -> None:
        """Let the disk have what was written so far: to wake the thread up costs time.

        Threads have their own privileges, so those are given up before.
        """
        if not self._is_begun:
            self._is_begun = True
            self._writing = started(self._keep_writing)
            started(self._keep_synced)
        data = b"".join(self._kept)
        self._kept.clear()
        if self._writing is not None:
            self._waiting.put(data)
        elif self.fault is None:
            self._takes(data)

    def finish(self) -> bool:
        """Wait until all is written, but not for long; whether the disk has taken it.

        If it has not, the file is not to be touched: whoever does so waits as well.
        """
        self.hand_over()
        if self._finished_by_s is None:
            self._finished_by_s = time.monotonic() + _FINISHED_S
            self._closed.set()
            self._waiting.put(None)
        if self._writing is None:
            return True
        self._writing.join(max(0.0, self._finished_by_s - time.monotonic()))
        is_taken = not self._writing.is_alive()
        if not is_taken and self.fault is None:
            self.fault = OSError(errno.EBUSY, _TOO_SLOW)
        return is_taken

    def _keep_writing(self) -> None:
        for data in iter(self._waiting.get, None):
            if not self._takes(data):
                return

    def _takes(self, data: bytes) -> bool:
        """Append `data`; whether a folder takes it. If none does, the file ends."""
        try:
            self._append(data)
        except OSError as fault:
            self.fault = fault
            return False
        return True

    def _append(self, data: bytes) -> None:
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
        if self._place is not None:
            raise error
        self.is_homeless = True
        if not self._or_memory:
            raise error
        return None, FileIO(os.memfd_create(self._name), "r+b")

    def _keep_synced(self) -> None:
        synced = None
        while not self._closed.wait(_SYNCED_EVERY_S):
            place = self._place
            if place is not None:
                with suppress(OSError, ValueError):  # it may move at this moment
                    os.fdatasync(place[1].fileno())
                    if place[0] is not None and synced != place[0]:
                        sync(place[0].parent)
                        synced = place[0]

    def close(self) -> None:
        """Close it; it stays where it is."""
        if self._place is not None:
            self._place[1].close()

    def remove(self) -> None:
        """Remove it, closed."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink()
