"""The console scripts, and what an interruption does while they are being loaded."""

from __future__ import annotations

import os
import signal
from importlib import import_module
from typing import NoReturn


def trace() -> None:
    """The console script `paris-trace`."""
    _run("paris-trace", "paris.cli.trace")


def render() -> None:
    """The console script `paris-render`."""
    _run("paris-render", "paris.cli.render")


def _run(program: str, module: str) -> None:
    def leave(*_: object) -> NoReturn:
        """End at once: nothing has begun yet, or nothing is left to do."""
        os.write(2, f"{program}: interrupted\n".encode())
        os._exit(130)

    # A shell lets commands in the background ignore interruptions.
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        import_module(module).entry()
        return
    signal.signal(signal.SIGINT, leave)
    entry = import_module(module).entry
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        entry()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
