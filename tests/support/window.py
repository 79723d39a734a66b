"""A command in a terminal window, which has all its streams and gets its keys."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TABLE_BEGINS: Final = b"\x1b[?1049h"
_TABLE_ENDS: Final = b"\x1b[?1049l"


@dataclass
class Window:
    """A command under way; `shown` is what its terminal got so far."""

    process: subprocess.Popen[bytes]
    shown: bytes
    _terminal: int
    _former: list[object]

    def read_until(self, sign: bytes) -> None:
        """Wait until this is shown next."""
        begin = len(self.shown)
        while sign not in self.shown[begin:]:
            assert select.select([self._terminal], [], [], LONGEST_S)[0], f"never showed {sign!r}"
            self.shown += os.read(self._terminal, 65536)

    def resize(self, lines: int, columns: int) -> None:
        """Make the window as large."""
        _resize(self._terminal, lines, columns)

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._terminal, key)

    def left(self) -> bytes:
        """What is shown at the end, after a table that was drawn once and left nothing behind."""
        while self.process.poll() is None or select.select([self._terminal], [], [], 0)[0]:
            if select.select([self._terminal], [], [], 0.05)[0]:
                self.shown += os.read(self._terminal, 65536)
        assert termios.tcgetattr(self._terminal) == self._former
        assert self.shown.count(_TABLE_BEGINS) == self.shown.count(_TABLE_ENDS) == 1
        assert self.shown.rindex(b"\x1b[?25h") > self.shown.rindex(b"\x1b[?25l")  # the cursor
        return self.shown.rpartition(_TABLE_ENDS)[2]


@contextmanager
def window(command: Sequence[str], lines: int, columns: int) -> Iterator[Window]:
    """Run a command in a window of that size until the block is left, at the latest."""
    terminal, other_end = pty.openpty()
    try:
        _resize(terminal, lines, columns)
        former = termios.tcgetattr(terminal)
        with subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command],
            stdin=other_end,
            stdout=other_end,
            stderr=other_end,
            env={**os.environ, "TERM": "xterm-256color"},
        ) as process:
            try:
                yield Window(process, b"", terminal, former)
            finally:
                process.kill()
    finally:
        os.close(other_end)
        os.close(terminal)


def _resize(terminal: int, lines: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("@4H", lines, columns, 0, 0))
