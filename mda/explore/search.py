"""What the laws of asking share: how far to search, and which flows a hop can still be sent."""

from __future__ import annotations

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
    with `branching`, the number of balancers known, says when a vertex is complete: at `points`.
    """

    reach: Reach
    bound: Bound
    branching: int
    points: StoppingPoints
    table: FlowTable
    wave: Wave

    def sent_to(self, ttl: int) -> int:
        """The number of flows sent to `ttl` before this wave."""
        return len(self.wave.sent.counts[ttl])

    def pending(self, ttl: int) -> set[int]:
        """The flows asked at `ttl` that may still be answered there."""
        return {flow for flow in self._unanswered(ttl) if self.may_be_answered(flow, ttl)}

    def may_be_answered(self, flow: int, ttl: int) -> bool:
        """Whether a flow that is asked at `ttl` may still be answered there."""
        hop = self.table.hop(ttl)
        return (
            flow not in hop.answers
            and self.table.ended.get(flow, ttl) >= ttl
            and (
                flow not in hop.losses
                or self.table.losses_that_count(ttl).get(flow, 0) < self.table.tries(ttl)
            )
        )

    def _unanswered(self, ttl: int) -> set[int]:
        return set(self.wave.asked(ttl)) - self.table.hop(ttl).answers.keys()

    @property
    def counts_unsent(self) -> bool:
        """Whether requests matter that cannot leave in this wave: only by the shared law."""
        return self.bound.per_vertex and self.bound.min_share is None

    def worth_asking(self, flows: int) -> int:
        """How many of `flows` new flows at a TTL, the lowest first, are worth asking."""
        return max(0, flows if self.counts_unsent else min(flows, self.wave.room))

    def unheard(self, ttl: int) -> set[int]:
        """The flows asked at `ttl` without an answer so far, where any flow was lost there."""
        return self._unanswered(ttl) if self.table.hop(ttl).losses else set()

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
            for flow in range(sent.first_unsent(ttl, self.table.ends), end)
            if flow not in counts and flow not in answers and ended.get(flow, ttl) >= ttl
        )

    def unasked(self, ttl: int, target: int) -> Iterator[int]:
        """Flows neither sent to `ttl` before this wave nor asked in it, ascending.

        None at all if far more flows than `target` were sent there in vain.
        """
        if self.sent_to(ttl) > PATIENCE * target:
            return iter(())
        return (flow for flow in self.unsent(ttl) if not self.wave.is_asked(flow, ttl))
