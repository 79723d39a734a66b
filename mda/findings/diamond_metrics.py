"""Metrics of diamonds, as rows for tables: of any graph of vertices, with or without a trace.

After Augustin et al. (IMC 2007) and Vermeulen et al. (IMC 2018). Probabilities assume that every
balancer splits evenly; empirical shares count the flows that were seen. The literature defines
meshing in several ways: here it is the number of links divided by the number of possible links.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from mda.answers.dag import disjoint_paths
from mda.answers.graph import flows_of
from mda.findings.diamonds import diamonds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.answers.dag import Graph
    from mda.findings.diamonds import Diamond
    from mda.model import Vertex

_Z95: Final = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The metrics of one diamond. Lengths are in links.

    An asymmetry is 0 where all lengths, or all vertices of each hop, are alike. `width_asymmetry`
    is the largest difference in successors, or predecessors, between vertices of a hop.
    `meshed_ratio` is the share of hop pairs that are meshed, and `max_meshing` the largest share of
    possible links between two hops. `probability_difference` is the largest difference between two
    vertices of a hop in the probability that a flow meets them. `empirical_difference` is the same
    for the shares of counted flows, with its 95 % interval; None where no flow can be counted.
    `disjoint_paths` is the number of paths that share no link. `entropy_bits` is the entropy of the
    path that a flow takes.
    """

    max_width: int
    max_length: int
    min_length: int
    length_asymmetry: int
    width_asymmetry: int
    meshed_ratio: float
    max_meshing: float
    probability_difference: float
    empirical_difference: float | None
    empirical_low: float | None
    empirical_high: float | None
    paths: int
    disjoint_paths: int
    entropy_bits: float


def metrics(graph: Graph, diamond: Diamond) -> Metrics:
    """The metrics of a diamond of `graph`."""
    chances = _chances(graph, diamond)
    spreads = [
        max(chances[vertex] for vertex in hop) - min(chances[vertex] for vertex in hop)
        for hop in diamond.hops
    ]
    difference, low, high = _empirical(graph, diamond)
    return Metrics(
        max_width=diamond.max_width,
        max_length=diamond.max_length,
        min_length=diamond.min_length,
        length_asymmetry=diamond.max_length - diamond.min_length,
        width_asymmetry=diamond.width_asymmetry,
        meshed_ratio=diamond.meshed_ratio,
        max_meshing=max((_meshing(graph, *pair) for pair in pairwise(diamond.hops)), default=0.0),
        probability_difference=max(spreads, default=0.0),
        empirical_difference=difference,
        empirical_low=low,
        empirical_high=high,
        paths=diamond.paths,
        disjoint_paths=disjoint_paths(graph, diamond.divergence, _inside(diamond)),
        entropy_bits=sum(
            chance * math.log2(graph.out_degree(vertex))
            for vertex, chance in chances.items()
            if graph.out_degree(vertex)
        ),
    )


def rows(graph: Graph, found: Sequence[Diamond] | None = None) -> list[dict[str, Any]]:
    """The diamonds of a graph as rows of a table: their two ends, and their metrics.

    `found` chooses the diamonds; without it, all diamonds of the graph.
    """
    return [
        {
            "divergence": diamond.divergence.address,
            "convergence": None if diamond.convergence is None else diamond.convergence.address,
            "first_ttl": diamond.divergence.ttl,
            **asdict(metrics(graph, diamond)),
        }
        for diamond in (diamonds(graph) if found is None else found)
    ]


def _chances(graph: Graph, diamond: Diamond) -> dict[Vertex, float]:
    """The probability that a flow which enters a diamond meets each of its vertices."""
    chances = {diamond.divergence: 1.0}
    inside = [vertex for hop in diamond.hops for vertex in hop]
    chances.update(dict.fromkeys(inside, 0.0))
    for vertex in (diamond.divergence, *inside):
        for after in graph.successors(vertex):
            if after in chances:
                chances[after] += chances[vertex] / graph.out_degree(vertex)
    return chances


def _meshing(graph: Graph, near: tuple[Vertex, ...], far: tuple[Vertex, ...]) -> float:
    """The number of links between two hops, divided by the number of possible links."""
    links = sum(graph.has_edge(begin, end) for begin in near for end in far)
    return links / (len(near) * len(far))


def _empirical(
    graph: Graph, diamond: Diamond
) -> tuple[float, float, float] | tuple[None, None, None]:
    """The largest difference between shares of a hop, with its 95 % interval."""
    found = []
    for hop in diamond.hops:
        if len(hop) < 2:
            continue
        at = {flow: vertex for vertex in hop for flow in flows_of(graph, vertex)}
        # A flow after a gap may have been sent because of where it goes, so it is not counted.
        fair = next(flow for flow in range(len(at) + 1) if flow not in at)
        if fair:
            counts = Counter(at[flow] for flow in range(fair))
            shares = [counts[vertex] / fair for vertex in hop]
            most, least = max(shares), min(shares)
            error = math.sqrt((most + least - (most - least) ** 2) / fair)
            found.append((most - least, error))
    if not found:
        return None, None, None
    difference, error = max(found)
    low, high = difference - _Z95 * error, difference + _Z95 * error
    return difference, max(0.0, low), min(1.0, high)


def _inside(diamond: Diamond) -> set[Vertex]:
    """The vertices of a diamond, except the one at which its paths meet."""
    return {diamond.divergence, *(vertex for hop in diamond.hops for vertex in hop)}
