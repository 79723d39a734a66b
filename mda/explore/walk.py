"""The walk over neighbouring hops, from the source to the last answer.

A walk keeps each pair of hops until the next wave, and then adds the answers that came; a pair that
nothing has happened to stays as it is. It builds a pair anew where more has changed: where probes
were lost, or where the vertex of a flow or the end of its path is not what it was.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from mda.answers.hop_pairs import HopPair, pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mda.answers.table import FlowsAt, FlowTable
    from mda.explore.search import Reach
    from mda.explore.wave import Sent
    from mda.model import Vertex


# Dataclasses would delay the first probe, these two by a millisecond.
class Onward:
    """Counts the flows that go on from each vertex of a hop to each vertex of the next one."""

    __slots__ = ("_counts", "_taken")

    def __init__(self) -> None:
        self._counts: dict[Vertex, dict[Vertex, int]] = {}
        self._taken = (0, 0)  # the flows at both hops that are counted

    def counts(self, before: FlowsAt, here: FlowsAt) -> Mapping[Vertex, Mapping[Vertex, int]]:
        """The counts, given the vertex of each flow at both hops; those may only have grown."""
        new_before, new_here = map(_newest, (before, here), self._taken)
        self._taken = len(before), len(here)
        for flow in {*new_before, *new_here}:
            if flow in before and flow in here:
                after = self._counts.setdefault(before[flow], {})
                after[here[flow]] = after.get(here[flow], 0) + 1
        return self._counts


class Step(NamedTuple):
    """Two neighbouring hops, and what was answered before them.

    `located_before` has the vertex of each flow that was itself answered at the nearer hop, and
    `located_two_before` those of the hop before that. `onward` counts the flows from there to the
    nearer hop. `abandoned` are the vertices of the nearer hop through which no more flows are sent.
    All this stays the same while `state` does; it is None where something was lost up to there.
    """

    hops: HopPair
    located_before: FlowsAt
    located_two_before: FlowsAt
    onward: Onward
    abandoned: frozenset[Vertex]
    state: State | None


# What has happened at one TTL: changes by outcomes, flows requested, and requests without outcome.
_HopState = tuple[int, int, int]


# The same of the three hops of a step: two before, one before and the further one. Then how often
# ends of paths have changed, 0 while none ends at these hops.
State = tuple[_HopState, _HopState, _HopState, int]


class _Basis(NamedTuple):
    """What a kept pair of hops was built from; while that only grows, it need not be built anew."""

    before: FlowsAt
    two_before: FlowsAt
    only: Vertex | None
    revisions: tuple[int, int, int]

    def is_same(self, other: _Basis | None, placed: int) -> bool:
        """Whether both are the same, but for growth; the other had `placed` flows `before`."""
        return (
            other is not None
            and self.before is other.before
            and self.two_before is other.two_before
            and (not placed or self.only is other.only or self.only == other.only)
            and self.revisions == other.revisions
        )


class _Kept:
    """A pair of hops that is kept, and `onward` as in Step. Without a basis it is built anew.

    It has taken in `answers` at its further hop, and `placed` flows of the nearer one. It is up to
    date while `state` is the same, and so is what is `abandoned`.
    """

    __slots__ = ("abandoned", "answers", "basis", "hops", "onward", "placed", "state")

    def __init__(self) -> None:
        self.basis: _Basis | None = None
        self.answers = 0
        self.placed = 0
        self.hops: HopPair
        self.onward: Onward
        self.abandoned: frozenset[Vertex] = frozenset()
        self.state: State | None = None


class Walk:
    """Walks over the outcomes in `table`. All flows that were `sent` start at `origin`."""

    def __init__(self, table: FlowTable, origin: Vertex, sent: Sent, reach: Reach) -> None:
        self._table = table
        self._origin = origin
        self._sent = sent
        self._reach = reach
        self._start = HopPair(origin.ttl)
        self._nowhere = HopPair(origin.ttl - 1)
        self._first_end = reach.max_ttl + 1  # the nearest TTL at which a path ends
        self._kept: defaultdict[int, _Kept] = defaultdict(_Kept)  # by TTL

    def steps(self) -> Iterator[Step]:
        """Each pair of hops in turn, up to one silent hop beyond the last answer."""
        for flow in self._sent.flows[len(self._start.far) :]:
            self._start.far[flow] = self._origin
        before, two_before = self._start, self._nowhere
        before.met_far[self._origin] = len(before.far)
        gaps: dict[Vertex, int] = {}  # star -> silent hops in a row that end with it
        state: State | None = ((0, 0, 0), (0, 0, 0), (0, len(before.far), 0), 0)
        self._first_end = min(self._table.end_ttls, default=self._reach.max_ttl + 1)
        last_answer = self._table.last_answer()
        for ttl in range(self._reach.first_ttl, self._reach.max_ttl + 1):
            kept = self._kept[ttl]
            state = self._next_state(state, ttl)
            is_new = state is None or state != kept.state
            if is_new:
                self._bring_up_to_date(ttl, kept, before, two_before)
                kept.state = state
            hops = kept.hops
            if self._table.hops[ttl].losses:
                for vertex, samples in hops.near.items():
                    for successor in samples.successors:
                        if successor.address is None:
                            gaps[successor] = gaps.get(vertex, 0) + 1
            if is_new:
                kept.abandoned = _abandoned(self._table, hops, gaps, self._reach.gap_limit)
            yield Step(hops, before.far, two_before.far, kept.onward, kept.abandoned, state)
            if not hops.far and ttl > last_answer:
                return
            two_before, before = before, hops

    def _next_state(self, nearer: State | None, ttl: int) -> State | None:
        """The state of the step to `ttl`, given that of the step before."""
        hop = self._table.hops[ttl]
        if nearer is None or hop.losses:
            return None
        here = hop.changes, len(self._sent.counts[ttl]), len(self._sent.flying_at(ttl))
        ends = self._table.ends.changes if self._first_end <= ttl else 0
        return nearer[1], nearer[2], here, ends

    def _bring_up_to_date(
        self, ttl: int, kept: _Kept, before: HopPair, two_before: HopPair
    ) -> None:
        """Add to a pair of hops what is new, or build it anew."""
        table = self._table
        hop, nearer = table.hops[ttl], table.hops[ttl - 1]
        only = next(iter(before.met_far)) if len(before.met_far) == 1 else None
        if only is not None and table.ends_at(only, before.far):
            only = None
        ends = table.ends.revision if self._first_end <= ttl else 0
        revisions = ends, hop.revision, nearer.revision
        basis = _Basis(before.far, two_before.far, only, revisions)
        if basis.is_same(kept.basis, kept.placed) and not hop.losses and not nearer.losses:
            self._add(ttl, kept, basis)
        else:
            predecessors = table.predecessors(ttl, before.far)
            kept.hops = pair(table, ttl, predecessors, table.located_next(ttl, predecessors))
            kept.onward = Onward()
        kept.basis = None if hop.losses or nearer.losses else basis
        kept.answers, kept.placed = len(hop.answers), len(before.far)

    def _add(self, ttl: int, kept: _Kept, basis: _Basis) -> None:
        """Add to a pair of hops what is new.

        It does what `FlowTable.predecessors` and `FlowTable.located_next` do where nothing is lost.
        """
        table, hops, ended = self._table, kept.hops, self._table.ended
        hop, nearer = table.hops[ttl], table.hops[ttl - 1]
        ends_before = self._first_end < ttl
        answers, first, before = hop.answers, hop.first, basis.before
        answered = _newest(answers, kept.answers)
        for flow in answered:
            if not ends_before or ended.get(flow, ttl) >= ttl:
                hops.add_far(flow, answers[flow], first[flow].sent_at_s)
        placed = [(flow, before[flow]) for flow in _newest(before, kept.placed)]
        unplaced = answered if kept.placed else answers
        if basis.only is not None and unplaced:
            goes_to = ttl + ends_before
            placed += [
                (flow, basis.only)
                for flow in unplaced
                if flow not in nearer.answers and ended.get(flow, goes_to) >= goes_to
            ]
        predecessors, far = hops.predecessors, hops.far
        for flow, vertex in placed:
            if flow not in predecessors:
                sent_at_s = first[flow].sent_at_s if flow in far else None
                goes_on = not ends_before or ended.get(flow, ttl) >= ttl
                hops.add_before(flow, vertex, sent_at_s, goes_on=goes_on)


def _newest(flows: FlowsAt, taken: int) -> list[int]:
    """The flows that were added after the first `taken`, in their order."""
    added = len(flows) - taken
    return list(islice(reversed(flows), added))[::-1] if added else []


def _abandoned(
    table: FlowTable, hops: HopPair, gaps: Mapping[Vertex, int], gap_limit: int
) -> frozenset[Vertex]:
    """The vertices that flows have left, or that end too long a silence with no reply behind it.

    All of them where too many are at one end.
    """
    if table.is_crowded(hops.ttl):
        return frozenset(hops.near)
    nearer = table.hops[hops.ttl - 1]
    left_behind = nearer.left_behind() if nearer.met_several else ()
    if not left_behind and not gaps:
        return frozenset()
    return frozenset(
        vertex
        for vertex, samples in hops.near.items()
        if vertex in left_behind
        or (
            gaps.get(vertex, 0) >= gap_limit
            and not any(table.answered_to.get(flow, 0) >= hops.ttl for flow in samples.flows)
        )
    )
