"""How many columns standard output has."""

from __future__ import annotations

import os
from typing import Final

_USUAL: Final = 80
_FEWEST: Final = 40  # in fewer no line is readable
_MOST: Final = 1000


def terminal_width(most: int = _MOST) -> int:
    """The columns that COLUMNS says, or else those of the terminal, up to `most`; 80 without one.

    Text is easier to read in lines that are not as long as a wide window, unless its user asks for
    them.
    """
    try:
        asked = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        asked = 0
    if asked > 0:
        return max(_FEWEST, min(asked, _MOST))
    try:
        own = os.get_terminal_size(1).columns
    except OSError:  # not a terminal
        own = 0
    return max(_FEWEST, min(own or _USUAL, most))
