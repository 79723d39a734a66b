"""A command whose standard error is a terminal, on which it shows its progress."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_ANSWERS: Final = re.compile(rb"hop \d+  (\d+) replies")
_CLEAR: Final = "\x1b[K"


@dataclass
class OnTerminal:
    """A command under way; `shown` is what its terminal got so far."""

    process: subprocess.Popen[bytes]
    shown: bytes
    _terminal: int
    _out: IO[str]

    def wait_for_answers(self, count: int) -> None:
        """Wait until the progress line shows that many."""
        while max(map(int, _ANSWERS.findall(self.shown)), default=0) < count:
            assert self._is_reading(), f"ended before {count} replies: {self.shown!r}"

    def finish(self) -> tuple[int, str, str]:
        """Exit code, standard output, and what is left on the terminal, once it has ended."""
        while self._is_reading():
            pass
        exit_code = self.process.wait(timeout=LONGEST_S)
        self._out.seek(0)
        lines = self.shown.decode().replace("\r\n", "\n").split("\n")
        return exit_code, self._out.read(), "\n".join(line.rpartition(_CLEAR)[2] for line in lines)

    def _is_reading(self) -> bool:
        """Take in what is shown next; false if there is no more to come."""
        assert select.select([self._terminal], [], [], LONGEST_S)[0], "no sign of the command"
        try:
            part = os.read(self._terminal, 65536)
        except OSError:  # closed at its other end
            return False
        self.shown += part
        return True


@contextmanager
def on_terminal(
    command: Sequence[str], cwd: Path | None = None, kind: str = ""
) -> Iterator[OnTerminal]:
    """Run a command until the block is left, at the latest.

    `kind` is what TERM says of the terminal; without it no table is drawn, but a line.
    """
    terminal, other_end = pty.openpty()
    with tempfile.TemporaryFile("w+") as out:
        try:
            process = subprocess.Popen(
                command, cwd=cwd, stdout=out, stderr=other_end, env={**os.environ, "TERM": kind}
            )
        finally:
            os.close(other_end)
        with process:
            try:
                yield OnTerminal(process, b"", terminal, out)
            finally:
                process.kill()
                os.close(terminal)
