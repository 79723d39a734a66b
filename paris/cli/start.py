"""The console scripts, and what an interruption does while they are being loaded."""

import gc
import os

# See `paris`: the fewer modules are loaded here, the better.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
else:
    import _signal as signal  # the module `signal` loads others first

# So many objects are made before Python looks for garbage among them. Imports, and a measurement,
# make many that last: to search them would take a tenth of the time.
_OBJECTS = 200_000


def trace() -> None:
    """The console script `paris-trace`."""

    def load() -> "Callable[[], None]":
        from paris.cli.trace import entry

        return entry

    _run("paris-trace", load)


def render() -> None:
    """The console script `paris-render`."""

    def load() -> "Callable[[], None]":
        from paris.cli.render import entry

        return entry

    _run("paris-render", load)


def convert() -> None:
    """The console script `paris-convert`."""

    def load() -> "Callable[[], None]":
        from paris.cli.convert import entry

        return entry

    _run("paris-convert", load)


def survey() -> None:
    """The console script `paris-survey`."""

    def load() -> "Callable[[], None]":
        from paris.cli.survey import entry

        return entry

    _run("paris-survey", load)


def _run(program: str, load: "Callable[[], Callable[[], None]]") -> None:
    """Load a command and run it; see `entry` of each."""

    def leave(*_: object) -> None:
        """End at once: nothing has begun yet."""
        os.write(2, f"{program}: interrupted\n".encode())
        os._exit(130)

    gc.set_threshold(_OBJECTS)
    # A shell lets commands in the background ignore interruptions.
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        load()()
        return
    signal.signal(signal.SIGINT, leave)
    entry = load()
    try:
        entry()
    except KeyboardInterrupt:
        leave()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to do
