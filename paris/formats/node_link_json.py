"""Writes the graph as node-link JSON, for networkx, D3 and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.formats.json_text import json_text
from paris.formats.plain_graph import plain_graph

if TYPE_CHECKING:
    from mda.trace import Trace
    from paris.formats.look import Look


def write(trace: Trace, _: Look | None = None) -> str:
    """The trace's plain graph as JSON text, as `networkx.node_link_data` says since 3.4."""
    plain = plain_graph(trace)
    return json_text({
        "directed": True,
        "multigraph": False,
        "graph": plain.graph,
        "nodes": [{**attributes, "id": name} for name, attributes in plain.nodes(data=True)],
        "edges": [
            {**attributes, "source": near, "target": far}
            for near, far, attributes in plain.edges(data=True)
        ],
    })  # fmt: skip
