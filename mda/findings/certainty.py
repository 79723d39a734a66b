"""How sure a graph is: what the stopping rule promises of it, and what each vertex may hide.

All probabilities count answered flows only. That of a vertex is the probability that one more,
equally likely, successor would have stayed unseen (Veitch et al., INFOCOM 2009). For a split of any
shape see `mda.statistics.stopping.unseen_share`.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.findings.loops import Cause
from mda.model import NOBODYS, Reply
from mda.statistics.stopping import Bound, miss_probability

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from mda.answers.graph import Located
    from mda.answers.hop_pairs import HopPair, Samples
    from mda.answers.table import FlowTable
    from mda.findings.loops import Revisit
    from mda.model import IPAddress, Outcome, Vertex


class VertexCertainty(NamedTuple):
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


class Obstacle(Enum):
    """Why nothing can be promised of a graph."""

    NO_REPLY = "nothing replied"
    SKIPPED = "no hop before the destination was traced"
    UNFINISHED = "some vertices are not fully explored"
    PER_PACKET = "a router balances per packet"
    ROUTE_CHANGE = "the route changed during the trace"
    REFUSED = "probes end at an address that is not the destination's"
    SHARED_ADDRESS = "routers may share the address 192.0.0.8"
    SEVERAL_MACHINES = "several machines reply from one address"
    SHARED_DESTINATION = "routers may reply from the destination's address"
    HIDDEN_ROUTER = "a router forwards expired packets and so hides itself"
    REWRITTEN_TTL = "something on the way raises TTLs"
    TUNNEL = "a tunnel on the way may hide hops"
    COPIED_TTL = "a host seems to copy the TTL of probes into its replies"
    CROWDED_HOP = "a hop has too many interfaces to find all"
    CLOSED_WAY = "this system refuses all that leaves by one of its ways"


class Certainty(NamedTuple):
    """The certainty of each vertex, and of the whole graph.

    `miss_probability` bounds the probability that a trace with this stopping rule lacks something
    of the network, whatever the network is, if its splits are as the bound assumes. It is a
    property of the rule, not of the flows that were drawn: a graph that lacks a branch has no sign
    of it. A bound per vertex holds for each balancer found and for one more. It is None where
    `obstacles` make a promise impossible. `least_flows` is the smallest number of flows from which
    the successors of a vertex, or of a hop, were drawn.
    """

    vertices: tuple[VertexCertainty, ...]
    miss_probability: float | None
    least_flows: int
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def unfinished(self) -> tuple[VertexCertainty, ...]:
        """The vertices that have not reached their stopping point."""
        return tuple(known for known in self.vertices if not known.is_finished)


def certainty(
    table: FlowTable,
    located: Located,
    pairs: Sequence[HopPair],
    bound: Bound,
    destinations: Collection[IPAddress],
    *,
    obstacles: Collection[Obstacle] = (),
    lite: bool = False,
) -> Certainty:
    """The certainty of the graph that `located` describes, under the stopping rule of `bound`.

    `pairs` are its neighbouring hops; with `lite` each is taken as one balancer. `destinations` are
    the destination's addresses. `obstacles` are known already; others follow from the table.
    """
    branching = _branching(pairs, lite=lite)
    judging = _Judging(table, located, bound, branching)
    for hops in pairs:
        if lite:
            judging.judge_as_lite(hops)
        else:
            judging.judge(hops)
    vertices = sorted(judging.vertices, key=lambda known: known.vertex.sort_key)
    found = {
        Obstacle.NO_REPLY: not vertices and not table.answered_to,
        Obstacle.SKIPPED: not vertices and bool(table.answered_to),
        Obstacle.UNFINISHED: not all(known.is_finished for known in vertices),
        Obstacle.PER_PACKET: bool(located.per_packet),
        Obstacle.ROUTE_CHANGE: bool(located.turned),
        Obstacle.CROWDED_HOP: any(hop.is_crowded for hop in table.hops.values()),
        Obstacle.REFUSED: _is_refused(table, located, destinations),
        Obstacle.SHARED_ADDRESS: any(
            vertex.address == NOBODYS for hops in located.hops.values() for vertex in hops.values()
        ),
    }
    every = tuple(
        obstacle for obstacle in Obstacle if found.get(obstacle, False) or obstacle in obstacles
    )
    return Certainty(
        vertices=tuple(vertices),
        miss_probability=None if every else bound.of_graph(branching),
        least_flows=min(judging.draws, default=0),
        obstacles=every,
    )


def obstacles(found: Collection[Revisit], outcomes: Iterable[Outcome]) -> set[Obstacle]:
    """The obstacles that repeated addresses and quoted TTLs show."""
    seen = {_HIDING[revisit.cause] for revisit in found if revisit.cause in _HIDING}
    unexplained = {revisit.address for revisit in found if revisit.cause is Cause.ADJACENT}
    for reply in outcomes:
        if not isinstance(reply, Reply):
            continue
        if reply.in_tunnel or reply.label_ttl_left:
            # Its end may leave the probe's own TTL as it was: hops behind it then see none expire.
            seen.add(Obstacle.TUNNEL)
        if reply.ends_path and reply.reply_ttl is None and reply.responder in unexplained:
            # Its distance is unknown, so a router before it may reply in its name, as with a NAT.
            seen.add(Obstacle.SHARED_DESTINATION)
        if reply.quoted_ttl is None:
            continue
        if reply.quoted_ttl > reply.request.ttl:
            seen.add(Obstacle.REWRITTEN_TTL)
        elif reply.ends_path and not reply.quoted_ttl:
            seen.add(Obstacle.HIDDEN_ROUTER)  # the packet had expired before it arrived
    return seen


_HIDING: Final = {
    Cause.SEVERAL_MACHINES: Obstacle.SEVERAL_MACHINES,
    Cause.EXPIRED_PASSED_ON: Obstacle.HIDDEN_ROUTER,
}


def _is_refused(table: FlowTable, located: Located, destinations: Collection[IPAddress]) -> bool:
    """Whether the path of some flow ends before the destination, other than in a loop."""
    return any(
        address not in destinations
        for flow, ttl in table.ended.items()
        if flow not in table.looped
        for address in _at_end(table, located, flow, ttl)
    )


def _at_end(
    table: FlowTable, located: Located, flow: int, ttl: int
) -> Collection[IPAddress | None]:
    """What is at the end of the path of `flow`, at `ttl`: nothing if it was not located there."""
    if ttl <= located.origin.ttl:  # before the first hop traced, where nothing is located
        return table.ends.responders(flow)
    vertex = located.hops.get(ttl, {}).get(flow)
    return () if vertex is None else (vertex.address,)


class _Judging:
    """Collects the certainty of each vertex, and how many flows it rests on, hop by hop."""

    def __init__(self, table: FlowTable, located: Located, bound: Bound, branching: int) -> None:
        self.table = table
        self.located = located
        self.bound = bound
        self.branching = branching
        self.vertices: list[VertexCertainty] = []
        self.draws: list[int] = []

    def judge(self, hops: HopPair) -> None:
        """Judge the vertices that flows go on from at one hop."""
        target = None
        if not self.table.is_crowded(hops.ttl):
            target = hops.shared_target(self.bound, self.branching)
        for known in self._add_vertices(hops, draws=hops.draws, target=target):
            counts_all = target is not None and known.seen
            self.draws.append(max(known.flows, hops.draws) if counts_all else known.flows)

    def judge_as_lite(self, hops: HopPair) -> None:
        """Judge the vertices that flows go on from at one hop, which count together."""
        draws = len(hops.far)
        if hops.near:
            self.draws.append(draws)
        target = None
        if not self.table.is_crowded(hops.ttl):
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
            probability, is_finished = 1.0, is_hop_finished
            if seen and not self.table.is_crowded(hops.ttl):
                probability = miss_probability(seen, flows)
                is_finished = is_hop_finished or flows >= points.stop_at(seen)
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
