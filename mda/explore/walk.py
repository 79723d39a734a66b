"""The walk over neighbouring hops, from the source to the last answer.

A walk keeps each pair of hops until the next wave, and then adds the answers that came; a pair that
nothing has happened to stays as it is. It builds a pair anew where more has changed: where probes
were lost, or where the vertex of a flow or the end of its path is not what it was.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

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


# What has happened at one TTL: changes by outcomes, flows requested, and requests without outcome.
_HopState = tuple[int, int, int]


# The same of the three hops of a step: two before, one before and the further one. Then how often
# ends of paths have changed, 0 while none ends at these hops.
State = tuple[_HopState, _HopState, _HopState, int]


class Step:
    """Two neighbouring hops, and what was answered before them; kept from wave to wave.

    `located_before` has the vertex of each flow that was itself answered at the nearer hop, and
    `located_two_before` those of the hop before that. `onward` counts the flows from there to the
    nearer hop. `abandoned` are the vertices of the nearer hop through which no more flows are sent.
    All this stays the same while `state` does; it is None where something was lost up to there.

    The pair has taken in `answers` at its further hop, and `placed` flows of the nearer one. It is
    built anew unless what it was built from has only grown: the two above, `only`, which is the
    vertex that flows not asked at the nearer hop are taken to meet, and the outcomes. `revisions`
    counts the other changes of those; it is None where something was lost.
    """

    __slots__ = (
        "abandoned", "answers", "hops", "located_before", "located_two_before", "only", "onward",
        "placed", "revisions", "state",
    )  # fmt: skip

    def __init__(self) -> None:
        self.hops: HopPair
        self.located_before: FlowsAt
        self.located_two_before: FlowsAt
        self.onward: Onward
        self.abandoned: frozenset[Vertex] = frozenset()
        self.state: State | None = None
        self.answers = 0
        self.placed = 0
        self.only: Vertex | None = None
        self.revisions: tuple[int, int, int] | None = None


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
        self._steps: defaultdict[int, Step] = defaultdict(Step)  # by TTL

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
            step = self._steps[ttl]
            state = self._next_state(state, ttl)
            is_new = state is None or state != step.state
            if is_new:
                self._bring_up_to_date(step, ttl, before.met_far, before.far, two_before.far)
                step.state = state
            hops = step.hops
            if self._table.hops[ttl].losses:
                for vertex, samples in hops.near.items():
                    for successor in samples.successors:
                        if successor.address is None:
                            gaps[successor] = gaps.get(vertex, 0) + 1
            if is_new:
                step.abandoned = _abandoned(self._table, hops, gaps, self._reach.gap_limit)
            yield step
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
        self,
        step: Step,
        ttl: int,
        met_before: Mapping[Vertex, int],
        before: FlowsAt,
        two_before: FlowsAt,
    ) -> None:
        """Add to a pair of hops what is new, or build it anew."""
        table = self._table
        hop, nearer = table.hops[ttl], table.hops[ttl - 1]
        only = next(iter(met_before)) if len(met_before) == 1 else None
        if only is not None and table.ends_at(only, before):
            only = None
        ends = table.ends.revision if self._first_end <= ttl else 0
        revisions = None if hop.losses or nearer.losses else (ends, hop.revision, nearer.revision)
        if (
            revisions is not None
            and revisions == step.revisions
            and before is step.located_before
            and two_before is step.located_two_before
            and (not step.placed or only is step.only or only == step.only)
        ):
            step.only = only
            self._add(step)
        else:
            predecessors = table.predecessors(ttl, before)
            step.hops = pair(table, ttl, predecessors, table.located_next(ttl, predecessors))
            step.onward = Onward()
            step.only, step.revisions = only, revisions
            step.located_before, step.located_two_before = before, two_before
        step.answers, step.placed = len(hop.answers), len(before)

    def _add(self, step: Step) -> None:
        """Add to a pair of hops what is new.

        It does what `FlowTable.predecessors` and `FlowTable.located_next` do where nothing is lost.
        """
        table, hops, before, only = self._table, step.hops, step.located_before, step.only
        ttl, ended = hops.ttl, table.ended
        hop, nearer = table.hops[ttl], table.hops[ttl - 1]
        ends_before = self._first_end < ttl
        answers, first = hop.answers, hop.first
        answered = _newest(answers, step.answers)
        for flow in answered:
            if not ends_before or ended.get(flow, ttl) >= ttl:
                hops.add_far(flow, answers[flow], first[flow].sent_at_s)
        placed = [(flow, before[flow]) for flow in _newest(before, step.placed)]
        unplaced = answered if step.placed else answers
        if only is not None and unplaced:
            goes_to = ttl + ends_before
            placed += [
                (flow, only)
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
