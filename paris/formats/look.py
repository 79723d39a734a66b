"""The look of an output, which every writer of a format receives."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """The format by its suffix, and of text whether it uses colours, only ASCII, and its width.

    A picture that is `plain` has no title, no sentences and no legend. In it, more than `fold`
    branches that are alike are one stack; with 0 none are, with None as many as usual. An SVG is
    made for what `size` names.
    """

    format: str
    color: bool = False
    ascii: bool = False
    width: int = 80
    plain: bool = False
    fold: int | None = None
    size: str = "screen"
