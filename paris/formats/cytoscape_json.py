"""Writes the graph as the JSON of Cytoscape and Cytoscape.js."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from paris.formats.json_text import json_text
from paris.formats.plain_graph import plain_graph

if TYPE_CHECKING:
    from mda.trace import Trace
    from paris.formats.look import Look


def write(trace: Trace, _: Look | None = None) -> str:
    """The trace's plain graph as JSON text."""
    plain = plain_graph(trace)
    # Of the values of the whole graph networkx makes a list, but Cytoscape reads an object.
    return json_text({**nx.cytoscape_data(plain), "data": plain.graph})
