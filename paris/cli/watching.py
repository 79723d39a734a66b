"""What is shown and written while paths are watched: a live table, lines of changes, a stream."""

from __future__ import annotations

import signal
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final

from mda.studies.watch import Watch
from paris.errors import OutputError
from render.terminal.watch import watch_lines
from render.words.watch import change_words, outage_words, watch_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from paris.cli.screen import Screen
    from paris.outputs.lines import Lines
    from render.words.watch import WatchWords

_WIDTH: Final = 80  # of text that no window limits
_REFRESH_S: Final = 0.5


class Watcher:
    """Follows the account `watch` of a watch of `target`, round after round.

    `stream` gets a line for each round. A live table is on the `screen`; where there is none, and
    where nothing can be drawn, `say` is given each change. `is_ending` says whether somebody has
    ended the watch. `faults` are the failures to write.
    """

    def __init__(
        self,
        target: str,
        stream: Lines | None,
        say: Callable[[str], object],
        is_ending: Callable[[], bool],
        screen: Screen | None,
    ) -> None:
        self.watch = Watch(self._observe)
        self.faults: list[OutputError] = []
        self._target = target
        self._stream = stream
        self._say = say
        self._is_ending = is_ending
        self._screen = screen
        self._changes = self._outages = 0
        self._is_out = False
        self._is_drawn = False
        self._shown_at_s = -inf

    def _observe(self) -> None:
        """Show and write what the last round showed."""
        from paris.formats.round_lines import begin_line, round_line

        if self.watch.count == 1:
            self._write(begin_line(self.watch, self._target))
        self._write(round_line(self.watch, self._changes))
        if self._screen is None or not self._draws(self._screen):
            self._tell()
        self._changes = self.watch.change_count

    def _tell(self) -> None:
        """Say what happened in the last round."""
        new = self.watch.change_count - self._changes
        for change in list(self.watch.changes)[-new:] if new else ():
            self._say(change_words(change, self.watch.started_at_unix_s))
        if not self.watch.outages:
            return
        outage = self.watch.outages[-1]
        is_new = self.watch.outage_count > self._outages
        if is_new or (self._is_out and outage.ended_s is not None):
            self._say(outage_words(outage, self.watch.started_at_unix_s))
        self._outages, self._is_out = self.watch.outage_count, outage.ended_s is None

    def end(self) -> None:
        """Write what all rounds showed."""
        if self.watch.count:
            from paris.formats.round_lines import end_line

            self._write(end_line(self.watch))
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def table(self) -> str:
        """The final table; empty without a round."""
        if not self.watch.count:
            return ""
        lines = watch_lines(self._words(), _WIDTH)
        return "\n".join(lines) + "\n"

    def _draws(self, screen: Screen) -> bool:
        """Whether the screen has what is known now, or soon will."""
        now_s = monotonic()
        if now_s - self._shown_at_s < _REFRESH_S:
            return self._is_drawn
        self._shown_at_s = now_s
        self._is_drawn = screen.publish(partial(watch_lines, self._words()))
        return self._is_drawn

    def _words(self) -> WatchWords:
        return watch_words(self.watch.rounds, self._target, self.watch.started_at_unix_s)

    def _write(self, line: str) -> None:
        if self._stream is None or self.faults:
            return
        try:
            self._stream.write(line)
        except OutputError as error:
            self.faults.append(error)
            if not self._is_ending():
                signal.raise_signal(signal.SIGINT)  # what nobody gets need not be measured
