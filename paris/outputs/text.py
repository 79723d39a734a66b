"""Text as an output: what a terminal shows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from paris.packets.recipes import recipe

if TYPE_CHECKING:
    from mda.comparison import Comparison
    from mda.trace import Trace
    from paris.formats.look import Look


def trace(trace: Trace, look: Look) -> str:
    """The text of a trace."""
    from render.terminal.text import text

    recipes = partial(recipe, trace.plan)
    return text(trace, names=trace.names, recipes=recipes, color=look.color, ascii=look.ascii)


def comparison(comparison: Comparison, _: Look) -> str:
    """The text of a comparison."""
    from render.terminal.comparison import comparison_text

    return comparison_text(comparison)
