"""The live table on a terminal: a thread redraws it in place, and may hear keys.

Only this file imports rich, and only where a table is drawn.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from paris.threads import started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Thread

_EVERY_S: Final = 0.5
_QUIT: Final = b"q"


class Screen:
    """Draws lines on standard error, twice a second at most, from half a second after the first.

    It does so if that is a terminal that can be redrawn in place, rich is there, and the system
    gives a thread. If it `hears_keys`, the key q ends the measurement as Ctrl-C does.
    """

    def __init__(self, *, hears_keys: bool) -> None:
        self._hears_keys = hears_keys
        self._lines: Callable[[int, int], list[str]]
        self._is_asked = False
        self._wake = self._waker = -1
        self._thread: Thread | None = None

    @property
    def is_drawing(self) -> bool:
        """Whether the terminal is not for other text now."""
        return self._thread is not None

    def publish(self, lines: Callable[[int, int], list[str]]) -> bool:
        """Draw these lines from now on, for a width and a height; False if nothing is drawn.

        They are made anew each time, by a thread.
        """
        self._lines = lines
        if not self._is_asked:
            self._is_asked = True
            if _can_draw():
                self._wake, self._waker = os.pipe()
                self._thread = started(self._run)
        return self.is_drawing

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._is_asked = True
        if self._waker < 0:
            return
        os.close(self._waker)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        os.close(self._wake)
        self._waker = -1

    def _run(self) -> None:
        if select.select([self._wake], [], [], _EVERY_S)[0]:
            return
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(stderr=True, highlight=False)
        with (
            _keys(are_heard=self._hears_keys) as keys,
            Live(console=console, screen=True, auto_refresh=False, transient=True) as live,
        ):
            drawn: object = None
            while True:
                width, height = _size()
                lines = self._lines(width, height)
                if (lines, width, height) != drawn:
                    drawn = lines, width, height
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


def _can_draw() -> bool:
    """Whether standard error is a terminal that can be redrawn in place, and rich is there."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "") in ("", "dumb"):
        return False
    from importlib.util import find_spec

    return find_spec("rich") is not None


def _size() -> tuple[int, int]:
    """The columns and lines of the window now."""
    with suppress(OSError):
        size = os.get_terminal_size(sys.stderr.fileno())
        if size.columns and size.lines:
            return size.columns, size.lines
    return 80, 24


@contextmanager
def _keys(*, are_heard: bool) -> Iterator[list[int]]:
    """Where keys come from one by one, if anywhere: standard input, if it is a terminal."""
    if not are_heard or sys.stdin is None or not sys.stdin.isatty():
        yield []
        return
    import termios
    import tty

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
