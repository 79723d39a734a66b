"""Forks of the test's process: they have imported everything, where a new Python would begin to."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Final

from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Callable

_BROKEN: Final = 99


def fork(work: Callable[[], int], longest_s: float = LONGEST_S) -> int:
    """The process id of a fork that does `work`, and ends with the exit code that it returns.

    It has its own standard streams, on the descriptors 1 and 2. After `longest_s` it is killed.
    """
    with warnings.catch_warnings():
        # Python warns of forks beside threads. This one uses nothing that a thread may have locked.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    exit_code = _BROKEN
    try:
        signal.alarm(int(longest_s))
        sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8") for number in (1, 2))
        exit_code = work()
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(exit_code)
