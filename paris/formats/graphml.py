"""Writes the graph as GraphML, for Gephi, yEd, Cytoscape and networkx."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import networkx as nx

from paris.formats.plain_graph import plain_graph

if TYPE_CHECKING:
    from mda.trace import Trace
    from paris.formats.look import Look


def write(trace: Trace, _: Look | None = None) -> str:
    """The trace's plain graph as GraphML text."""
    buffer = io.BytesIO()
    nx.write_graphml_xml(plain_graph(trace), buffer, named_key_ids=True)
    return buffer.getvalue().decode() + "\n"
