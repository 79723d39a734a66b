"""How sure a graph is: what each vertex, and the whole, may still hide.

All figures are conditional on what was answered, and say what a further equally likely successor
would have had as its chance of staying unseen (Veitch et al., INFOCOM 2009); for a split of any
shape see `mda.stopping.unseen_share`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from mda.stopping import Bound, miss_probability

if TYPE_CHECKING:
    from mda.graph import Located
    from mda.model import Vertex
    from mda.table import FlowTable


@dataclass(frozen=True, slots=True)
class VertexCertainty:
    """What is known of a vertex's successors: `seen` of them, from `flows` answered flows.

    `miss_probability` is the chance that one further equally likely successor stays unseen.
    `is_finished` tells whether the flows reach the stopping point of the trace's bound.
    """

    vertex: Vertex
    seen: int
    flows: int
    miss_probability: float
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Certainty:
    """The certainty of a graph, vertex by vertex, and of the whole.

    `miss_probability` is 1 - (product of the chances that no branching vertex and not the least
    certain other vertex hides a successor): the largest chance, over all networks with one
    balancer more than were found, that this graph lacks something.
    """

    vertices: tuple[VertexCertainty, ...]
    miss_probability: float

    @property
    def unfinished(self) -> tuple[VertexCertainty, ...]:
        """The vertices that were left before their stopping point."""
        return tuple(known for known in self.vertices if not known.is_finished)


def certainty(table: FlowTable, located: Located, bound: Bound, max_ttl: int) -> Certainty:
    """The certainty of the graph that `located` describes, under the stopping rule of `bound`."""
    samples: list[tuple[Vertex, int, int]] = []
    last_ttl = max(located.hops)
    for ttl in located.hops:
        if ttl >= max_ttl:
            continue
        for vertex, (seen, draws) in _draws(table, located, ttl).items():
            if vertex.address is None and ttl == last_ttl:
                continue  # silence to the end: nothing is claimed of what lies beyond
            samples.append((vertex, len(seen), draws))
    branching = sum(1 for _, successors, _ in samples if successors > 1)
    points = bound.points(branching)
    known = tuple(
        VertexCertainty(
            vertex,
            successors,
            flows,
            miss_probability(successors, flows) if successors else 1.0,
            successors > 0 and flows >= points.stop_at(successors),
        )
        for vertex, successors, flows in sorted(samples, key=lambda sample: sample[0].sort_key)
    )
    plain = max((one.miss_probability for one in known if one.seen < 2), default=0.0)
    sure = prod(1 - one.miss_probability for one in known if one.seen > 1)
    return Certainty(known, 1 - sure * (1 - plain))


def _draws(table: FlowTable, located: Located, ttl: int) -> dict[Vertex, tuple[set[Vertex], int]]:
    """For each vertex at `ttl` that flows go on from: its successors, and the answers they gave."""
    after = located.hops.get(ttl + 1, {})
    here = table.through(ttl + 1, located.hops[ttl])
    next_hop = table.hop(ttl + 1)
    draws: dict[Vertex, tuple[set[Vertex], int]] = {}
    for flow, vertex in here.items():
        if table.ended.get(flow, ttl + 1) <= ttl:
            continue
        seen, count = draws.get(vertex, (set(), 0))
        if flow in after:
            seen |= next_hop.others.get(flow, {after[flow]})
            # Where packets of one flow part, each of them is a draw of its own.
            count += 1 + (next_hop.repeats.get(flow, 0) if vertex in located.per_packet else 0)
        draws[vertex] = seen, count
    return draws
