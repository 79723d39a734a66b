"""The share of all flows that meets each vertex and edge, and the number of paths."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mda.answers.graph import flows_of, flows_of_edge, vertices_by_ttl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.answers.dag import Graph
    from mda.model import Vertex


def vertex_shares(graph: Graph, first_asked: Mapping[int, int]) -> dict[Vertex, float]:
    """For each vertex, the share of all flows that meets it: from its predecessors' shares.

    Counts of flows would mislead, because more flows are sent to where more are needed. They are
    used only at hops where edges are unproven. `first_asked` is as in `edge_shares`.
    """
    splits = edge_shares(graph, first_asked)
    shares: dict[Vertex, float] = {}
    for vertices in vertices_by_ttl(graph).values():
        met = sum(len(flows_of(graph, vertex)) for vertex in vertices)
        is_proven = all(graph.in_degree(vertex) for vertex in vertices)
        for vertex in vertices:
            if is_proven:
                before = graph.predecessors(vertex)
                shares[vertex] = sum(shares[near] * splits[near, vertex] for near in before)
            else:
                shares[vertex] = len(flows_of(graph, vertex)) / met if met else 1.0
    return shares


def edge_shares(graph: Graph, first_asked: Mapping[int, int]) -> dict[tuple[Vertex, Vertex], float]:
    """For each edge, the share of the flows through its near end that take it.

    Those flows are counted as in `edge_draws`.
    """
    draws = edge_draws(graph, first_asked)
    through: Counter[Vertex] = Counter()
    for (near, _), flows in draws.items():
        through[near] += flows
    # An edge that MDA-Lite assumes has no flows, and is the only one from its vertex.
    return {
        edge: flows / through[edge[0]] if through[edge[0]] else 1.0 for edge, flows in draws.items()
    }


def edge_draws(graph: Graph, first_asked: Mapping[int, int]) -> dict[tuple[Vertex, Vertex], int]:
    """For each edge, the number of flows through its near end that are seen to take it.

    Behind the only vertex of a hop every flow counts, including flows not probed at that vertex.
    `first_asked` has the TTL of each flow's first probe: where that went further, other probes may
    have been sent because of what it met, so the flow does not count unless no other does.
    """
    draws: dict[tuple[Vertex, Vertex], int] = {}
    for vertices in vertices_by_ttl(graph).values():
        for near in vertices:
            flows_to = {
                far: flows_of(graph, far) if len(vertices) == 1 else flows_of_edge(graph, near, far)
                for far in graph.successors(near)
            }
            taken = {far: len(flows) for far, flows in flows_to.items()}
            if len(vertices) == 1:
                drawn = {
                    far: sum(first_asked.get(flow, 0) <= far.ttl for flow in flows)
                    for far, flows in flows_to.items()
                }
                taken = drawn if all(drawn.values()) else taken
            draws |= {(near, far): flows for far, flows in taken.items()}
    return draws


def number_of_paths(graph: Graph, origin: Vertex) -> int:
    """The number of paths from the source to where paths end; 0 if nothing replied."""
    paths_to = {origin: 1}
    for vertices in vertices_by_ttl(graph).values():
        for vertex in vertices:
            paths_to.setdefault(vertex, sum(paths_to[near] for near in graph.predecessors(vertex)))
    ends = (vertex for vertex in graph if not graph.out_degree(vertex) and vertex != origin)
    return sum(paths_to[vertex] for vertex in ends)
