"""Two neighbouring hops: the vertex of each flow at both, and how many flows are enough.

Three laws say when all successors of a vertex are taken to be known. Each is a number of answered
flows, computed by `mda.statistics.stopping`; the laws differ in which flows count:

    own      flows that went through the vertex: the promise holds given the answers;
    shared   all flows drawn at its hop, where the vertices there are equally likely: the same
             probability over the draws of both hops, with fewer probes and in fewer rounds;
    lite     all flows drawn one hop on, taken as the draws of a single balancer (MDA-Lite,
             Vermeulen et al., IMC 2018): for hops that are even and not meshed.

`mda.explore` has a file for each law, which asks for the flows that are missing.
"""

from __future__ import annotations

from bisect import insort
from copy import copy
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mda.answers.graph import Located
    from mda.answers.table import FlowsAt, FlowTable
    from mda.model import Vertex
    from mda.statistics.stopping import Bound

# Standard deviations of a normal variable beyond which counts do not come from an even split. An
# error costs some probes where it ends the shared law, and the full MDA where it ends lite.
UNLIKELY: Final = 2.0
_OUT_OF_QUESTION: Final = 3.3


# Dataclasses would delay the first probe, each by half a millisecond.
class Samples:
    """The flows that go on from one vertex, and the successor that each is known to have met.

    `seen` is the number of known successors; at least one, because flows go on from the vertex.
    `waiting` are those without a successor so far. `sent_at_s` has, for each flow with a reply at
    the hop of the successors, when the first such probe was sent, in seconds, ascending.
    """

    __slots__ = ("answered", "flows", "seen", "sent_at_s", "successors", "waiting")

    def __init__(self) -> None:
        self.flows: list[int] = []
        self.answered = 0
        self.successors: dict[Vertex, list[int]] = {}
        self.waiting: set[int] = set()
        self.sent_at_s: list[float] = []
        self.seen = 1

    def unproven(self, before: FlowsAt) -> list[int]:
        """Flows of the successors whose flows were all not located one TTL `before`.

        The lowest is enough where it got a reply. Silent flows may have gone elsewhere long before,
        each of them.
        """
        unproven = [
            (successor, flows)
            for successor, flows in self.successors.items()
            if not any(flow in before for flow in flows)
        ]
        return sorted(
            flow
            for successor, flows in unproven
            for flow in (flows if successor.address is None else [min(flows)])
        )


class HopPair:
    """The vertices at TTL `ttl` - 1 that flows go on from, and where flows are at `ttl`.

    `predecessors` has the vertex of each flow at `ttl` - 1, and `far` at `ttl`. `ending` has the
    vertices at `ttl` - 1 at which paths ended, and of how many flows. `met_far` has the number of
    flows at each vertex at `ttl`. `unplaced` are flows at `ttl` whose vertex at `ttl` - 1 is not
    known.
    """

    __slots__ = (
        "ending", "far", "met_far", "near", "predecessors", "ttl", "unplaced",
    )  # fmt: skip

    def __init__(self, ttl: int) -> None:
        self.ttl = ttl
        self.near: dict[Vertex, Samples] = {}
        self.predecessors: FlowsAt = {}
        self.far: FlowsAt = {}
        self.ending: dict[Vertex, int] = {}
        self.met_far: dict[Vertex, int] = {}
        self.unplaced: set[int] = set()

    def add_far(self, flow: int, vertex: Vertex, sent_at_s: float | None) -> None:
        """Add the vertex of a flow at `ttl`, and when the probe was sent that first got a reply."""
        self.far[flow] = vertex
        self.met_far[vertex] = self.met_far.get(vertex, 0) + 1
        predecessor = self.predecessors.get(flow)
        if predecessor is None:
            self.unplaced.add(flow)
            return
        samples = self.near.get(predecessor)
        if samples is not None and flow in samples.waiting:
            samples.waiting.remove(flow)
            if not samples.waiting:
                samples.waiting.clear()  # an empty set keeps the memory of what was in it
            _answer(samples, flow, vertex, sent_at_s)

    def add_before(
        self, flow: int, vertex: Vertex, sent_at_s: float | None, *, goes_on: bool
    ) -> None:
        """Add the vertex of a flow at `ttl` - 1, and whether its path goes on from there.

        `sent_at_s` is as in `add_far`.
        """
        self.predecessors[flow] = vertex
        if self.unplaced:
            self.unplaced.discard(flow)
        if not goes_on:
            self.ending[vertex] = self.ending.get(vertex, 0) + 1
            return
        samples = self.near.get(vertex)
        if samples is None:
            samples = self.near[vertex] = Samples()
        samples.flows.append(flow)
        successor = self.far.get(flow)
        if successor is None:
            samples.waiting.add(flow)
        else:
            _answer(samples, flow, successor, sent_at_s)

    @property
    def met_before(self) -> dict[Vertex, int]:
        """The number of flows at each vertex at `ttl` - 1."""
        met = {vertex: len(samples.flows) for vertex, samples in self.near.items()}
        for vertex, flows in self.ending.items():
            met[vertex] = met.get(vertex, 0) + flows
        return met

    @property
    def has_one_before(self) -> bool:
        """Whether all flows meet one vertex at `ttl` - 1, and some go on from there."""
        return len(self.near) == 1 and self.near.keys() >= self.ending.keys()

    def without(self, vertices: Collection[Vertex]) -> HopPair:
        """The same pair without some of the vertices at `ttl` - 1."""
        if not vertices:
            return self
        kept = copy(self)
        kept.near = {vertex: own for vertex, own in self.near.items() if vertex not in vertices}
        return kept

    def branching(self) -> list[Samples]:
        """The flows of each vertex at `ttl` - 1 that has several successors."""
        if not self.has_several_far:
            return []  # successors are vertices at `ttl`
        return [samples for samples in self.near.values() if len(samples.successors) > 1]

    @property
    def has_several_far(self) -> bool:
        """Whether flows meet more than one vertex at `ttl`."""
        return len(self.met_far) > 1

    @property
    def has_one_successor(self) -> bool:
        """Whether all flows meet one interface at `ttl`, whatever vertex they come from."""
        return len(self.met_far) == 1 and next(iter(self.met_far)).address is not None

    @property
    def draws(self) -> int:
        """The number of flows that count for every vertex at `ttl` - 1 alike.

        Where flows meet several vertices at `ttl`, a flow counts only if its predecessor is known.
        """
        if self.has_one_successor:
            return len(self.far)
        return sum(samples.answered for samples in self.near.values())

    def is_even(self, deviations: float) -> bool:
        """Whether the counts of flows through the vertices agree with equal chances."""
        return is_even([len(samples.flows) for samples in self.near.values()], deviations)

    def shared_target(self, bound: Bound, branching: int) -> int | None:
        """The draws that complete every vertex by the shared law; None where that does not hold."""
        if not bound.per_vertex or bound.min_share is not None or len(self.near) < 2:
            return None
        if self.ending or any(vertex.address is None for vertex in self.near):
            return None
        if not self.is_even(UNLIKELY):
            return None
        points = bound.points(branching, 1 / len(self.near))
        return max(points.stop_at(samples.seen) for samples in self.near.values())

    def lite_target(self, bound: Bound, branching: int) -> int:
        """The flows at `ttl` that complete it by the law of MDA-Lite."""
        return bound.points(branching).stop_at(max(len(self.met_far), 1))

    def assumed(self) -> list[tuple[Vertex, Vertex]]:
        """The edges that MDA-Lite assumes: from all vertices to the only one at `ttl`."""
        if not self.has_one_successor:
            return []
        only = next(iter(self.met_far))
        return [(vertex, only) for vertex, samples in self.near.items() if not samples.successors]

    def is_fit_for_lite(self, *, is_complete: bool = True) -> bool:
        """Whether the two hops are unmeshed and, with `is_complete`, even (Vermeulen et al.).

        Each vertex of the wider hop must have one neighbour in the other hop. If no outcome is
        awaited (`is_complete`), all vertices of the narrower hop must have equally many.
        """
        if len(self.near) < 2:
            return not is_complete or self._is_far_even()
        before: dict[Vertex, set[Vertex]] = {}
        for vertex, samples in self.near.items():
            for successor in samples.successors:
                before.setdefault(successor, set()).add(vertex)
        near = [len(samples.successors) for samples in self.near.values() if samples.successors]
        far = [len(vertices) for vertices in before.values()]
        if len(far) < 2:
            return True
        wider, narrower = (near, far) if len(self.near) >= len(self.met_far) else (far, near)
        if max(wider) > 1:
            return False
        return not is_complete or (max(narrower) == min(narrower) and self._is_far_even())

    def _is_far_even(self) -> bool:
        return is_even(self.met_far.values(), _OUT_OF_QUESTION)


def pair(table: FlowTable, ttl: int, predecessors: FlowsAt, here: FlowsAt) -> HopPair:
    """The hops `ttl` - 1 and `ttl`, given the vertex of each flow at both."""
    hops = HopPair(ttl)
    hop = table.hops[ttl]
    ended: set[int] = set()
    if any(end < ttl for end in table.end_ttls):
        ended = {flow for flow, end in table.ended.items() if end < ttl}
    for flow, vertex in here.items():
        hops.add_far(flow, vertex, None)
    for flow, vertex in predecessors.items():
        sent_at_s = hop.first[flow].sent_at_s if flow in hop.first else None
        hops.add_before(flow, vertex, sent_at_s, goes_on=flow not in ended)
    return hops


def _answer(samples: Samples, flow: int, successor: Vertex, sent_at_s: float | None) -> None:
    """Add the successor of a flow; a star has no time."""
    samples.answered += 1
    flows = samples.successors.get(successor)
    if flows is None:
        samples.successors[successor] = [flow]
        samples.seen = len(samples.successors)
    else:
        flows.append(flow)
    if successor.address is not None and sent_at_s is not None:
        insort(samples.sent_at_s, sent_at_s)


def pairs(table: FlowTable, located: Located, max_ttl: int) -> list[HopPair]:
    """Every hop that flows go on from with the next one, up to `max_ttl`."""
    return [
        pair(table, ttl + 1, table.predecessors(ttl + 1, here), located.hops.get(ttl + 1, {}))
        for ttl, here in located.hops.items()
        if ttl < max_ttl
    ]


def choices(pairs: Iterable[HopPair], vertices: Collection[Vertex]) -> dict[Vertex, FlowsAt]:
    """For each of `vertices`, the successor of every flow that went through it."""
    wanted = set(vertices)
    return {
        vertex: {flow: after for after, flows in samples.successors.items() for flow in flows}
        for hops in pairs
        for vertex, samples in hops.near.items()
        if vertex in wanted
    }


def is_even(counts: Collection[int], deviations: float) -> bool:
    """Whether counts agree with equal chances.

    By Pearson's statistic, made normal (Wilson and Hilferty, 1931). True where there are too few
    counts to decide.

    >>> is_even([9, 7, 12], UNLIKELY), is_even([30, 10], UNLIKELY), is_even([3], UNLIKELY)
    (True, False, True)
    """
    degrees = len(counts) - 1
    if degrees < 1:
        return True
    expected = sum(counts) / len(counts)
    statistic = sum((count - expected) ** 2 for count in counts) / expected
    spread = 2 / (9 * degrees)
    return bool((statistic / degrees) ** (1 / 3) - 1 + spread < deviations * spread**0.5)
