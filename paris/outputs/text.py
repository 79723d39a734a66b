"""Text outputs, as a terminal shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.outputs.recipes import recipes

if TYPE_CHECKING:
    from mda.comparison import Comparison
    from mda.difference import Difference
    from mda.merging import Merged
    from mda.trace import Trace
    from paris.formats.look import Look


def trace(trace: Trace, look: Look) -> str:
    """The text of a trace."""
    from render.terminal.text import text
    from render.words.trace import trace_words

    words = trace_words(trace, recipes(trace.plan))
    return text(words, color=look.color, ascii=look.ascii, width=look.width)


def comparison(comparison: Comparison, look: Look) -> str:
    """The text of a comparison."""
    from render.terminal.comparison import comparison_text
    from render.words.comparison import comparison_words

    return comparison_text(comparison_words(comparison), look.width)


def difference(difference: Difference, look: Look) -> str:
    """The text of a difference."""
    from render.terminal.difference import difference_text
    from render.words.difference import difference_words

    return difference_text(difference_words(difference), look.width)


def merged(merged: Merged, look: Look) -> str:
    """The text of a merged graph."""
    from render.terminal.merged import merged_text
    from render.words.merged import merged_words

    return merged_text(merged_words(merged), look.width)
