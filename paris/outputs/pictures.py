"""Picture outputs: Graphviz source, or the picture that Graphviz draws from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.outputs.recipes import recipes

if TYPE_CHECKING:
    from mda.comparison import Comparison
    from mda.difference import Difference
    from mda.trace import Trace
    from paris.formats.look import Look
    from render.pictures.diagram import Diagram


def trace(trace: Trace, look: Look) -> bytes:
    """The picture of a trace. Raises RenderError."""
    from render.pictures.diagram import diagram
    from render.words.trace import trace_words

    return _drawn(diagram(trace_words(trace, recipes(trace.plan))), look)


def comparison(comparison: Comparison, look: Look) -> bytes:
    """The picture of a comparison. Raises RenderError."""
    from render.pictures.comparison import comparison_diagram
    from render.words.comparison import comparison_words

    return _drawn(comparison_diagram(comparison_words(comparison)), look)


def difference(difference: Difference, look: Look) -> bytes:
    """The picture of a difference. Raises RenderError."""
    from render.pictures.difference import difference_diagram
    from render.words.difference import difference_words

    return _drawn(difference_diagram(difference_words(difference)), look)


def _drawn(drawn: Diagram, look: Look) -> bytes:
    from render.pictures.dot import to_dot

    source = to_dot(drawn._replace(title="", notes=()) if look.plain else drawn)
    if look.format == "dot":
        return source.encode()
    from render.pictures.svg import draw

    return draw(source, look.format)
