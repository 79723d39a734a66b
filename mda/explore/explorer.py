"""The Multipath Detection Algorithm with node control, in waves over all hops at once.

Theory of operation. A flow number is the same flow at every TTL, so the answers to one flow are
a path, and every pair of neighbouring answers is a sample of an edge. A vertex v at TTL t - 1 is

    OPEN       while fewer flows are answered at t than its stopping point asks for,
    CLOSED     from then on.

Three laws say which flows count: those known to go through v (`own_flows`), all that were drawn at
its hop (`shared_draws`), or, with MDA-Lite, all at t (`lite`). `wanted` derives what is missing and
asks for it:

    1. the scout, one probe to each of the first TTLs and to the last one: the destination's answer
       to the last quotes the TTL it arrived with, which shows how far away the destination is;
    2. the first stop_at(1) flows at every TTL up to the path's end: each vertex needs that many;
       and at the first TTL those that leave by all known ways out of the source;
    3. what each open vertex lacks, hop by hop (`walk`), as the law of that hop asks for it;
    4. for each branching vertex, one flow again: if its answer changes, a balancer there works per
       packet, or the route has changed (see `retries`);
    5. every lost probe again, until loss no longer explains the silence;
    6. behind each branch that stays silent for `gap_limit` hops while others are answered further
       away, two of its flows up to there: if one is answered, the branch goes on;
    7. behind each router that refuses a flow, that flow once more: if a reply comes from there, the
       refusal ends no path;
    8. where lost probes put the distance in doubt that the destination quotes, pairs of probes that
       decide (see `mda.answers.contradictions`).

Only answered probes count. A silence counts as a successor where loss does not explain it (see
`table`). Asking in batches up to the next stopping point stops at the same counts as asking one
flow at a time, so the failure probability is the same (Veitch et al., INFOCOM 2009).

MDA-Lite uses the third law until two hops turn out meshed or uneven. From then on the explorer uses
the other two, with all that it has learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.table import FlowTable
from mda.explore import lite, own_flows, shared_draws
from mda.explore.bursts import Bursts
from mda.explore.retries import Retries
from mda.explore.scout import Scout
from mda.explore.search import Search
from mda.explore.walk import Walk
from mda.explore.wave import Sent, Wave
from mda.model import Vertex
from mda.procedure import Procedure

if TYPE_CHECKING:
    from mda.answers.contradictions import Doubt
    from mda.answers.hop_pairs import HopPair
    from mda.explore.search import Reach
    from mda.explore.walk import State, Step
    from mda.model import IPAddress, Outcome, ProbeRequest
    from mda.statistics.stopping import Bound

_BEHIND_GAP: Final = 2  # flows, that show whether a branch goes on behind too many silent hops


class Explorer(Procedure):
    """The MDA of Augustin et al. (E2EMON 2007); see the module's theory of operation.

    With `is_lite` it begins as MDA-Lite and stays that while hops look like single balancers.
    """

    def __init__(
        self, *, source: IPAddress, bound: Bound, reach: Reach, is_lite: bool = False
    ) -> None:
        self._origin = Vertex(reach.first_ttl - 1, source)
        self._bound = bound
        self._reach = reach
        self._table = FlowTable(reach.attempts)
        self._sent = Sent()
        self._scout = Scout(self._table, reach, min(bound.points(0).stop_at(1), reach.flows))
        self._bursts = Bursts(self._table, self._sent)
        self._retries = Retries(self._table, self._sent)
        self._walk_on = Walk(self._table, self._origin, self._sent, reach)
        self._walked = _Walked(branching=0, silent_since_s={}, silent_ends=set(), is_lite=is_lite)
        # By TTL: the state, number of balancers and law with which a step asked for nothing.
        self._in_vain: dict[int, tuple[State | None, int, bool]] = {}
        self._doubts: list[Doubt] = []
        self._idle = self._has_outcomes = False

    @property
    def table(self) -> FlowTable:
        """The outcomes so far, without those of the scout's far probe while they are only hints."""
        return self._table

    @property
    def finished(self) -> bool:
        """See Procedure; probes whose answer can no longer matter are not waited for."""
        return self._idle and not any(map(self._is_awaited, self._sent.flying))

    def _is_awaited(self, request: ProbeRequest) -> bool:
        return not (
            self._is_beyond_end(request)
            or self._scout.is_far_probe(request)
            or self._table.is_silent(request.flow, request.ttl)
        )

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure; what the scout gives up may be wanted for another reason later."""
        if self._is_beyond_end(request):
            self._sent.settle(request)
            return True
        if self._scout.gives_up(request) and self._sent.forget(request):
            self._idle = False
            return True
        return False

    def _is_beyond_end(self, request: ProbeRequest) -> bool:
        """Whether a request is pointless: the path ends before it, and its end is not in doubt."""
        flow, ttl, _ = request
        return (
            self._table.is_beyond_end(flow, ttl)
            and self._table.ends.doubtful_ends().get(flow) != ttl
            and all((flow, ttl) != (doubt.flow, doubt.far) for doubt in self._doubts)
        )

    def silent_since_s(self) -> dict[int, float]:
        """See Procedure."""
        return self._walked.silent_since_s

    def silent_ends(self) -> set[int]:
        """See Procedure."""
        return self._walked.silent_ends

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        request = outcome.request
        self._sent.settle(request)
        self._has_outcomes = True
        self._idle = False
        if self._scout.is_far_probe(request):
            self._scout.on_far_outcome(outcome)
        else:
            self._table.add(outcome)

    def on_other(self, outcome: Outcome) -> None:
        """See Procedure."""
        self._table.add_other(outcome)

    def on_withheld(self, request: ProbeRequest, *, is_new: bool) -> bool:
        """See Procedure; what it might have shown stays open, so nothing is promised of it."""
        self._sent.settle(request)
        self._idle = False
        return False

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        wave = Wave(self._sent, room)
        self._doubts = self._table.doubts()
        self._scout.ask(wave)
        branching = self._walked.branching
        points = self._bound.points(branching)
        search = Search(self._reach, self._bound, branching, points, self._table, wave)
        self._ask_first_flows(search)
        walked = self._ask_hops(search)
        for hops in walked:
            if self._retries.may_leave(hops.ttl, wave):
                self._ask_again(hops, search)
        self._retries.lost(wave, self._doubted)
        self._ask_behind_ends(wave)
        self._ask_in_doubt(wave)
        requests = self._bursts.admitted(wave.by_urgency())[:room]
        self._sent.add(requests)
        self._idle = not wave.requests
        return requests

    def wanted_in_silence(self) -> list[ProbeRequest]:
        """See Procedure; if nothing has come yet, the scout goes on."""
        if self._has_outcomes:
            return []
        wave = Wave(self._sent)
        self._scout.on_silence()
        self._scout.ask(wave)
        self._sent.add(wave.requests)
        return wave.requests

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure; a quote in doubt makes a silence look like a limit."""
        return None if ttl in self._doubted else self._table.rate_pps(ttl)

    def cost(self, request: ProbeRequest) -> float:
        """See Procedure."""
        if request.attempt and self._table.is_cut_off(request.flow, request.ttl):
            return 0.0
        return self._table.limits(request.ttl).cost(request)

    def _ask_first_flows(self, search: Search) -> None:
        """Ask the flows that every vertex needs, at every TTL that the path is known to reach."""
        wave = search.wave
        count = min(search.points.stop_at(1), self._reach.flows)
        path_end = self._scout.path_end
        ttls = range(self._reach.first_ttl, path_end + 1)
        wave.ask_first_flows(count, ttls, self._table.ends)
        if path_end >= self._reach.first_ttl:
            for flow in range(self._reach.spread):
                wave.ask_first(flow, self._reach.first_ttl)

    def _ask_behind_ends(self, wave: Wave) -> None:
        for flow, ttl in self._table.ends.doubtful_ends().items():
            hop = self._table.hop(ttl)
            tries = wave.count(flow, ttl)
            if ttl <= self._reach.max_ttl and (
                not tries or self._reach.attempts > tries == hop.outcomes(flow)
            ):
                wave.ask(flow, ttl)

    @property
    def _doubted(self) -> set[int]:
        """The TTLs at which the destination is by quotes that are in doubt."""
        return {doubt.near for doubt in self._doubts}

    def _ask_in_doubt(self, wave: Wave) -> None:
        for flow, near, far, pairs in self._doubts:
            if not any(own.flow == flow and own.ttl in (near, far) for own in self._sent.flying):
                for _ in range(pairs):
                    wave.ask(flow, near)
                    wave.ask(flow, far)

    def _ask_hops(self, search: Search) -> list[HopPair]:
        """Ask what open vertices lack; start again at the first hop if MDA-Lite's law fails.

        Returns every pair of hops that was met.
        """
        met: list[HopPair] = []
        is_lite = self._walked.is_lite
        self._walked = self._walk(search, met, is_lite=is_lite)
        while self._walked.is_lite != is_lite:
            is_lite = self._walked.is_lite
            self._walked = self._walk(search, met, is_lite=is_lite)
        return met

    def _walk(self, search: Search, met: list[HopPair], *, is_lite: bool) -> _Walked:
        """Ask what open vertices lack by one law, hop by hop, while that law holds.

        Adds every pair of hops that it meets to `met`.
        """
        branching = 0
        silent_since_s: dict[int, float] = {}
        silent_ends: set[int] = set()
        for step in self._walk_on.steps():
            hops = step.hops
            met.append(hops)
            since_s = self._table.silent_since_s(hops.ttl, hops.far)
            if since_s is not None:
                silent_since_s[hops.ttl] = since_s
                if self._table.is_silent_end(hops.ttl, hops.far):
                    silent_ends.add(hops.ttl)
            branching += hops.has_several_far if is_lite else len(hops.branching())
            basis = step.state, search.branching, is_lite
            decides = step.state is not None and not search.wave.asks_around(hops.ttl)
            if decides and basis == self._in_vain.get(hops.ttl):
                continue
            asked = len(search.wave.requests)
            if hops.ttl in self._table.end_ttls:
                self._ask_ends(hops, search.wave)
            if step.abandoned:
                self._ask_behind_gaps(step, search.wave)
            _ask_proofs(step, search.wave)
            if not is_lite:
                _ask_full(step, search)
            elif not lite.ask(hops.without(step.abandoned), search):
                return _Walked(branching, silent_since_s, silent_ends, is_lite=False)
            if decides and len(search.wave.requests) == asked:
                self._in_vain[hops.ttl] = basis
        return _Walked(branching, silent_since_s, silent_ends, is_lite)

    def _ask_ends(self, hops: HopPair, wave: Wave) -> None:
        """Ask, one TTL before, the flows that end at this hop or possibly before it."""
        for flow in hops.unplaced:
            if flow and self._table.ended.get(flow) == hops.ttl:
                wave.ask_first(flow, hops.ttl - 1)

    def _ask_behind_gaps(self, step: Step, wave: Wave) -> None:
        """Ask some flows of a branch that is silent for too long, up to where others are answered.

        If any is answered there, the branch is not given up.
        """
        silent = [vertex for vertex in step.abandoned if vertex.address is None]
        if not silent or self._table.is_crowded(step.hops.ttl):
            return
        ttls = range(step.hops.ttl, self._table.last_answer() + 1)
        for vertex in silent:
            for flow in sorted(step.hops.near[vertex].flows)[:_BEHIND_GAP]:
                for ttl in ttls:
                    wave.ask_first(flow, ttl)

    def _ask_again(self, hops: HopPair, search: Search) -> None:
        """Ask flows again whose vertex changed, and one flow for each branching vertex."""
        if self._table.hop(hops.ttl).met_several:
            self._retries.until_steady(hops.ttl, search.wave)
        for samples in hops.branching():
            self._retries.one_flow(hops.ttl, samples, search.points, search.wave)


class _Walked(NamedTuple):
    """What a walk found: balancers, silences (see Procedure), and the law that holds now.

    `branching` sets the stopping points of the next wave.
    """

    branching: int
    silent_since_s: dict[int, float]
    silent_ends: set[int]
    is_lite: bool


def _ask_full(step: Step, search: Search) -> None:
    """Ask by the law of shared draws where it holds, and for each vertex's own flows elsewhere."""
    hops = step.hops.without(step.abandoned)
    target = hops.shared_target(search.bound, search.branching)
    if target is not None:
        shared_draws.ask(hops, target, search)
    else:
        own_flows.ask(hops, step, search)


def _ask_proofs(step: Step, wave: Wave) -> None:
    """Ask, at the nearer hop, a flow of each successor that no flow joins to its predecessor."""
    if len(step.hops.predecessors) == len(step.located_before):
        return
    for samples in step.hops.branching():
        for flow in samples.unproven(step.located_before):
            wave.ask_first(flow, step.hops.ttl - 1)
