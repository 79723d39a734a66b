"""What a trace's JSON finds behind its first hop, whatever the probes to that are known to be."""

from __future__ import annotations

from typing import Any


def analysis(document: dict[str, Any]) -> dict[str, Any]:
    """Diamonds, balancers, shares and the certainty of each vertex, of the JSON of a trace.

    Warts has not the probes to the first hop, so what leads there is left out.
    """
    graph = document["graph"]
    ttls = {vertex["id"]: vertex["ttl"] for vertex in graph["vertices"]}
    first = sorted(set(ttls.values()))[1]
    return {
        "diamonds": document["diamonds"],
        "balancers": document["balancers"],
        "shares of vertices": {vertex["id"]: vertex["share"] for vertex in graph["vertices"]},
        "shares of edges": {
            (edge["from"], edge["to"]): edge["share"]
            for edge in graph["edges"]
            if ttls[edge["from"]] >= first
        },
        "certainty": {
            vertex["vertex"]: vertex
            for vertex in document["certainty"]["vertices"]
            if ttls[vertex["vertex"]] >= first
        },
    }
