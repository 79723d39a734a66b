"""How tests wait: for a sign, and so long that a busy machine makes none of them fail."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_S: Final = 180.0  # for what takes a second or so where nobody else wants the processor
_LOOKS_EVERY_S: Final = 0.02


def wait_until(is_so: Callable[[], bool]) -> None:
    """Return as soon as `is_so`."""
    end_s = time.monotonic() + LONGEST_S
    while not is_so():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(_LOOKS_EVERY_S)
