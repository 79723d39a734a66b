"""Probes to send again: lost probes, and probes that show whether a flow keeps to its path."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.hop import STEADY
from mda.explore.steering import likely_width

if TYPE_CHECKING:
    from collections.abc import Collection

    from mda.answers.hop_pairs import Samples
    from mda.answers.table import FlowTable
    from mda.explore.wave import Sent, Wave
    from mda.model import Vertex
    from mda.statistics.stopping import StoppingPoints

# A successor unseen for so long that chance alone would explain it with less than this is probed
# again.
_VANISHED: Final = 0.005


class Retries(NamedTuple):
    """Which probes to repeat, given the outcomes (`table`) and the requests (`sent`)."""

    table: FlowTable
    sent: Sent

    def may_leave(self, ttl: int, wave: Wave) -> bool:
        """Whether a probe that is repeated at `ttl`, or one TTL before, may leave in this wave.

        First probes leave before it, and only a flow that was answered by a probe to a further TTL
        may get its first one here after its answer.
        """
        if not wave.is_full:
            return True
        return self.table.hop(ttl).has_further or self.table.hop(ttl - 1).has_further

    def one_flow(self, ttl: int, samples: Samples, points: StoppingPoints, wave: Wave) -> None:
        """Ask one flow often enough that a per-packet balancer is unlikely to stay unnoticed.

        It is the one that was answered first: its route has had the most time to change.
        """
        hop = self.table.hop(ttl)
        sent = self.sent.counts[ttl]
        if not samples.sent_at_s or not hop.met_several.keys().isdisjoint(samples.flows):
            return
        if not hop.is_crowded and 2 * samples.answered < points.stop_at(samples.seen):
            return  # more successors may turn up, and then fewer probes are enough
        width = likely_width(samples.seen, samples.answered)
        enough = math.ceil(-math.log(points.failure_probability, width))
        repeated = self.sent.repeated[ttl]
        done = sum(
            max(sent.get(flow, 0) - 1, 0) - hop.losses.get(flow, 0)
            for flow in (repeated | hop.losses.keys()).intersection(samples.flows)
            if flow in hop.answers
        )
        if done >= enough:
            self._vanished(ttl, samples, wave)
            return
        flow = min(
            filter(hop.answers.__contains__, samples.flows),
            key=lambda flow: (hop.first[flow].sent_at_s, flow),
        )
        most = enough + self.table.attempts - sent.get(flow, 0)
        for _ in range(min(enough - done, most)):
            wave.ask(flow, ttl)

    def _vanished(self, ttl: int, samples: Samples, wave: Wave) -> None:
        """Ask a flow of each successor that has not replied for so long that it may be gone."""
        hop = self.table.hop(ttl)
        times_s = samples.sent_at_s
        for successor, flows in samples.successors.items():
            if successor.address is None:
                continue
            since = len(times_s) - bisect_right(times_s, hop.last_met_s[successor])
            if (1 - 1 / samples.seen) ** since >= _VANISHED:
                continue
            flow = min(flows)
            lost = self.table.losses_that_count(ttl).get(flow, 0)
            is_worth_it = lost < self.table.tries(ttl)
            if is_worth_it and not self._awaited(flow, ttl):
                wave.ask(flow, ttl)

    def until_steady(self, ttl: int, wave: Wave) -> None:
        """Ask flows whose vertex changed once, until the change proves final or they change again.

        The lowest and the highest such flow are asked one TTL before as well, where the change may
        have begun: once after a final change, and otherwise often enough to show per-packet
        balancing.
        """
        hop = self.table.hop(ttl)
        for flow in hop.met_several:
            changes, run = hop.steadiness(flow)
            if changes == 1 and hop.losses.get(flow, 0) <= STEADY:
                for _ in range(STEADY - run - self._awaited(flow, ttl)):
                    wave.ask(flow, ttl)
        for flow in {min(hop.met_several), max(hop.met_several)}:
            nearer = self.table.hop(ttl - 1)
            answered = nearer.history(flow)
            if not answered or flow in nearer.met_several or nearer.losses.get(flow, 0) > STEADY:
                continue
            changes, run = hop.steadiness(flow)
            if changes > 1:
                lacking = STEADY - len(answered)
            else:
                turned_s = sorted(sent_at_s for sent_at_s, _, _ in hop.history(flow))[-run]
                lacking = run >= STEADY and all(at_s < turned_s for at_s, _, _ in answered)
            for _ in range(lacking - self._awaited(flow, ttl - 1)):
                wave.ask(flow, ttl - 1)

    def _awaited(self, flow: int, ttl: int) -> int:
        """The requests for `flow` at `ttl` that have no outcome yet."""
        return self.sent.counts[ttl].get(flow, 0) - self.table.hop(ttl).outcomes(flow)

    def lost(self, wave: Wave, in_doubt: Collection[int]) -> None:
        """Repeat every probe whose last attempt was lost, unless it has become pointless.

        Where other flows of the hop proved silent while siblings were answered, this flow will
        likely be silent too: its remaining attempts leave at once rather than a time-out apart. So
        do those of all flows where nothing at all was answered to twice as many probes. So many
        leave at once as were lost before where those are twice as many as usual, unless a limit may
        be why. Those to the TTLs `in_doubt` wait until it is known whether any can arrive.
        """
        table = self.table
        for ttl, hop in table.hops.items():
            if not hop.losses or ttl in in_doubt or not self.may_leave(ttl, wave):
                continue
            tries = table.tries(ttl)
            counted = table.losses_that_count(ttl)
            is_mute = not table.hop_of_all(ttl).answers and len(hop.lost_at) >= 2 * table.attempts
            has_silence = is_mute or (
                tries == table.attempts
                and any(
                    losses >= tries and flow not in hop.answers for flow, losses in counted.items()
                )
            )
            may_be_limited = table.limits(ttl).window() is not None
            since_s = None
            for sent_at_s, flow, _ in hop.lost_at:
                losses = counted.get(flow, 0)
                if (
                    losses < tries
                    and flow not in hop.answers
                    and self.sent.counts[ttl][flow] <= hop.losses[flow]
                    and table.ended.get(flow, ttl) >= ttl
                    and not wave.is_fresh(flow, ttl)
                ):
                    at_once = 1 if may_be_limited or losses < 2 * table.attempts else losses
                    for _ in range(tries - losses if has_silence else min(tries - losses, at_once)):
                        wave.ask(flow, ttl)
                    since_s = sent_at_s if since_s is None else max(since_s, sent_at_s)
            if since_s is not None and not table.limits(ttl).is_suspected():
                self._signs(ttl, since_s, wave)

    def _signs(self, ttl: int, since_s: float, wave: Wave) -> None:
        """Ask a flow of each vertex at `ttl` that no probe sent after `since_s` has met.

        If that probe is lost as well, the vertex may be what keeps the lost flows from being
        answered, by a limit on its replies, and not a silent neighbour.
        """
        hop = self.table.hop(ttl)
        quiet = set(hop.quiet_since(since_s))
        quiet -= {hop.answers.get(flow) for at_s, flow, _ in hop.lost_at if at_s > since_s}
        signs: dict[Vertex, int] = {}
        for flow in sorted(hop.answers, key=lambda flow: (hop.losses.get(flow, 0), flow)):
            if hop.answers[flow] in quiet:
                signs.setdefault(hop.answers[flow], flow)
        for flow in signs.values():
            if hop.losses.get(flow, 0) < self.table.attempts and not self._awaited(flow, ttl):
                wave.ask(flow, ttl)
