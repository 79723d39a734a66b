"""What networkx reads from each format of graphs."""

from __future__ import annotations

import inspect
import io
import json
from typing import TYPE_CHECKING, Any, Final

import networkx as nx

if TYPE_CHECKING:
    from collections.abc import Callable

# Until networkx 3.4 the key of the edges has another name.
EDGES: Final = (
    {"edges": "edges"}
    if "edges" in inspect.signature(nx.node_link_graph).parameters
    else {"link": "edges"}
)
READERS: Final[dict[str, Callable[[bytes], Any]]] = {
    "graphml": lambda data: nx.read_graphml(io.BytesIO(data)),
    "gexf": lambda data: nx.read_gexf(io.BytesIO(data)),
    "cyjs": lambda data: nx.cytoscape_graph(json.loads(data)),
    "node-link.json": lambda data: nx.node_link_graph(json.loads(data), **EDGES),
}
