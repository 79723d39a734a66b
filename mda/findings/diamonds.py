"""Diamonds of a graph: where paths diverge and meet again, and how wide, long and meshed they are.

Metrics as in Augustin et al. (IMC 2007) and Vermeulen et al. (IMC 2018). Where these papers differ
or say nothing, the docstrings here say what is computed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from mda.answers.dag import END, descendants, in_order, meeting_points

if TYPE_CHECKING:
    from mda.answers.dag import Graph
    from mda.model import Vertex


class Diamond(NamedTuple):
    """The subgraph between one vertex and the first vertex at which all its paths meet.

    `convergence` is None where the paths never meet. `hops` are the vertices in between, by TTL.
    Lengths are in edges. `meshed_ratio` is the share of neighbouring hop pairs that are meshed.
    `width_asymmetry` is the largest difference in successors (predecessors, where the diamond
    narrows) between two vertices of one hop. `paths` counts the paths from end to end.
    """

    divergence: Vertex
    convergence: Vertex | None
    hops: tuple[tuple[Vertex, ...], ...]
    max_length: int
    min_length: int
    width_asymmetry: int
    meshed_ratio: float
    paths: int

    @property
    def max_width(self) -> int:
        """The largest number of vertices at one TTL."""
        return max(len(hop) for hop in self.hops)

    @property
    def is_symmetric(self) -> bool:
        """Whether all paths through the diamond are equally long."""
        return self.max_length == self.min_length

    @property
    def is_meshed(self) -> bool:
        """Whether any two neighbouring hops are meshed."""
        return self.meshed_ratio > 0


def diamonds(graph: Graph) -> tuple[Diamond, ...]:
    """The diamonds of `graph` from the source on; a diamond inside another is not listed.

    Ends with the same address count as one end: branches of different length reach the destination
    at different TTLs, and meet there.
    """
    found: list[Diamond] = []
    ends = _Ends(graph)
    inside: set[Vertex] = set()
    for vertex in in_order(graph):
        if graph.out_degree(vertex) < 2 or vertex in inside:
            continue
        diamond = _diamond(graph, vertex, ends)
        inside.update(node for hop in diamond.hops for node in hop)
        found.append(diamond)
    return tuple(found)


class _Ends:
    """For each vertex, the first vertex that all paths from it go through."""

    def __init__(self, graph: Graph) -> None:
        leaves = [vertex for vertex in in_order(graph) if graph.out_degree(vertex) == 0]
        known = {(vertex.address, vertex.interface) for vertex in leaves}
        # If all leaves have one address, paths that end at any of them meet at the last one.
        self._meeting = leaves[-1] if len(known) == 1 and leaves[-1].address is not None else None
        self._first = meeting_points(graph)

    def convergence(self, vertex: Vertex) -> Vertex | None:
        """The vertex at which all paths from `vertex` meet; None if they never meet."""
        meeting = self._first[vertex]
        return self._meeting if meeting == END else meeting


def _is_same_place(vertex: Vertex, other: Vertex) -> bool:
    """Whether two vertices have one address, and one interface where routers share the address."""
    return (vertex.address, vertex.interface) == (other.address, other.interface)


def _diamond(graph: Graph, divergence: Vertex, ends: _Ends) -> Diamond:
    convergence = ends.convergence(divergence)
    between = descendants(graph, divergence)
    if convergence is not None:
        between -= {vertex for vertex in between if _is_same_place(vertex, convergence)}
        beyond = descendants(graph, convergence) if convergence in graph else set()
        between -= beyond
    by_ttl: dict[int, list[Vertex]] = {}
    for vertex in sorted(between, key=lambda vertex: vertex.sort_key):
        by_ttl.setdefault(vertex.ttl, []).append(vertex)
    lengths, paths = _lengths_and_paths(graph, divergence, between)
    hops = tuple(tuple(hop) for hop in by_ttl.values())
    pairs = list(pairwise(((divergence,), *hops)))
    if convergence is not None:
        pairs.append((hops[-1], (convergence,)) if hops else ((divergence,), (convergence,)))
    meshed = [_is_meshed(graph, near, far) for near, far in pairs]
    asymmetry = [_width_asymmetry(graph, near, far) for near, far in pairs]
    return Diamond(
        divergence=divergence,
        convergence=convergence,
        hops=hops,
        max_length=max(lengths),
        min_length=min(lengths),
        width_asymmetry=max(asymmetry, default=0),
        meshed_ratio=sum(meshed) / len(meshed) if meshed else 0.0,
        paths=paths,
    )


def _lengths_and_paths(
    graph: Graph, divergence: Vertex, between: set[Vertex]
) -> tuple[set[int], int]:
    """The lengths of the paths out of the diamond, and the exact number of these paths."""
    counts: dict[Vertex, int] = {divergence: 1}
    lengths: set[int] = set()
    paths = 0
    for vertex in sorted({divergence, *between}, key=lambda vertex: vertex.sort_key):
        count = counts.get(vertex, 0)
        leaving = [after for after in graph.successors(vertex) if after not in between]
        if leaving or graph.out_degree(vertex) == 0:
            lengths.add(vertex.ttl - divergence.ttl + (1 if leaving else 0))
            paths += count
        for after in graph.successors(vertex):
            if after in between:
                counts[after] = counts.get(after, 0) + count
    return lengths, paths


def _degrees(
    graph: Graph, near: tuple[Vertex, ...], far: tuple[Vertex, ...]
) -> tuple[list[int], list[int]]:
    """The successors in `far` of each vertex of `near`, and the predecessors in `near` of `far`."""
    at_near, at_far = set(near), set(far)
    out = [sum(after in at_far for after in graph.successors(vertex)) for vertex in near]
    into = [sum(before in at_near for before in graph.predecessors(vertex)) for vertex in far]
    return out, into


def _is_meshed(graph: Graph, near: tuple[Vertex, ...], far: tuple[Vertex, ...]) -> bool:
    """Whether branches cross between two hops: more than fan-out or fan-in alone."""
    if len(near) < 2 or len(far) < 2:
        return False
    out, into = _degrees(graph, near, far)
    widens, narrows = max(into) >= 2, max(out) >= 2
    if len(near) < len(far):
        return widens
    if len(near) > len(far):
        return narrows
    return widens or narrows


def _width_asymmetry(graph: Graph, near: tuple[Vertex, ...], far: tuple[Vertex, ...]) -> int:
    """How unevenly the vertices of one hop share those of the next; 0 where they are meshed."""
    if _is_meshed(graph, near, far):
        return 0
    out, into = _degrees(graph, near, far)
    degrees = into if len(near) > len(far) else out
    return max(degrees) - min(degrees)
