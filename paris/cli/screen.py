"""The live table on a terminal: redrawn in place by a thread, which also hears keys.

Only this file imports rich, and only where a table is drawn.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from paris.threads import started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EVERY_S: Final = 0.5  # a table of 60 rows takes rich 50 ms
_QUIT: Final = b"q"


def can_draw() -> bool:
    """Whether standard error is a terminal that can be redrawn in place, and rich is there."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    from importlib.util import find_spec

    return find_spec("rich") is not None


class Screen:
    """Draws on standard error what `publish` was given last, twice a second at most.

    The key q ends the measurement as Ctrl-C does. `lines` makes the lines for a width and a height;
    it is replaced as a whole, so the thread never sees one that is being changed. Nothing is drawn
    where `is_drawing` is False: the system gives no thread.
    """

    def __init__(self) -> None:
        self._lines: Callable[[int, int], list[str]] | None = None
        self._wake, self._waker = os.pipe()
        self._thread = started(self._run)

    @property
    def is_drawing(self) -> bool:
        """Whether a thread draws."""
        return self._thread is not None

    def publish(self, lines: Callable[[int, int], list[str]]) -> None:
        """Draw these lines from now on."""
        self._lines = lines

    def close(self) -> None:
        """Give the terminal back as it was."""
        os.close(self._waker)
        if self._thread is not None:
            self._thread.join()
        os.close(self._wake)

    def _run(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(stderr=True, highlight=False)
        with (
            _keys() as keys,
            Live(console=console, screen=True, auto_refresh=False, transient=True) as live,
        ):
            drawn: object = None
            while True:
                width, height = _size()
                wanted = (self._lines, width, height)
                if self._lines is not None and wanted != drawn:
                    drawn = wanted
                    lines = self._lines(width, height)
                    live.update(Text("\n".join(lines), no_wrap=True), refresh=True)
                ready, _, _ = select.select([self._wake, *keys], [], [], _EVERY_S)
                if self._wake in ready:
                    return
                if ready:
                    pressed = os.read(ready[0], 64)
                    if _QUIT in pressed.lower():
                        os.kill(os.getpid(), signal.SIGINT)
                    if not pressed or _QUIT in pressed.lower():
                        keys = []


def _size() -> tuple[int, int]:
    """The columns and lines of the window now."""
    with suppress(OSError):
        size = os.get_terminal_size(sys.stderr.fileno())
        if size.columns and size.lines:
            return size.columns, size.lines
    return 80, 24


@contextmanager
def _keys() -> Iterator[list[int]]:
    """Where keys come from one by one, if anywhere: standard input, if it is a terminal."""
    if sys.stdin is None or not sys.stdin.isatty():
        yield []
        return
    descriptor = sys.stdin.fileno()
    try:
        former = termios.tcgetattr(descriptor)
        if os.tcgetpgrp(descriptor) != os.getpgrp():  # in the background, keys are not for us
            yield []
            return
    except (termios.error, OSError):
        yield []
        return
    tty.setcbreak(descriptor, termios.TCSANOW)
    try:
        yield [descriptor]
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, former)
