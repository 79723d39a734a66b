"""How sure a graph is: the probability that a vertex, or the whole graph, hides a successor.

All probabilities count answered flows only. They are the probability that one more, equally likely,
successor would have stayed unseen (Veitch et al., INFOCOM 2009). For a split of any shape see
`mda.statistics.stopping.unseen_share`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """How sure a vertex's successors are: `seen` of them, from `flows` answered flows.

    `miss_probability` is the probability that one more, equally likely, successor stays unseen by
    the flows that went through this vertex. `is_finished` says whether these flows, or those of its
    hop where they count, reach the stopping point of the trace's bound.
    """

    vertex: Vertex
    seen: int
    flows: int
    miss_probability: float
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Certainty:
    """The certainty of each vertex, and of the whole graph.

    `miss_probability` is the largest probability, over all networks with one balancer more than
    were found, that this graph lacks something. It is 1 - (product of the probabilities that no
    branching vertex, nor the least certain other vertex, hides a successor). Where the bound holds
    per vertex and all flows drawn at a hop count for each of its vertices, so they do here; with
    MDA-Lite a hop counts as one balancer. `least_flows` is the smallest number of flows from which
    the successors of a vertex, or of a hop, were drawn.
    """

    vertices: tuple[VertexCertainty, ...]
    miss_probability: float
    least_flows: int

    @property
    def unfinished(self) -> tuple[VertexCertainty, ...]:
        """The vertices that have not reached their stopping point."""
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
    judging = _Judging(table, located, bound, _branching(pairs, lite=lite))
    for hops in pairs:
        if lite:
            judging.judge_as_lite(hops)
        else:
            judging.judge(hops)
    risks = judging.risks
    plain = max((risk.probability for risk in risks if not risk.branches), default=0.0)
    sure = prod(1 - risk.probability for risk in risks if risk.branches)
    least = min((risk.flows for risk in risks), default=0)
    vertices = sorted(judging.vertices, key=lambda known: known.vertex.sort_key)
    return Certainty(tuple(vertices), 1 - sure * (1 - plain), least)


@dataclass(frozen=True, slots=True)
class _Risk:
    """What a vertex, or a hop, may hide: a successor unseen by `flows` with this probability.

    `branches` says whether several successors were seen.
    """

    branches: bool
    probability: float
    flows: int


@dataclass(frozen=True, slots=True)
class _Judging:
    """Collects the certainty of each vertex, and the risks of the graph, hop by hop."""

    table: FlowTable
    located: Located
    bound: Bound
    branching: int
    vertices: list[VertexCertainty] = field(default_factory=list)
    risks: list[_Risk] = field(default_factory=list)

    def judge(self, hops: HopPair) -> None:
        """Judge the vertices that flows go on from at one hop; each is a risk."""
        target = hops.shared_target(self.bound, self.branching)
        for known in self._add_vertices(hops, draws=hops.draws, target=target):
            probability, flows = known.miss_probability, known.flows
            if target is not None and known.seen:
                by_hop = miss_probability(known.seen, hops.draws, 1 / len(hops.near))
                probability = min(probability, by_hop)
                flows = max(flows, hops.draws)
            self.risks.append(_Risk(known.seen > 1, probability, flows))

    def judge_as_lite(self, hops: HopPair) -> None:
        """Judge the vertices that flows go on from at one hop; the whole hop is one risk."""
        width, draws = len(set(hops.far.values())), len(hops.far)
        if hops.near:
            probability = miss_probability(width, draws) if width else 1.0
            self.risks.append(_Risk(width > 1, probability, draws))
        target = hops.lite_target(self.bound, self.branching)
        self._add_vertices(hops, draws=draws, target=target)

    def _add_vertices(
        self, hops: HopPair, *, draws: int, target: int | None
    ) -> list[VertexCertainty]:
        """Add the certainty of each vertex; `draws` that reach `target` finish all of them."""
        points = self.bound.points(self.branching)
        is_hop_finished = target is not None and draws >= target
        added = []
        for vertex, samples in hops.near.items():
            if vertex.address is None and vertex.ttl == max(self.located.hops):
                continue  # every hop from here on is silent: nothing is claimed of them
            seen, flows = _draws(self.table, self.located, hops.ttl, vertex, samples)
            probability = miss_probability(seen, flows) if seen else 1.0
            is_finished = is_hop_finished or (seen > 0 and flows >= points.stop_at(seen))
            added.append(VertexCertainty(vertex, seen, flows, probability, is_finished))
        self.vertices.extend(added)
        return added


def _branching(pairs: Sequence[HopPair], *, lite: bool) -> int:
    """The number of balancers found: vertices, or with `lite` hops, with several successors."""
    if lite:
        return sum(hops.has_several_far for hops in pairs)
    return sum(len(hops.branching()) for hops in pairs)


def _draws(
    table: FlowTable, located: Located, ttl: int, vertex: Vertex, samples: Samples
) -> tuple[int, int]:
    """The number of a vertex's successors at `ttl`, and of the replies that showed them."""
    if vertex not in located.per_packet:
        return len(samples.successors), samples.answered
    # A per-packet balancer draws a successor for each packet, not for each flow.
    hop = table.hop(ttl)
    answered = [flow for flows in samples.successors.values() for flow in flows]
    seen = set(samples.successors).union(*(hop.met_several.get(flow, ()) for flow in answered))
    return len(seen), sum(1 + hop.repeats(flow) for flow in answered)
