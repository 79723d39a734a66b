"""What the laws of asking share: how far to search, and which flows a hop can still be sent."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.answers.table import FlowTable
    from mda.explore.wave import Wave
    from mda.statistics.stopping import Bound, StoppingPoints

# Flows sent to one hop, as a multiple of what its vertices need, before the vertices that they do
# not reach are given up (those were met through a per-packet balancer or an old route).
PATIENCE: Final = 8


class Reach(NamedTuple):
    """How far to search.

    TTLs from `first_ttl` to `max_ttl`, with `flows` flow numbers from 0 on. Each probe is sent
    `attempts` times before its silence is believed, and behind `gap_limit` silent hops in a row
    nothing more is searched for. The first TTL gets the first `spread` flows in any case: together
    they leave by all ways out of the source that are known beforehand.
    """

    first_ttl: int
    max_ttl: int
    attempts: int
    gap_limit: int
    flows: int
    spread: int = 0


class Search(NamedTuple):
    """What one wave asks with.

    `table` has the outcomes, `wave` the requests of this wave on top of all earlier ones. `bound`
    with `branching`, the number of balancers known, says when a vertex is complete. The `room` most
    urgent requests of the wave are sent.
    """

    reach: Reach
    bound: Bound
    branching: int
    table: FlowTable
    wave: Wave
    room: int

    @property
    def points(self) -> StoppingPoints:
        """The stopping points of each vertex."""
        return self.bound.points(self.branching)

    def sent_to(self, ttl: int) -> int:
        """The number of flows sent to `ttl` before this wave."""
        return len(self.wave.sent.counts[ttl])

    def pending(self, ttl: int) -> set[int]:
        """The flows asked at `ttl` that may still be answered there."""
        hop, tries, ended = self.table.hop(ttl), self.table.tries(ttl), self.table.ended
        losses = self.table.losses_that_count(ttl)
        return {
            flow
            for flow in self.wave.asked(ttl)
            if flow not in hop.answers
            and losses.get(flow, 0) < tries
            and ended.get(flow, ttl) >= ttl
        }

    def is_pending(self, flow: int, ttl: int) -> bool:
        """Whether the flow was asked at `ttl` and may still be answered there."""
        hop = self.table.hop(ttl)
        return (
            self.wave.is_asked(flow, ttl)
            and flow not in hop.answers
            and self.table.losses_that_count(ttl).get(flow, 0) < self.table.tries(ttl)
            and self.table.ended.get(flow, ttl) >= ttl
        )

    @property
    def counts_unsent(self) -> bool:
        """Whether requests matter that cannot leave in this wave: only by the shared law."""
        return self.bound.per_vertex and self.bound.min_share is None

    def worth_asking(self, flows: int) -> int:
        """How many of `flows` new flows at a TTL, the lowest first, are worth asking."""
        return max(0, flows if self.counts_unsent else min(flows, self.room))

    def unheard(self, ttl: int) -> set[int]:
        """The flows asked at `ttl` without an answer so far, where any flow was lost there."""
        hop = self.table.hop(ttl)
        return set(self.wave.asked(ttl)) - hop.answers.keys() if hop.losses else set()

    def unsent(self, ttl: int) -> Iterator[int]:
        """Flows not known at `ttl` before this wave whose path goes that far, ascending.

        Only those that are worth asking.
        """
        sent, ended = self.wave.sent, self.table.ended
        counts, answers = sent.counts[ttl], self.table.hop(ttl).answers
        end, full_at = self.reach.flows, self.wave.full_at
        if full_at is not None and not self.counts_unsent:
            end = min(end, full_at + 1)
        return (
            flow
            for flow in chain((0,), range(sent.first_unsent(ttl, self.table.ends), end))
            if flow not in counts and flow not in answers and ended.get(flow, ttl) >= ttl
        )

    def unasked(self, ttl: int, target: int) -> Iterator[int]:
        """Flows neither sent to `ttl` before this wave nor asked in it, ascending.

        None at all if far more flows than `target` were sent there in vain.
        """
        if self.sent_to(ttl) > PATIENCE * target:
            return iter(())
        return (flow for flow in self.unsent(ttl) if not self.wave.is_asked(flow, ttl))
