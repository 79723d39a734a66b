"""The progress of a trace on a terminal: its hops fill in a table, or one line counts outcomes."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from mda.answers.so_far import SoFar

if TYPE_CHECKING:
    from typing import TextIO

    from mda.model import Outcome
    from mda.statistics.stopping import Bound
    from paris.cli.screen import Screen

_REFRESH_S: Final = 0.1


class Progress:
    """Shows the outcomes of a trace of `target` on `screen`, or on one line of `stream` if any.

    The line is for terminals on which nothing can be drawn, at most ten times per second. `bound`
    is what a search for every path is to keep, and `deadline_s` what it may take.
    """

    def __init__(
        self,
        target: str,
        screen: Screen,
        stream: TextIO | None,
        bound: Bound | None,
        deadline_s: float | None,
    ) -> None:
        self._target = target
        self._screen = screen
        self._stream = stream
        self._bound = bound
        self._deadline_s = deadline_s
        self._so_far = SoFar()
        self._began_s = monotonic()
        self._is_drawn: bool | None = None
        self._shown_at_s = 0.0

    def observe(self, outcome: Outcome) -> None:
        """Take in an outcome."""
        self._so_far.add(outcome)
        if self._is_drawn is None:
            self._is_drawn = self._screen.publish(self._lines)
        if not self._is_drawn and monotonic() - self._shown_at_s >= _REFRESH_S:
            self._show_line()

    def _lines(self, width: int, height: int) -> list[str]:
        from render.terminal.watch import watch_lines
        from render.words.progress import progress_words

        elapsed_s = monotonic() - self._began_s
        left_s = None if self._deadline_s is None else self._deadline_s - elapsed_s
        words = progress_words(self._so_far, self._target, elapsed_s, self._bound, left_s)
        return watch_lines(words, width, height)

    def _show_line(self) -> None:
        if self._stream is None:
            return
        so_far = self._so_far
        self._shown_at_s = monotonic()
        self._stream.write(
            f"\r\x1b[Khop {so_far.farthest}  {so_far.sent - so_far.lost} replies, "
            f"{so_far.lost} losses, {len(so_far.interfaces())} interfaces"
        )
        self._stream.flush()

    def clear(self) -> None:
        """Empty the line."""
        if self._stream is not None and self._shown_at_s:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
