"""How a signal, or the end of its time, stops what is under way."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class OutOfTimeError(BaseException):
    """The deadline has passed. It may be raised anywhere, so no computation outlasts it."""


class SkippedError(KeyboardInterrupt):
    """A signal asks to leave out what is slow."""


class Skipping(Protocol):
    """Makes a block that may be left out: SkippedError ends it, and is for the caller to catch.

    A block that `is_slow` is not even begun where the user is known to be in haste.
    """

    def __call__(self, *, is_slow: bool = True) -> AbstractContextManager[object]:
        """The block."""


def never(*, is_slow: bool = True) -> AbstractContextManager[object]:
    """See Skipping: nothing is left out, however slow."""
    return nullcontext(is_slow)


class Stop(Protocol):
    """Stops a run.

    From `begin` on there is something to lose. So KeyboardInterrupt and OutOfTimeError are raised
    in a `heard` block only, wherever it is at that moment. While a part of it is `held`, they wait
    until that ends.
    """

    def begin(self) -> None:
        """Begin the measurement."""

    def heard(self) -> AbstractContextManager[object]:
        """A block that ends at once when the run is to stop; its state is then not to be used."""

    def held(self) -> AbstractContextManager[object]:
        """A part of a heard block that is done as a whole."""


class NeverStops:
    """See Stop; without a caller who takes over signals, KeyboardInterrupt alone stops a run."""

    def begin(self) -> None:
        """See Stop."""

    def heard(self) -> AbstractContextManager[object]:
        """See Stop."""
        return nullcontext()

    def held(self) -> AbstractContextManager[object]:
        """See Stop."""
        return nullcontext()
