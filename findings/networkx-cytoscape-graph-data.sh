#!/usr/bin/env bash
# networkx's cytoscape_data writes the attributes of a graph as a list of pairs, not as an object.
#
# Seen with networkx 3.6.1 on Python 3.11. Needs python3 with venv, and pip.
#
# The tempting guess: as Cytoscape's JSON has an object under "data" for each node and edge, and for
# the network, `cytoscape_data(graph)["data"]["name"]` is the name of the graph. In fact only nodes
# and edges have objects; "data" of the network is a list of pairs, so that this raises TypeError,
# and Cytoscape finds no attribute of the network there. Who writes such a file makes it a dict
# first; networkx's own cytoscape_graph reads that as well.
#
# Output seen:
#   of the graph: [["name", "lab"]]
#   of a node: {"label": "first", "id": "a", "value": "a", "name": "a"}
#   read again from an object: {"name": "lab"}
# Fails if the behaviour changes.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "networkx==3.6.1"
"$folder/venv/bin/python" - <<'PYTHON'
import json

import networkx as nx

graph = nx.DiGraph(name="lab")
graph.add_node("a", label="first")
written = nx.cytoscape_data(graph)
print("of the graph:", json.dumps(written["data"]))
print("of a node:", json.dumps(written["elements"]["nodes"][0]["data"]))
again = nx.cytoscape_graph({**written, "data": dict(written["data"])})
print("read again from an object:", json.dumps(again.graph))
assert json.loads(json.dumps(written["data"])) == [["name", "lab"]]
assert isinstance(written["elements"]["nodes"][0]["data"], dict)
assert again.graph == {"name": "lab"}
PYTHON
