"""Picture outputs: SVG of our own, PNG and PDF made from it, Mermaid and Graphviz source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paris.errors import OutputError
from paris.outputs.recipes import recipes

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.comparison import Comparison
    from mda.difference import Difference
    from mda.merging import Merged
    from mda.trace import Trace
    from paris.formats.look import Look
    from render.pictures.diagram import Diagram

_MOST_DRAWN: Final = 5000  # vertices of a merged graph


def trace(trace: Trace, look: Look) -> bytes:
    """The picture of a trace. Raises RenderError."""
    from paris.formats import native
    from render.pictures.diagram import diagram
    from render.words.trace import trace_words

    words = trace_words(trace, recipes(trace.plan))
    return _drawn(diagram(words), look, lambda: native.document(trace))


def comparison(comparison: Comparison, look: Look) -> bytes:
    """The picture of a comparison. Raises RenderError."""
    from paris.formats import comparison as formats
    from render.pictures.comparison import comparison_diagram
    from render.words.comparison import comparison_words

    words = comparison_words(comparison)
    return _drawn(comparison_diagram(words), look, lambda: formats.document(comparison))


def difference(difference: Difference, look: Look) -> bytes:
    """The picture of a difference. Raises RenderError."""
    from paris.formats import difference as formats
    from render.pictures.difference import difference_diagram
    from render.words.difference import difference_words

    words = difference_words(difference)
    return _drawn(difference_diagram(words), look, lambda: formats.document(difference))


def merged(merged: Merged, look: Look) -> bytes:
    """The picture of a merged graph. Raises RenderError, OutputError for too many vertices."""
    from paris.formats import merged as formats
    from render.pictures.merged import merged_diagram
    from render.words.merged import merged_words

    check_drawable(merged, look)
    drawn = merged_diagram(merged_words(merged))
    return _drawn(drawn, look, lambda: formats.document(merged))


def check_drawable(merged: Merged, look: Look) -> None:
    """Raise OutputError unless a merged graph is small enough to be drawn and looked at."""
    if len(merged.dag) > _MOST_DRAWN:
        raise OutputError(
            f"{len(merged.dag)} vertices are too many for .{look.format}, which holds "
            f"{_MOST_DRAWN}: merge by network (--by as), or write .graphml"
        )


def stacked(drawn: Diagram, look: Look) -> Diagram:
    """The diagram with the stacks that are asked for."""
    if look.fold == 0:
        return drawn
    from render.pictures.folding import folded
    from render.pictures.sizes import SIZES

    size = SIZES[look.size]
    return folded(drawn, look.fold or size.fold, size.room)


def _drawn(drawn: Diagram, look: Look, document: Callable[[], dict[str, Any]]) -> bytes:
    """The picture; an SVG has the JSON `document` inside, so that it can be drawn again."""
    bare = drawn._replace(title="", notes=(), legends=()) if look.plain else drawn
    if look.format != "dot":
        bare = stacked(bare, look)
    if look.format == "svg":
        from paris.formats.json_text import json_compact
        from render.pictures.sheet import sheet
        from render.pictures.sizes import SIZES
        from render.pictures.standalone import standalone
        from render.pictures.svg import to_svg

        return standalone(to_svg(sheet(bare, SIZES[look.size])), drawn, json_compact(document()))
    if look.format == "mmd":
        from render.pictures.mermaid import to_mermaid

        return to_mermaid(bare).encode()
    if look.format == "dot":
        from render.pictures.dot import to_dot

        return to_dot(bare).encode()
    return _pixels(bare, look)


def _pixels(drawn: Diagram, look: Look) -> bytes:
    """The picture as PNG or PDF: as the SVG, or else laid out by Graphviz, which has one size."""
    from render.errors import RenderError
    from render.pictures.converting import can_convert, converted
    from render.pictures.dot import to_dot
    from render.pictures.graphviz import draw
    from render.pictures.sheet import sheet
    from render.pictures.sizes import SIZES

    size = SIZES[look.size]
    if can_convert():
        try:
            return converted(sheet(drawn, size), look.format, size.dpi)
        except RenderError as error:
            if size.name != "screen":
                raise RenderError(f"cannot draw {look.format}: {error}") from None
    elif size.name != "screen":
        raise RenderError(
            f"cannot draw {look.format} with --size {size.name} without CairoSVG: "
            "pip install 'paris-trace[print]'"
        )
    return draw(to_dot(drawn), look.format)
