"""How sure a graph is: what each vertex, and the whole, may still hide.

All figures count answered flows only, and say what a further equally likely successor would have
had as its chance of staying unseen (Veitch et al., INFOCOM 2009); for a split of any shape see
`mda.statistics.stopping.unseen_share`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from mda.statistics.stopping import Bound, miss_probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.answers.graph import Located
    from mda.answers.hop_pairs import HopPair, Samples
    from mda.answers.table import FlowTable
    from mda.model import Vertex


@dataclass(frozen=True, slots=True)
class VertexCertainty:
    """What is known of a vertex's successors: `seen` of them, from `flows` answered flows.

    `miss_probability` is the chance that one further equally likely successor stays unseen, given
    the flows that went through this vertex. `is_finished` tells whether its flows, or those of
    its hop where these count, reach the stopping point of the trace's bound.
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
    balancer more than were found, that this graph lacks something. Where the bound is for each
    vertex, chances are those of the flows drawn at its hop, whichever vertex they went through;
    with MDA-Lite a hop counts as one balancer. `least_flows` are the fewest flows that the
    successors of any vertex, or of the vertices of any hop, were drawn from.
    """

    vertices: tuple[VertexCertainty, ...]
    miss_probability: float
    least_flows: int

    @property
    def unfinished(self) -> tuple[VertexCertainty, ...]:
        """The vertices that were left before their stopping point."""
        return tuple(known for known in self.vertices if not known.is_finished)


def certainty(
    table: FlowTable,
    located: Located,
    pairs: Sequence[HopPair],
    bound: Bound,
    *,
    lite: bool = False,
) -> Certainty:
    """The certainty of the graph that `located` describes, under the stopping rule of `bound`.

    `pairs` are its neighbouring hops; with `lite` each is taken as one balancer.
    """
    if lite:
        branching = sum(len(set(hops.far.values())) > 1 for hops in pairs)
    else:
        branching = sum(samples.seen > 1 for hops in pairs for samples in hops.near.values())
    points = bound.points(branching)
    known: list[VertexCertainty] = []
    # Of what may hide something: whether it branches, the chance, and from how many flows.
    risks: list[tuple[bool, float, int]] = []
    last_ttl = max(located.hops)
    for hops in pairs:
        width = len(set(hops.far.values()))
        target = (
            hops.lite_target(bound, branching) if lite else hops.shared_target(bound, branching)
        )
        draws = len(hops.far) if lite else hops.draws
        if lite and hops.near:
            risks.append((width > 1, miss_probability(width, draws) if width else 1.0, draws))
        for vertex, samples in hops.near.items():
            if vertex.address is None and vertex.ttl == last_ttl:
                continue  # silence to the end: nothing is claimed of what lies beyond
            seen, flows = _draws(table, located, hops.ttl, vertex, samples)
            own = miss_probability(seen, flows) if seen else 1.0
            is_finished = seen > 0 and flows >= points.stop_at(seen)
            if target is not None:
                is_finished = is_finished or draws >= target
            known.append(VertexCertainty(vertex, seen, flows, own, is_finished))
            if lite:
                continue
            if target is not None and seen:
                own = min(own, miss_probability(seen, draws, 1 / len(hops.near)))
                flows = max(flows, draws)
            risks.append((seen > 1, own, flows))
    plain = max((chance for branches, chance, _ in risks if not branches), default=0.0)
    sure = prod(1 - chance for branches, chance, _ in risks if branches)
    least = min((flows for _, _, flows in risks), default=0)
    known.sort(key=lambda one: one.vertex.sort_key)
    return Certainty(tuple(known), 1 - sure * (1 - plain), least)


def _draws(
    table: FlowTable, located: Located, ttl: int, vertex: Vertex, samples: Samples
) -> tuple[int, int]:
    """How many successors at `ttl` a vertex has, and the answers that showed them."""
    if vertex not in located.per_packet:
        return len(samples.successors), samples.answered
    # Where packets of one flow part, each of them is a draw of its own.
    hop = table.hop(ttl)
    answered = [flow for flows in samples.successors.values() for flow in flows]
    seen = set(samples.successors).union(*(hop.met_several.get(flow, ()) for flow in answered))
    return len(seen), sum(1 + hop.repeats(flow) for flow in answered)
