#!/usr/bin/env bash
# networkx's GML gives AS numbers of one attribute back as numbers and as text, by their size.
#
# Seen with networkx 3.6.1 on Python 3.11. Needs python3 with venv, and pip.
#
# The tempting guess: a format with integers keeps integers, so that a graph of AS numbers, or of
# times in microseconds, is the same after write_gml and read_gml, or else is refused. In fact
# write_gml puts a number that does not fit in 32 signed bits between quotation marks, without a
# word, and read_gml leaves it as text: AS 64500 is a number there, and AS 4200000001 is not. So
# sorting them raises TypeError, and a look-up by number misses the large ones only. GraphML and
# GEXF of the same graph keep both as numbers.
#
# Output seen:
#   GML: {'a': 64500, 'b': '4200000001'}
#   GraphML: {'a': 64500, 'b': 4200000001}
#   GEXF: {'a': 64500, 'b': 4200000001}
# Fails if the behaviour changes.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "networkx==3.6.1"
"$folder/venv/bin/python" - <<'PYTHON'
import io

import networkx as nx

SMALL, LARGE = 64500, 4200000001
graph = nx.DiGraph()
graph.add_node("a", asn=SMALL)
graph.add_node("b", asn=LARGE)
found = {}
for name, write, read in (
    ("GML", nx.write_gml, nx.read_gml),
    ("GraphML", nx.write_graphml, nx.read_graphml),
    ("GEXF", nx.write_gexf, nx.read_gexf),
):
    stream = io.BytesIO()
    write(graph, stream)
    stream.seek(0)
    found[name] = dict(read(stream).nodes(data="asn"))
    print(f"{name}: {found[name]}")
assert found["GML"] == {"a": SMALL, "b": str(LARGE)}
assert found["GraphML"] == found["GEXF"] == {"a": SMALL, "b": LARGE}
PYTHON
