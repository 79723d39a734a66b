"""The Multipath Detection Algorithm with node control, in waves over all hops at once.

Theory of operation. A flow number is the same flow at every TTL, so the answers to one flow are
a path, and every pair of neighbouring answers is a sample of an edge. A vertex v at TTL t - 1 is

    OPEN       fewer flows through v are answered at t than its stopping point asks for,
    CLOSED     enough are: with k successors seen, stop_at(k) answered flows went through v.

`wanted` derives, for every open vertex, what is missing and asks for it in this order:

    1. flow 0, the scout, at a dozen TTLs and at the last one: the destination's answer to that
       quotes the TTL it arrived with, which tells how far it is;
    2. the first stop_at(1) flows at every TTL up to the path's end: each vertex needs as many;
    3. flows known to go through v, at t (these count for certain);
    4. new flows at t - 1 that are likely to go through v (node control), as many as the deficit
       needs in expectation, once nothing is in flight there that could fill it;
    5. for each branching vertex, one flow again: if its answer changes, packets are balanced,
       not flows;
    6. whatever was lost, again, up to `attempts` times.

Only answered probes count. A silence counts as a successor where loss does not explain it (see
`table`). Asking in batches up to the next stopping point stops at the same counts as asking one
at a time, so the failure probability is the same (Veitch et al., INFOCOM 2009).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from mda.model import ProbeRequest, Reply, Vertex
from mda.steering import flows_towards, likely_width
from mda.table import FlowsAt, FlowTable, only_vertex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import IPAddress, Outcome
    from mda.stopping import Bound, StoppingPoints

_SCOUT_WINDOW: Final = 12  # TTLs that the scout asks at a time; a longer path costs another round
_NEVER: Final = 1 << 30
# Flows sent to one hop, as a multiple of what its vertices need, before those that they do not
# reach are given up (they were met through a packet balancer or an old route).
_PATIENCE: Final = 8
_PROOF_FLOWS: Final = 12  # all through one vertex: another has a chance of 2^-11 to stay unseen
# How much of what is expected to be needed is asked for, where waste is likely; with less there are
# more rounds, with more there are more probes (measured on 16- and 48-wide and meshed diamonds).
_CAUTION: Final = 0.7
_NEARLY_ALL: Final = 0.9
_PRIOR: Final = 3.0  # flows that each vertex is credited with before its share is estimated


@dataclass(slots=True)
class _Samples:
    """The flows through one vertex, and what became of them one TTL on."""

    flows: list[int] = field(default_factory=list)
    unasked: list[int] = field(default_factory=list)
    answered: int = 0
    awaited: int = 0
    successors: dict[Vertex, list[int]] = field(default_factory=dict)


class _Wave:
    """The requests of one call of `wanted`, over what was requested before."""

    def __init__(self, sent: dict[int, dict[int, int]]) -> None:
        self._sent = sent
        self._fresh: dict[tuple[int, int], int] = {}
        self.requests: list[ProbeRequest] = []

    def is_asked(self, flow: int, ttl: int) -> bool:
        return flow in self._sent.get(ttl, ()) or (flow, ttl) in self._fresh

    def ask(self, flow: int, ttl: int) -> None:
        """Ask once more, whatever was asked before."""
        fresh = self._fresh.get((flow, ttl), 0)
        self._fresh[flow, ttl] = fresh + 1
        attempt = self._sent.get(ttl, {}).get(flow, 0) + fresh
        self.requests.append(ProbeRequest(flow, ttl, attempt))

    def ask_first(self, flow: int, ttl: int) -> None:
        """Ask if it was never asked."""
        if not self.is_asked(flow, ttl):
            self.ask(flow, ttl)


class Full:
    """The MDA of Augustin et al. (E2EMON 2007); see the module's theory of operation.

    `flows` is how many flow numbers exist, `gap_limit` how many silent hops in a row are searched
    for something behind them, `attempts` how often a probe is sent before its silence is believed.
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
    ) -> None:
        self._origin = Vertex(first_ttl - 1, source)
        self._bound = bound
        self._first_ttl = first_ttl
        self._max_ttl = max_ttl
        self._gap_limit = gap_limit
        self._capacity = flows
        self._table = FlowTable(attempts)
        self._sent: dict[int, dict[int, int]] = {}  # TTL -> flow -> requests returned
        self._flying: set[ProbeRequest] = set()
        self._flying_at: dict[int, int] = {}
        self._answered_to: dict[int, int] = {}  # flow -> its highest TTL with an answer
        self._scouted_to = 0
        self._distance_hint = 0
        self._far_outcomes: list[Outcome] = []
        self._branching = 0
        self._idle = False

    @property
    def finished(self) -> bool:
        """See Procedure; probes whose answer cannot matter any more are not waited for."""
        return self._idle and not any(map(self._is_awaited, self._flying))

    def _is_awaited(self, request: ProbeRequest) -> bool:
        is_beyond = request.ttl > self._table.ended.get(request.flow, request.ttl)
        return not (
            is_beyond
            or self._is_far_probe(request)
            or self._table.is_silent(request.flow, request.ttl)
        )

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        request = outcome.request
        if request in self._flying:
            self._flying.remove(request)
            self._flying_at[request.ttl] -= 1
        self._idle = False
        if self._is_far_probe(request):
            self._far_outcomes.append(outcome)
            if isinstance(outcome, Reply) and outcome.ends_path and outcome.quoted_ttl:
                # The end quotes the TTL that was left, which tells how far it is.
                self._distance_hint = request.ttl - outcome.quoted_ttl + 1
        else:
            self._record(outcome)

    def _record(self, outcome: Outcome) -> None:
        request = outcome.request
        self._table.add(outcome)
        if request.flow in self._table.hop(request.ttl).answers:
            highest = self._answered_to.get(request.flow, 0)
            self._answered_to[request.flow] = max(highest, request.ttl)

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        if room < 1:
            return []
        wave = _Wave(self._sent)
        points = self._bound.points(self._branching)
        self._ask_scout(wave)
        self._ask_first_flows(points.stop_at(1), wave)
        self._ask_for_vertices(points, wave)
        self._ask_lost_again(wave)
        requests = sorted(wave.requests, key=lambda one: (one.attempt, one.flow, one.ttl))[:room]
        for request in requests:
            sent = self._sent.setdefault(request.ttl, {})
            sent[request.flow] = sent.get(request.flow, 0) + 1
            self._flying_at[request.ttl] = self._flying_at.get(request.ttl, 0) + 1
        self._flying.update(requests)
        self._idle = not requests
        return requests

    def _ask_scout(self, wave: _Wave) -> None:
        """Flow 0 at the first TTLs and at the last, and then as far as the path seems to go."""
        last = min(self._first_ttl - 1 + _SCOUT_WINDOW, self._max_ttl)
        last = max(last, self._scouted_to, min(self._distance_hint, self._max_ttl))
        if self._answered_to.get(0, 0) > last - self._gap_limit and 0 not in self._table.ended:
            last = min(last + _SCOUT_WINDOW, self._max_ttl)
        self._scouted_to = last
        while self._far_outcomes and last >= self._max_ttl:
            self._record(self._far_outcomes.pop())  # the path is that long: no hint, but a hop
        for ttl in range(self._first_ttl, min(last, self._table.ended.get(0, last)) + 1):
            wave.ask_first(0, ttl)
        wave.ask_first(0, self._max_ttl)

    def _is_far_probe(self, request: ProbeRequest) -> bool:
        """Whether it is the scout's probe to the last TTL, beyond the path for all we know."""
        return request.flow == 0 and request.ttl > self._scouted_to

    def _ask_first_flows(self, count: int, wave: _Wave) -> None:
        """The flows that every vertex needs, as far as the path is known to go."""
        ended = self._table.ended
        reach = ended.get(0, self._answered_to.get(0, 0))
        for ttl in range(self._first_ttl, reach + 1):
            for flow in range(1, count):
                if ended.get(flow, ttl) >= ttl:
                    wave.ask_first(flow, ttl)

    def _ask_lost_again(self, wave: _Wave) -> None:
        """Every question whose last asking was lost, unless it has become pointless."""
        table = self._table
        for ttl, hop in table.hops.items():
            tries = table.tries(ttl) if hop.losses else 0
            for flow, losses in hop.losses.items():
                if (
                    losses < tries
                    and flow not in hop.answers
                    and self._sent[ttl][flow] <= losses
                    and table.ended.get(flow, ttl) >= ttl
                ):
                    wave.ask(flow, ttl)

    def _ask_for_vertices(self, points: StoppingPoints, wave: _Wave) -> None:
        """What each open vertex lacks: flows through it asked one TTL on, or new flows to it."""
        every_flow = {flow for sent in self._sent.values() for flow in sent}
        before: FlowsAt = dict.fromkeys(sorted(every_flow), self._origin)
        before_that: FlowsAt = {}
        gaps: dict[Vertex, int] = {}
        last_answer = self._table.last_answer()
        branching = 0
        for ttl in range(self._first_ttl, self._max_ttl + 1):
            only = only_vertex(before)
            through = self._table.through(ttl, before)
            here = self._table.located_next(ttl, through)
            self._find_ends(ttl, through, wave)
            missing: dict[Vertex, int] = {}
            most_needed = 0
            for vertex, samples in self._samples(ttl, through, here).items():
                for successor in samples.successors:
                    if successor.address is None:
                        gaps[successor] = gaps.get(vertex, 0) + 1
                if len(samples.successors) > 1:
                    branching += 1
                    self._ask_one_flow_again(ttl, samples, points, wave)
                    self._prove_edges(ttl, before, samples, wave)
                if gaps.get(vertex, 0) >= self._gap_limit and not self._goes_on(samples, ttl):
                    continue
                target = points.stop_at(max(len(samples.successors), 1))
                lacking = target - samples.answered - samples.awaited
                most_needed = max(most_needed, target)
                for flow in samples.unasked[: max(lacking, 0)]:
                    wave.ask_first(flow, ttl)
                if lacking > len(samples.unasked):
                    missing[vertex] = lacking - len(samples.unasked)
            if only in missing:
                # Every flow goes through the only vertex there is, so none needs steering.
                for flow in islice(self._unsent(ttl), missing[only]):
                    wave.ask_first(flow, ttl)
            elif missing and not self._flying_at.get(ttl - 1):
                patience = _PATIENCE * most_needed
                self._steer(ttl - 1, missing, before_that, before, patience, wave)
            if not here and ttl > last_answer:
                break
            before_that, before = before, here
        self._branching = branching

    def _find_ends(self, ttl: int, through: FlowsAt, wave: _Wave) -> None:
        """One TTL before, the flows that end at `ttl` or, for all we know, before it."""
        for flow in self._table.hop(ttl).answers:
            if flow and self._table.ended.get(flow) == ttl and flow not in through:
                wave.ask_first(flow, ttl - 1)

    def _prove_edges(self, ttl: int, before: FlowsAt, samples: _Samples, wave: _Wave) -> None:
        """Flows to the hop before of successors that no flow joins to their predecessor.

        One each, until so many flows met the only vertex there that another is out of question.
        """
        unproven = [
            min(flows)
            for successor, flows in samples.successors.items()
            if successor.address is not None and not any(flow in before for flow in flows)
        ]
        for flow in sorted(unproven)[: max(0, _PROOF_FLOWS - len(before))]:
            wave.ask_first(flow, ttl - 1)

    def _samples(self, ttl: int, through: FlowsAt, here: FlowsAt) -> dict[Vertex, _Samples]:
        """For each vertex at `ttl` - 1 that flows go on from, its flows and their successors."""
        ended, hop = self._table.ended, self._table.hop(ttl)
        sent, tries = self._sent.get(ttl, {}), self._table.tries(ttl)
        by_vertex: dict[Vertex, _Samples] = {}
        for flow, vertex in through.items():
            if ended.get(flow, _NEVER) < ttl:
                continue
            samples = by_vertex.get(vertex)
            if samples is None:
                samples = by_vertex[vertex] = _Samples()
            samples.flows.append(flow)
            successor = here.get(flow)
            if successor is not None:
                samples.answered += 1
                samples.successors.setdefault(successor, []).append(flow)
            elif flow not in sent:
                samples.unasked.append(flow)
            elif hop.losses.get(flow, 0) < tries:
                samples.awaited += 1
        for samples in by_vertex.values():
            samples.unasked.sort()
        return by_vertex

    def _goes_on(self, samples: _Samples, ttl: int) -> bool:
        """Whether any flow through the vertex before `ttl` was answered at `ttl` or beyond."""
        return any(self._answered_to.get(flow, 0) >= ttl for flow in samples.flows)

    def _ask_one_flow_again(
        self, ttl: int, samples: _Samples, points: StoppingPoints, wave: _Wave
    ) -> None:
        """Packets of one flow, as many as leave a packet balancer unnoticed with small chance."""
        hop = self._table.hop(ttl)
        sent = self._sent[ttl]
        answering = [flow for flow in samples.flows if flow in hop.answers]
        if not answering or any(flow in hop.others for flow in answering):
            return
        width = likely_width(len(samples.successors), samples.answered)
        enough = math.ceil(-math.log(points.failure_probability, width))
        done = sum(sent[flow] - 1 - hop.losses.get(flow, 0) for flow in answering)
        flow = min(answering)
        most = enough + self._table.attempts - sent[flow]
        for _ in range(min(enough - done, most)):
            wave.ask(flow, ttl)

    def _steer(
        self,
        ttl: int,
        missing: dict[Vertex, int],
        before: FlowsAt,
        here: FlowsAt,
        patience: int,
        wave: _Wave,
    ) -> None:
        """New flows at `ttl` for the vertices there that are `missing` some.

        At most `patience` flows a vertex are ever sent there.
        """
        counts = dict.fromkeys(missing, 0)
        onward: dict[Vertex, dict[Vertex, float]] = {}
        for flow, vertex in here.items():
            counts[vertex] = counts.get(vertex, 0) + 1
            if flow in before:
                after = onward.setdefault(before[flow], {})
                after[vertex] = after.get(vertex, 0) + 1
        # Small counts say little: each vertex starts as equally likely as the others.
        weights = {vertex: count + _PRIOR for vertex, count in counts.items()}
        mean = sum(weights.values()) / len(weights)
        needs: dict[Vertex, float] = dict(missing)
        for unseen in range(likely_width(len(counts), len(here)) - len(counts)):
            # One that is likely to turn up will need flows as well.
            newcomer = Vertex(ttl, None, -1 - unseen)
            weights[newcomer], needs[newcomer] = mean, max(missing.values())
        total = sum(weights.values())
        share = {vertex: weight / total for vertex, weight in weights.items()}
        for after in onward.values():
            total = sum(after.values()) + _PRIOR * len(after)
            for vertex in after:
                after[vertex] = (after[vertex] + _PRIOR) / total
        are_all_needy = sum(share[vertex] for vertex in needs) > _NEARLY_ALL
        if not are_all_needy:
            # Most flows will miss the few that lack some: rather ask again than too many.
            needs = {vertex: max(1.0, _CAUTION * need) for vertex, need in needs.items()}
        most = patience * len(counts) - len(here)
        candidates = ((flow, before.get(flow)) for flow in self._unsent(ttl))
        flows = flows_towards(needs, share, onward, candidates, most)
        for flow in flows:
            wave.ask_first(flow, ttl)
        if are_all_needy:
            # Whatever vertex these flows meet needs them, so they need not wait for the answer.
            for flow in flows[: int(_CAUTION * sum(missing.values()))]:
                wave.ask_first(flow, ttl + 1)

    def _unsent(self, ttl: int) -> Iterator[int]:
        """Flow numbers not yet sent to `ttl` whose path goes that far, ascending."""
        sent = self._sent.get(ttl, {})
        return (
            flow
            for flow in range(self._capacity)
            if flow not in sent and self._table.ended.get(flow, ttl) >= ttl
        )
