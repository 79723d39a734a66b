"""A directed acyclic graph of vertices in the order of their TTLs, with facts about each.

It reads like a `networkx.DiGraph`, and the functions here take either. Importing networkx takes a
quarter of a second, which a trace that only prints text need not spend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mda.model import Vertex

if TYPE_CHECKING:
    from collections.abc import Collection

    import networkx as nx

    Graph: TypeAlias = "Dag | nx.DiGraph[Vertex]"

Edge = tuple[Vertex, Vertex]
Facts = Mapping[str, Any]
# Stands behind every vertex that has no successor.
END: Final = Vertex(-1, None)


class Dag:
    """Vertices and edges, each with its facts by name, in a fixed order; does not change.

    `nodes` and `edges` map them to their facts. An end of an edge that is not among the given
    vertices is added without facts.
    """

    def __init__(self, nodes: Mapping[Vertex, Facts], edges: Mapping[Edge, Facts]) -> None:
        ends: dict[Vertex, Facts] = {vertex: {} for edge in edges for vertex in edge}
        known = ends | dict(nodes)
        self.nodes = {vertex: known[vertex] for vertex in sorted(known, key=lambda v: v.sort_key)}
        by_ends = sorted(edges, key=lambda edge: (edge[0].sort_key, edge[1].sort_key))
        self.edges = {edge: edges[edge] for edge in by_ends}
        self._after: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in self.nodes}
        self._before: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in self.nodes}
        for near, far in self.edges:
            self._after[near].append(far)
            self._before[far].append(near)

    def __iter__(self) -> Iterator[Vertex]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, vertex: object) -> bool:
        return vertex in self.nodes

    def number_of_nodes(self) -> int:
        """The number of vertices."""
        return len(self.nodes)

    def number_of_edges(self) -> int:
        """The number of edges."""
        return len(self.edges)

    def has_edge(self, near: Vertex, far: Vertex) -> bool:
        """Whether there is an edge from `near` to `far`."""
        return (near, far) in self.edges

    def successors(self, vertex: Vertex) -> Iterator[Vertex]:
        """The vertices to which edges lead from `vertex`."""
        return iter(self._after[vertex])

    def predecessors(self, vertex: Vertex) -> Iterator[Vertex]:
        """The vertices from which edges lead to `vertex`."""
        return iter(self._before[vertex])

    def out_degree(self, vertex: Vertex) -> int:
        """The number of successors of a vertex."""
        return len(self._after[vertex])

    def in_degree(self, vertex: Vertex) -> int:
        """The number of predecessors of a vertex."""
        return len(self._before[vertex])

    def without(self, vertices: Collection[Vertex]) -> Dag:
        """This graph without some of its vertices and without all edges from and to them."""
        if not vertices:
            return self
        return Dag(
            {vertex: facts for vertex, facts in self.nodes.items() if vertex not in vertices},
            {
                (near, far): facts
                for (near, far), facts in self.edges.items()
                if near not in vertices and far not in vertices
            },
        )

    def as_networkx(self) -> nx.DiGraph[Vertex]:
        """The same graph for networkx, the facts as attributes."""
        import networkx as nx  # only when a caller asks for it: see the module

        graph: nx.DiGraph[Vertex] = nx.DiGraph()
        graph.add_nodes_from((vertex, dict(facts)) for vertex, facts in self.nodes.items())
        graph.add_edges_from((*edge, dict(facts)) for edge, facts in self.edges.items())
        return graph


def in_order(graph: Graph) -> list[Vertex]:
    """The vertices in an order in which all edges lead forward."""
    return sorted(graph, key=lambda vertex: vertex.sort_key)


def descendants(graph: Graph, vertex: Vertex) -> set[Vertex]:
    """The vertices to which a path leads from `vertex`, itself excluded."""
    found: set[Vertex] = set()
    waiting = [vertex]
    while waiting:
        for after in graph.successors(waiting.pop()):
            if after not in found:
                found.add(after)
                waiting.append(after)
    return found


def meeting_points(graph: Graph) -> dict[Vertex, Vertex]:
    """For each vertex, the first vertex that all paths from it go through; END if they do not meet.

    These are the immediate post-dominators, by Cooper, Harvey and Kennedy ("A Simple, Fast
    Dominance Algorithm", 2001), which takes one pass where there are no cycles.
    """
    meeting: dict[Vertex, Vertex] = {}
    depth = {END: 0}
    for vertex in reversed(in_order(graph)):
        meets: Vertex | None = None
        for after in graph.successors(vertex):
            if meets is None:
                meets = after
                continue
            other = after
            while meets != other:
                if depth[meets] > depth[other]:
                    meets = meeting[meets]
                else:
                    other = meeting[other]
        meeting[vertex] = END if meets is None else meets
        depth[vertex] = depth[meeting[vertex]] + 1
    return meeting


def disjoint_paths(graph: Graph, begin: Vertex, inside: Collection[Vertex]) -> int:
    """How many paths that share no edge lead from `begin` through vertices of `inside` and out.

    A path may also end at a vertex that has no successor, but only one path at each. Counts
    augmenting paths (Ford and Fulkerson, 1956); by Menger's theorem their number is the least
    number of edges that cut `begin` off.
    """
    capacity: dict[Vertex, dict[Vertex, int]] = {END: {}}
    for vertex in inside:
        room = capacity.setdefault(vertex, {})
        for after in graph.successors(vertex):
            end = after if after in inside else END
            room[end] = room.get(end, 0) + 1
        if not room:
            room[END] = 1
    count = 0
    while path := _augmenting(capacity, begin):
        for near, far in path:
            capacity[near][far] -= 1
            capacity[far][near] = capacity[far].get(near, 0) + 1
        count += 1
    return count


def _augmenting(capacity: Mapping[Vertex, Mapping[Vertex, int]], begin: Vertex) -> list[Edge]:
    """The edges of a path with room left from `begin` to END; empty if there is none."""
    came_from = {begin: begin}
    waiting = [begin]
    while waiting:
        vertex = waiting.pop()
        for after, room in capacity[vertex].items():
            if room and after not in came_from:
                came_from[after] = vertex
                waiting.append(after)
    if END not in came_from:
        return []
    path, vertex = [], END
    while vertex != begin:
        path.append((came_from[vertex], vertex))
        vertex = came_from[vertex]
    return path
