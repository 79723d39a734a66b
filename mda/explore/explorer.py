"""The Multipath Detection Algorithm with node control, in waves over all hops at once.

Theory of operation. A flow number is the same flow at every TTL, so the answers to one flow are
a path, and every pair of neighbouring answers is a sample of an edge. A vertex v at TTL t - 1 is

    OPEN       fewer flows are answered at t than its stopping point asks for,
    CLOSED     enough are.

Which flows count is a matter of three laws (see `hop_pairs`): those known to go through v, all that
were drawn at its hop, or with MDA-Lite all at t. `wanted` derives what is missing and asks for it:

    1. flow 0, the scout, at a dozen TTLs and at the last one: the destination's answer to that
       quotes the TTL it arrived with, which tells how far it is;
    2. the first stop_at(1) flows at every TTL up to the path's end: each vertex needs as many;
    3. flows known to go through v, at t (these count for certain);
    4. new flows: at t - 1, as many as should bring v what it lacks (node control), once nothing is
       in flight there that could; or, where draws are shared, the lowest numbers at both TTLs;
    5. for each branching vertex one flow again: if its answer changes, packets are balanced, not
       flows, or the route has changed (see `retries`);
    6. whatever was lost, again, as often as it takes to tell silence from loss.

Only answered probes count. A silence counts as a successor where loss does not explain it (see
`table`). Asking in batches up to the next stopping point stops at the same counts as asking one
at a time, so the failure probability is the same (Veitch et al., INFOCOM 2009).

MDA-Lite (Vermeulen et al., IMC 2018) is the same explorer with the third law, until two hops turn
out meshed or uneven; from then on it is the full one, with all that it has learnt.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from mda.answers.hop_pairs import HopPair, Samples, pair
from mda.answers.table import FlowsAt, FlowTable, only_vertex
from mda.explore.retries import Again
from mda.explore.steering import aim_at, flows_towards, likely_width
from mda.explore.wave import Sent, Wave
from mda.model import Reply, Vertex
from mda.procedure import Procedure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import IPAddress, Outcome, ProbeRequest
    from mda.statistics.stopping import Bound

SCOUT_WINDOW: Final = 12  # TTLs that the scout asks at a time; a longer path costs another round
# Flows sent to one hop, as a multiple of what its vertices need, before those that they do not
# reach are given up (they were met through a packet balancer or an old route).
_PATIENCE: Final = 8
_MESHING_FLOWS: Final = 2  # flows a vertex of MDA-Lite's meshing test
_PROOF_FLOWS: Final = 12  # all through one vertex: another has a chance of 2^-11 to stay unseen


class Explorer(Procedure):
    """The MDA of Augustin et al. (E2EMON 2007); see the module's theory of operation.

    `flows` is how many flow numbers exist, `gap_limit` how many silent hops in a row are searched
    for something behind them, `attempts` how often a probe is sent before its silence is believed.
    With `lite` hops are taken as balancers, as long as they look as MDA-Lite takes them to be.
    """

    def __init__(
        self,
        *,
        source: IPAddress,
        bound: Bound,
        first_ttl: int,
        max_ttl: int,
        attempts: int,
        gap_limit: int,
        flows: int,
        lite: bool = False,
    ) -> None:
        self._origin = Vertex(first_ttl - 1, source)
        self._bound = bound
        self._first_ttl = first_ttl
        self._max_ttl = max_ttl
        self._gap_limit = gap_limit
        self._capacity = flows
        self._table = FlowTable(attempts)
        self._is_lite = lite
        self._sent = Sent()
        self._again = Again(self._table, self._sent)
        self._answered_to: dict[int, int] = {}  # flow -> its highest TTL with an answer
        self._scouted_to = 0
        self._first_asked: dict[int, int] = {}  # TTL -> how many first flows were asked there
        self._distance_hint = 0
        self._far_outcomes: list[Outcome] = []
        self._branching = 0
        self._idle = False
        self._silent_since_s: dict[int, float] = {}

    @property
    def finished(self) -> bool:
        """See Procedure; probes whose answer cannot matter any more are not waited for."""
        return self._idle and not any(map(self._is_awaited, self._sent.flying))

    def _is_awaited(self, request: ProbeRequest) -> bool:
        return not (
            self._table.is_beyond_end(request.flow, request.ttl)
            or self._is_far_probe(request)
            or self._table.is_silent(request.flow, request.ttl)
        )

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure."""
        is_beyond = self._table.is_beyond_end(request.flow, request.ttl)
        if is_beyond:
            self._sent.settle(request)
        return is_beyond

    def silent_since_s(self) -> dict[int, float]:
        """See Procedure."""
        return self._silent_since_s

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        request = outcome.request
        self._sent.settle(request)
        self._idle = False
        if self._is_far_probe(request):
            self._far_outcomes.append(outcome)
            if isinstance(outcome, Reply) and outcome.ends_path and outcome.quoted_ttl:
                # The end quotes the TTL that was left, which tells how far it is.
                self._distance_hint = request.ttl - outcome.quoted_ttl + 1
        else:
            self._record(outcome)

    def _record(self, outcome: Outcome) -> None:
        flow, ttl, _ = outcome.request
        self._table.add(outcome)
        if isinstance(outcome, Reply) and ttl > self._answered_to.get(flow, 0):
            self._answered_to[flow] = ttl

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        wave = Wave(self._sent)
        self._ask_scout(wave)
        self._ask_first_flows(self._bound.points(self._branching).stop_at(1), wave)
        self._ask_for_vertices(wave)
        self._again.lost(wave)
        requests = wave.first(room)
        self._sent.add(requests)
        self._idle = not requests
        return requests

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        return self._table.hop(ttl).rate_pps()

    def _ask_scout(self, wave: Wave) -> None:
        """Flow 0 at the first TTLs and at the last, and then as far as the path seems to go."""
        last = min(self._first_ttl - 1 + SCOUT_WINDOW, self._max_ttl)
        last = max(last, self._scouted_to, min(self._distance_hint, self._max_ttl))
        if self._answered_to.get(0, 0) > last - self._gap_limit and 0 not in self._table.ended:
            last = min(last + SCOUT_WINDOW, self._max_ttl)
        self._scouted_to = last
        while self._far_outcomes and last >= self._max_ttl:
            self._record(self._far_outcomes.pop())  # the path is that long: no hint, but a hop
        for ttl in range(self._first_ttl, min(last, self._table.ended.get(0, last)) + 1):
            wave.ask_first(0, ttl)
        wave.ask_first(0, self._max_ttl)

    def _is_far_probe(self, request: ProbeRequest) -> bool:
        """Whether it is the scout's probe to the last TTL, beyond the path for all we know."""
        return request.flow == 0 and request.ttl > self._scouted_to

    def _ask_first_flows(self, count: int, wave: Wave) -> None:
        """The flows that every vertex needs, as far as the path is known to go."""
        ended = self._table.ended
        reach = ended.get(0, self._answered_to.get(0, 0))
        for ttl in range(self._first_ttl, reach + 1):
            if self._first_asked.get(ttl, 0) >= count:
                continue
            missing = [flow for flow in range(1, count) if not wave.is_asked(flow, ttl)]
            if not missing:
                self._first_asked[ttl] = count
            for flow in missing:
                if ended.get(flow, ttl) >= ttl:
                    wave.ask(flow, ttl)

    def _ask_for_vertices(self, wave: Wave) -> None:
        """What open vertices lack, hop by hop."""
        before: FlowsAt = dict.fromkeys(self._sent.flows(), self._origin)
        before_that: FlowsAt = {}
        gaps: dict[Vertex, int] = {}
        last_answer = self._table.last_answer()
        branching = 0
        points = self._bound.points(self._branching)
        self._silent_since_s = {}
        for ttl in range(self._first_ttl, self._max_ttl + 1):
            through = self._table.through(ttl, before)
            here = self._table.located_next(ttl, through)
            self._find_ends(ttl, through, wave)
            self._note_silences(ttl, here)
            hops = pair(self._table, ttl, through, here)
            if self._table.hop(ttl).others:
                self._again.until_steady(ttl, wave)
            for vertex, samples in hops.near.items():
                for successor in samples.successors:
                    if successor.address is None:
                        gaps[successor] = gaps.get(vertex, 0) + 1
                if samples.seen > 1:
                    branching += not self._is_lite
                    self._again.one_flow(ttl, samples, points, wave)
                    if not self._is_lite:
                        self._prove_edges(ttl, before, samples, wave)
            left_behind = self._table.hop(ttl - 1).left_behind()
            for vertex, samples in list(hops.near.items()):
                if vertex in left_behind:
                    del hops.near[vertex]  # no flow will ever meet it again
                elif gaps.get(vertex, 0) >= self._gap_limit and not self._goes_on(samples, ttl):
                    del hops.near[vertex]
            if self._is_lite:
                branching += len(set(here.values())) > 1
                self._ask_lite(hops, through, wave)
                if not self._is_lite:
                    self._ask_for_vertices(wave)  # from here on as the full MDA, with all it knows
                    return
            elif (target := hops.shared_target(self._bound, self._branching)) is not None:
                self._ask_shared(hops, target, through, wave)
            else:
                self._ask_each(hops, before_that, before, wave)
            if not here and ttl > last_answer:
                break
            before_that, before = before, here
        self._branching = branching

    def _ask_each(self, hops: HopPair, before_that: FlowsAt, before: FlowsAt, wave: Wave) -> None:
        """For each open vertex: flows known to go through it, or new flows that may."""
        ttl, missing = hops.ttl, dict[Vertex, int]()
        points = self._bound.points(self._branching)
        most_needed = 0
        pending: set[int] | None = None
        for vertex, samples in hops.near.items():
            target = points.stop_at(samples.seen)
            most_needed = max(most_needed, target)
            if samples.answered >= target:
                continue
            if pending is None:
                pending = self._pending(ttl, wave)
            awaited = sum(flow in pending for flow in samples.flows)
            unasked = sorted(flow for flow in samples.flows if not wave.is_asked(flow, ttl))
            lacking = target - samples.answered - awaited
            if len(samples.flows) - len(unasked) > _PATIENCE * target:
                continue  # so many were lost on the way there that more will not help
            for flow in unasked[: max(lacking, 0)]:
                wave.ask(flow, ttl)
            if lacking > len(unasked):
                missing[vertex] = lacking - len(unasked)
        if not missing:
            return
        only = only_vertex(before)
        if only in missing and self._table.is_certain_before(before):
            # Every flow goes through the only vertex there is, so none needs steering.
            patience = _PATIENCE * most_needed - len(self._sent.counts[ttl])
            for flow in islice(self._unsent(ttl), max(0, min(missing[only], patience))):
                wave.ask_first(flow, ttl)
        elif not self._sent.is_flying_at(ttl - 1):
            patience = _PATIENCE * most_needed
            self._steer(ttl - 1, missing, before_that, before, patience, wave)

    def _ask_shared(self, hops: HopPair, target: int, through: FlowsAt, wave: Wave) -> None:
        """As many draws at the hop as complete every vertex there: low flow numbers, at both TTLs.

        Where there is but one successor it does not matter through which vertex a flow came,
        unless paths end there: they might have before.
        """
        ttl = hops.ttl
        is_known_needed = not hops.has_one_successor or ttl in self._table.end_ttls
        for samples in hops.near.values():
            if not samples.answered:
                wave.ask_first(min(samples.flows), ttl)
        lacking = target - len(self._drawn(hops, through, wave, is_known_needed=is_known_needed))
        known_flows = (flow for samples in hops.near.values() for flow in samples.flows)
        known = sorted(flow for flow in known_flows if not wave.is_asked(flow, ttl))
        for flow in known[: max(lacking, 0)]:
            wave.ask(flow, ttl)
        lacking -= len(known)
        if is_known_needed:
            met = sorted(flow for flow in hops.far if not wave.is_asked(flow, ttl - 1))
            for flow in met[: max(lacking, 0)]:
                wave.ask(flow, ttl - 1)
            lacking -= len(met)
        for flow in islice(self._unasked(ttl, wave, target), max(lacking, 0)):
            wave.ask(flow, ttl)
            if is_known_needed:
                wave.ask_first(flow, ttl - 1)

    def _ask_lite(self, hops: HopPair, through: FlowsAt, wave: Wave) -> None:
        """As many flows as complete the hop if it is one balancer, and the tests that it is.

        A hop's only vertex is taken to follow every vertex before it, unasked. Otherwise each
        vertex of the wider of two hops gets _MESHING_FLOWS known at both.
        """
        ttl, far = hops.ttl, dict[Vertex, list[int]]()
        if not hops.near:
            return
        for flow, vertex in hops.far.items():
            far.setdefault(vertex, []).append(flow)
        if len(hops.near) > 1 and not hops.has_one_successor:
            is_wider_near = len(hops.near) >= len(far)
            for samples in hops.near.values():
                for flow in sorted(samples.flows)[: _MESHING_FLOWS if is_wider_near else 1]:
                    wave.ask_first(flow, ttl)
            for flows in far.values():
                for flow in sorted(flows)[: 1 if is_wider_near else _MESHING_FLOWS]:
                    wave.ask_first(flow, ttl - 1)
        drawn = self._drawn(hops, through, wave, is_known_needed=False)
        target = hops.lite_target(self._bound, self._branching)
        if len(drawn) < target:
            # Some more than are needed for sure, of those that are likely to be, save a round.
            newcomers = likely_width(len(far) or 1, len(hops.far) or 1) - (len(far) or 1)
            target = self._bound.points(self._branching).stop_at(len(far) + newcomers // 2)
        lacking = target - len(drawn)
        for flow in islice(self._unasked(ttl, wave, target), max(lacking, 0)):
            wave.ask(flow, ttl)
        is_complete = lacking <= 0 and not self._pending(ttl, wave) | self._pending(ttl - 1, wave)
        self._is_lite = hops.is_fit_for_lite(is_complete=is_complete)

    def _drawn(
        self, hops: HopPair, through: FlowsAt, wave: Wave, *, is_known_needed: bool
    ) -> list[int]:
        """The flows that are, or will be, draws at the hop unless they get lost."""
        pending, pending_before = self._pending(hops.ttl, wave), self._pending(hops.ttl - 1, wave)
        return [
            flow
            for flow in (*hops.far, *pending)
            if not is_known_needed or flow in through or flow in pending_before
        ]

    def _pending(self, ttl: int, wave: Wave) -> set[int]:
        """The flows asked at `ttl` that may yet be answered there."""
        hop, tries, ended = self._table.hop(ttl), self._table.tries(ttl), self._table.ended
        return {
            flow
            for flow in wave.asked(ttl)
            if flow not in hop.answers
            and hop.losses.get(flow, 0) < tries
            and ended.get(flow, ttl) >= ttl
        }

    def _find_ends(self, ttl: int, through: FlowsAt, wave: Wave) -> None:
        """One TTL before, the flows that end at `ttl` or, for all we know, before it."""
        if ttl not in self._table.end_ttls:
            return
        for flow in self._table.hop(ttl).answers:
            if flow and self._table.ended.get(flow) == ttl and flow not in through:
                wave.ask_first(flow, ttl - 1)

    def _note_silences(self, ttl: int, here: FlowsAt) -> None:
        """Keep since when the silences at `ttl` last."""
        flows_by_star: dict[Vertex, set[int]] = {}
        for flow, vertex in here.items():
            if vertex.address is None:
                flows_by_star.setdefault(vertex, set()).add(flow)
        if flows_by_star:
            hop = self._table.hop(ttl)
            self._silent_since_s[ttl] = max(map(hop.silent_since_s, flows_by_star.values()))

    def _prove_edges(self, ttl: int, before: FlowsAt, samples: Samples, wave: Wave) -> None:
        """Flows to the hop before of successors that no flow joins to their predecessor.

        One each, until so many flows met the only vertex there that another is out of question.
        """
        for flow in samples.unproven(before)[: max(0, _PROOF_FLOWS - len(before))]:
            wave.ask_first(flow, ttl - 1)

    def _goes_on(self, samples: Samples, ttl: int) -> bool:
        """Whether any flow through the vertex before `ttl` was answered at `ttl` or beyond."""
        return any(self._answered_to.get(flow, 0) >= ttl for flow in samples.flows)

    def _steer(
        self,
        ttl: int,
        missing: dict[Vertex, int],
        before: FlowsAt,
        here: FlowsAt,
        patience: int,
        wave: Wave,
    ) -> None:
        """New flows at `ttl` for the vertices there that are `missing` some.

        At most `patience` flows a vertex are ever sent there.
        """
        aim = aim_at(missing, before, here)
        most = patience * aim.width - len(self._sent.counts[ttl])
        candidates = ((flow, before.get(flow)) for flow in self._unsent(ttl))
        flows = flows_towards(aim.needs, aim.share, aim.onward, candidates, most)
        # A silence is known by what a flow met before it.
        is_by_predecessor = any(vertex.address is None for vertex in missing)
        for flow in flows:
            wave.ask_first(flow, ttl)
            if is_by_predecessor:
                self._ask_before(flow, ttl, wave)
        for flow in flows[: aim.useful_anywhere]:
            wave.ask_first(flow, ttl + 1)

    def _ask_before(self, flow: int, ttl: int, wave: Wave) -> None:
        """A flow at the hops before `ttl`, up to the first that answers."""
        for nearer in range(ttl - 1, self._first_ttl - 1, -1):
            wave.ask_first(flow, nearer)
            if self._table.hop(nearer).answers:
                break

    def _unsent(self, ttl: int) -> Iterator[int]:
        """Flow numbers not sent to `ttl` before this wave whose path goes that far, ascending."""
        sent, ended = self._sent.counts[ttl], self._table.ended
        return (
            flow
            for flow in range(self._capacity)
            if flow not in sent and ended.get(flow, ttl) >= ttl
        )

    def _unasked(self, ttl: int, wave: Wave, target: int) -> Iterator[int]:
        """The same, without those of this wave, unless far more than `target` were sent in vain."""
        if len(self._sent.counts[ttl]) > _PATIENCE * target:
            return iter(())
        return (flow for flow in self._unsent(ttl) if not wave.is_asked(flow, ttl))
