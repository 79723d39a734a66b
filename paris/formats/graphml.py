"""Writes the graph as GraphML, for Gephi, yEd, Cytoscape and networkx."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import networkx as nx

from paris.formats.plain_graph import plain_graph, plain_merged

if TYPE_CHECKING:
    from mda.merging import Merged
    from mda.trace import Trace
    from paris.formats.look import Look


def write(trace: Trace, _: Look | None = None) -> str:
    """The trace's plain graph as GraphML text."""
    return _text(plain_graph(trace))


def write_merged(merged: Merged, _: Look | None = None) -> str:
    """The plain graph of many traces as GraphML text."""
    return _text(plain_merged(merged))


def _text(graph: nx.DiGraph[str]) -> str:
    buffer = io.BytesIO()
    nx.write_graphml_xml(graph, buffer, named_key_ids=True)
    return buffer.getvalue().decode() + "\n"
