"""The numbers of vertices in text: 4.2 is the second one of hop 4; and what they say of links."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from mda.answers.graph import vertices_by_ttl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.answers.dag import Graph
    from mda.model import Vertex
    from mda.trace import Trace


def numbers(graph: Graph) -> dict[Vertex, str]:
    """The number of each vertex: that of its hop, and its place where the hop has several."""
    return {
        vertex: f"{ttl}.{place}" if len(vertices) > 1 else f"{ttl}"
        for ttl, vertices in vertices_by_ttl(graph).items()
        for place, vertex in enumerate(vertices, start=1)
    }


def branch_numbers(graph: Graph) -> dict[Vertex, str]:
    """The numbers of the vertices that share their hop with others."""
    return {vertex: number for vertex, number in numbers(graph).items() if "." in number}


def origins(trace: Trace) -> dict[Vertex, str]:
    """Where each vertex is reached from; empty where the hops leave no doubt."""
    hops = vertices_by_ttl(trace.dag)
    return {
        vertex: "" if vertex == trace.origin else _origin(trace, vertex, hops.get(ttl - 1, []),
                                                           is_only=len(vertices) == 1)
        for ttl, vertices in hops.items()
        for vertex in vertices
    }  # fmt: skip


def _origin(trace: Trace, vertex: Vertex, near: Sequence[Vertex], *, is_only: bool) -> str:
    predecessors = set(trace.dag.predecessors(vertex))
    if not predecessors:
        return f"link from hop {vertex.ttl - 1} not proven"
    if len(predecessors) < len(near):
        places = [place for place, other in enumerate(near, start=1) if other in predecessors]
        return f"from {' '.join(f'{vertex.ttl - 1}.{part}' for part in _ranges(places))}"
    return "" if is_only or len(near) == 1 else f"from all of {vertex.ttl - 1}"


def _ranges(places: Sequence[int]) -> list[str]:
    """Ascending numbers with runs of three and more shortened.

    >>> _ranges([1, 2, 4, 6, 7, 8])
    ['1', '2', '4', '6-8']
    """
    breaks = [index for index, (a, b) in enumerate(pairwise(places), start=1) if b != a + 1]
    parts: list[str] = []
    for start, end in pairwise([0, *breaks, len(places)]):
        run = places[start:end]
        parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
    return parts
