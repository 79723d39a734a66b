"""Page outputs: a picture as an HTML page to explore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.outputs.pictures import check_drawable, stacked
from paris.outputs.recipes import recipes

if TYPE_CHECKING:
    from mda.comparison import Comparison
    from mda.difference import Difference
    from mda.merging import Merged
    from mda.trace import Trace
    from paris.formats.look import Look


def trace(trace: Trace, look: Look) -> bytes:
    """The page of a trace."""
    from paris.formats import native
    from paris.formats.json_text import json_compact
    from render.page import trace_tables
    from render.page.document import Explored, page
    from render.pictures.diagram import diagram
    from render.words.routes import route_words
    from render.words.stages import stage_words
    from render.words.trace import trace_words

    own = recipes(trace.plan)
    words = trace_words(trace, own)
    drawn = diagram(words)
    routes = route_words(trace, own)
    tables = (
        trace_tables.hops(words.hops),
        trace_tables.balancers(words.hops),
        trace_tables.paths(routes, words.hops),
    )
    explored = Explored(tables, routes, stage_words(trace), tuple(words.studies))
    return page(drawn, stacked(drawn, look), json_compact(native.document(trace)), explored)


def comparison(comparison: Comparison, look: Look) -> bytes:
    """The page of a comparison."""
    from paris.formats import comparison as formats
    from paris.formats.json_text import json_compact
    from render.page.comparison_tables import tables
    from render.page.document import Explored, page
    from render.pictures.comparison import comparison_diagram
    from render.words.comparison import comparison_words
    from render.words.stages import stages_together

    words = comparison_words(comparison)
    drawn = comparison_diagram(words)
    explored = Explored(tables(words), stages=stages_together(comparison))
    document = json_compact(formats.document(comparison))
    return page(drawn, stacked(drawn, look), document, explored)


def difference(difference: Difference, look: Look) -> bytes:
    """The page of a difference."""
    from paris.formats import difference as formats
    from paris.formats.json_text import json_compact
    from render.page.document import page
    from render.pictures.difference import difference_diagram
    from render.words.difference import difference_words

    drawn = difference_diagram(difference_words(difference))
    return page(drawn, stacked(drawn, look), json_compact(formats.document(difference)))


def merged(merged: Merged, look: Look) -> bytes:
    """The page of a merged graph. Raises OutputError where it has too many vertices."""
    from paris.formats import merged as formats
    from paris.formats.json_text import json_compact
    from render.page.document import Explored, page
    from render.page.merged_tables import tables
    from render.pictures.merged import merged_diagram
    from render.words.merged import merged_words

    check_drawable(merged, look)
    words = merged_words(merged)
    drawn = merged_diagram(words)
    document = json_compact(formats.document(merged))
    return page(drawn, stacked(drawn, look), document, Explored(tables(words)))
