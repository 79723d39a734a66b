"""The look of an output, which every writer of a format receives."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """The format by its suffix, and for text whether it uses colours and only ASCII."""

    format: str
    color: bool = False
    ascii: bool = False
