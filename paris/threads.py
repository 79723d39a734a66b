"""Threads that work beside the program, where the system gives any."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def started(work: Callable[[], None]) -> Thread | None:
    """A thread that does `work` and ends with the program; None where the system refuses one."""
    thread = Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # limits of memory or of processes
        return None
    return thread
