"""What SIGINT, SIGTERM and SIGHUP do: each is a request to hurry, and the next one asks for more.

Before the measurement a signal ends the program. During the measurement the first one ends that,
and so does the deadline, which is a signal as well (SIGALRM). Then the first signal skips what is
slow: names and pictures. The next one ends the program at once; what was measured is in the
journal.
"""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

from paris.engine.stopping import OutOfTimeError, SkippedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from sys import UnraisableHookArgs
    from types import FrameType

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The engine looks at its clock between two steps. The alarm is for steps that take longer.
_LATE_S: Final = 0.05


def listen(if_lost: Callable[[], object]) -> None:
    """Let the first signal that asks the program to end raise KeyboardInterrupt, as Ctrl-C does.

    Further ones are ignored: the program is ending. What its caller ignores stays ignored: SIGHUP
    under nohup. Python drops what is raised in some places; `if_lost` is called then.
    """
    for number in _heeded():
        signal.signal(number, _end)
    sys.unraisablehook = partial(_on_unraisable, if_lost)


def _end(*_: object) -> NoReturn:
    leave()
    raise KeyboardInterrupt


def _on_unraisable(if_lost: Callable[[], object], unraisable: UnraisableHookArgs) -> None:
    """Call `if_lost` if Python dropped what a signal had raised, and else show what it dropped."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt | OutOfTimeError | SkippedError):
        if_lost()
    else:
        sys.__unraisablehook__(unraisable)


def leave() -> None:
    """Ignore every further signal: the program is ending."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _heeded() -> list[signal.Signals]:
    return [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def taken_over(deadline_s: float | None) -> Iterator[Signals]:
    """Take over the signals for a measurement of at most `deadline_s` seconds."""
    signals = Signals(deadline_s)
    alarm = () if deadline_s is None else (signal.SIGALRM,)
    former = {number: signal.getsignal(number) for number in (*_heeded(), *alarm)}
    for number in former:
        signal.signal(number, signals.on_signal)
    former_hook, sys.unraisablehook = sys.unraisablehook, partial(_on_unraisable, signals.renew)
    try:
        yield signals
    finally:
        sys.unraisablehook = former_hook
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in former.items():
            signal.signal(number, handler)


class Signals:
    """What signals ask of a measurement and of what follows it; see `paris.engine.stopping.Stop`.

    `in_haste` says that a signal came after the one that ended the measurement, or after its end.
    """

    def __init__(self, deadline_s: float | None) -> None:
        self.in_haste = False
        self._deadline_s = deadline_s
        self._raises = True
        self._due: type[BaseException] | None = None
        self._is_measured = False
        self._is_over = False
        self._is_heard = False
        self._skips = False
        self._held = _Held(self)

    def on_signal(self, number: int, _: FrameType | None) -> None:
        """Raise what the signal asks for, or note it."""
        is_alarm = number == signal.SIGALRM
        if self._is_measured:
            if not is_alarm and not self._is_over:
                self._hurry()
            return
        self.in_haste |= self._due is KeyboardInterrupt and not is_alarm
        self._due = OutOfTimeError if is_alarm and self._due is None else KeyboardInterrupt
        if self._raises:
            self._raise_due()

    def is_asked(self) -> bool:
        """Whether a signal has come, or the deadline passed."""
        return self.in_haste or self._due is not None

    def renew(self) -> None:
        """Raise again, at the next step, what Python dropped during the measurement."""
        self._is_measured = not self._is_heard

    def _raise_due(self) -> None:
        if self._due is not None:
            self._raises, self._is_measured = False, True
            raise self._due

    def _hurry(self) -> None:
        if self.in_haste:
            self.end()
            raise KeyboardInterrupt
        self.in_haste = True
        if self._skips:
            raise SkippedError

    def end(self) -> None:
        """Heed no more signals: the last one ends the program, which only tidies up."""
        self._is_measured = self._is_over = True

    def begin(self) -> None:
        """See Stop."""
        self.hold()
        if self._deadline_s is not None:
            signal.setitimer(signal.ITIMER_REAL, self._deadline_s + _LATE_S)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """See Stop. The measurement ends with this block."""
        self._is_heard = True
        try:
            self.release()
            yield
        finally:
            self._is_heard = False
            self._raises, self._is_measured = False, True

    def held(self) -> AbstractContextManager[object]:
        """See Stop."""
        return self._held

    def hold(self) -> None:
        """Only note signals from now on."""
        self._raises = False

    def release(self) -> None:
        """Raise what a signal asked for, now or as soon as there is one."""
        self._raises = True  # before the look, so that no signal comes between
        self._raise_due()

    @contextmanager
    def skippable(self, *, is_slow: bool = True) -> Iterator[None]:
        """A block that the first signal after the measurement ends by raising SkippedError.

        If it `is_slow`, it is not begun in haste.
        """
        self._skips = True
        try:
            if is_slow and self.in_haste:
                raise SkippedError
            yield
        finally:
            self._skips = False


class _Held:
    """A block that no signal interrupts; made once, as every step of the engine has several."""

    __slots__ = ("_signals",)

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    def __enter__(self) -> None:
        self._signals.hold()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._signals.release()
