"""What was answered where: for each TTL, the vertex that each flow met.

The table is a pure function of the set of outcomes: their order does not matter, and a late
answer undoes the loss before it. It does not decide what to ask; `full` does.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from mda.limits import Answering, RateLimit, rate_limit
from mda.model import Loss, Outcome, Reply, Vertex

if TYPE_CHECKING:
    from collections.abc import Iterable

# A silence beside answering siblings is taken for a vertex of its own only where plain loss
# would explain it with less than this probability.
_STAR_BY_LOSS: Final = 0.05
_MANY_ANSWERS: Final = 12
# Equal answers in a row after which a flow that changed its vertex once has done so for good: a
# balancer of packets over two would do that with a chance of 2^-6.
STEADY: Final = 7
_ROUNDS: Final = 3  # times that a path meets one interface before it is held to go in circles

_SILENT_BY_LOSS: Final = 0.001  # chance for loss to make a flow silent
_MOST_TRIES: Final = 4  # times as many as `attempts`
_LOOK_AGAIN: Final = 1.25

FlowsAt = dict[int, Vertex]


class Hop:
    """The outcomes at one TTL, by flow."""

    __slots__ = (
        "answers",
        "attempt",
        "common_limit",
        "history",
        "known_limits",
        "last_met_s",
        "looked_at",
        "losses",
        "lost_at",
        "lost_of",
        "others",
        "vertices",
    )

    def __init__(self) -> None:
        self.vertices: dict[int, Vertex] = {}  # by the number of the address
        self.answers: FlowsAt = {}  # the answer to the earliest attempt
        self.attempt: dict[int, int] = {}  # ... and which attempt that was
        self.others: dict[int, set[Vertex]] = {}  # where one flow met more than one vertex: all
        self.history: dict[int, list[tuple[float, int, Vertex]]] = {}  # sent at, attempt, vertex
        self.last_met_s: dict[Vertex, float] = {}  # when the last probe that met it was sent
        self.losses: dict[int, int] = {}
        self.lost_at: list[tuple[float, int, int]] = []  # sent at, flow, attempt
        self.lost_of: Counter[Vertex] = Counter()  # losses of flows that met it another time
        self.looked_at = 0  # after how many outcomes limits were looked for
        self.known_limits: dict[Vertex, RateLimit] = {}
        self.common_limit: RateLimit | None = None

    def add_answer(self, reply: Reply, vertex: Vertex) -> None:
        """Record that a probe met `vertex`."""
        flow, _, attempt = reply.request
        sent_at_s = reply.sent_at_s
        self.history.setdefault(flow, []).append((sent_at_s, attempt, vertex))
        if sent_at_s >= self.last_met_s.get(vertex, sent_at_s):
            self.last_met_s[vertex] = sent_at_s
        known = self.answers.get(flow)
        if known is None:
            self.answers[flow] = vertex
            self.attempt[flow] = attempt
            if flow in self.losses:
                self.lost_of[vertex] += self.losses[flow]
            return
        if known != vertex:
            self.others.setdefault(flow, {known}).add(vertex)
        if attempt < self.attempt[flow]:
            self.answers[flow] = vertex
            self.attempt[flow] = attempt

    def loss_rate(self) -> float:
        """The share of probes that get lost, at the vertex here that loses the most.

        Of flows that do get answers, another time; half a loss and half an answer are added.
        """
        flows = Counter(self.answers.values())
        losing = ((lost, flows[vertex]) for vertex, lost in self.lost_of.items())
        rates = [(lost + 0.5) / (lost + answered + 1) for lost, answered in losing]
        return max(rates, default=0.5 / (len(self.answers) + 1))

    def repeats(self, flow: int) -> int:
        """Answers to a flow beyond its first."""
        return len(self.history.get(flow, (None,))) - 1

    def trials(self, vertex: Vertex | None) -> list[tuple[float, bool]]:
        """When probes that met `vertex`, or must have, were sent, and whether they were answered.

        A probe that was lost met the vertex that its flow met another time, or else the only one.
        With None, the probes of the whole hop.
        """
        takes_all = vertex is None or len(self.vertices) == 1
        met = {
            (flow, attempt): sent_at_s
            for flow, history in self.history.items()
            for sent_at_s, attempt, one in history
            if one == vertex or vertex is None
        }
        lost = {
            (flow, attempt): sent_at_s
            for sent_at_s, flow, attempt in self.lost_at
            if takes_all or self.answers.get(flow) == vertex
        }
        # What left at the same moment left in this order.
        sent = sorted((at_s, attempt, flow) for (flow, attempt), at_s in (lost | met).items())
        return [(at_s, (flow, attempt) in met) for at_s, attempt, flow in sent]

    def limits(self) -> dict[Vertex, RateLimit]:
        """The vertices that answer at a limited rate."""
        if self.lost_at:
            now = len(self.lost_at) + sum(map(len, self.history.values()))
            # One more changes little where there were many: not every one is worth another look.
            if now > self.looked_at * _LOOK_AGAIN:
                self.looked_at = now
                self._find_limits()
        return self.known_limits

    def _find_limits(self) -> None:
        losing = [vertex for vertex in self.vertices.values() if vertex in self.lost_of]
        if len(self.vertices) == 1:
            losing = list(self.vertices.values())
        found = {vertex: rate_limit(self.trials(vertex)) for vertex in losing}
        self.known_limits = {vertex: limit for vertex, limit in found.items() if limit is not None}
        self.common_limit = None
        if len(losing) > len(self.known_limits):
            # A router that answers from several interfaces has one limit for all of them.
            self.common_limit = rate_limit(self.trials(None))
            if self.common_limit is not None:
                self.known_limits = dict.fromkeys(losing, self.common_limit)

    def answering(self, vertex: Vertex) -> Answering:
        """How `vertex` answers."""
        trials = self.trials(vertex)
        lost = sum(not answered for _, answered in trials)
        return Answering(len(trials), lost, self.limits().get(vertex))

    def rate_pps(self) -> float | None:
        """The probes a second that limited vertices here answer, as flows spread over all."""
        limits = self.limits()
        if not limits:
            return None
        if self.common_limit is not None:
            return self.common_limit.rate_pps
        flows = Counter(self.answers.values())
        return min(
            limit.rate_pps * len(self.answers) / max(flows[vertex], 1)
            for vertex, limit in limits.items()
        )

    def steadiness(self, flow: int) -> tuple[int, int]:
        """How often the answers to `flow` changed in the order of sending, and since how many."""
        vertices = [vertex for _, _, vertex in sorted(self.history[flow], key=lambda one: one[:2])]
        changes = [place for place, (a, b) in enumerate(pairwise(vertices), start=1) if a != b]
        return len(changes), len(vertices) - (changes[-1] if changes else 0)

    def left_behind(self) -> set[Vertex]:
        """The vertices from which routes turned away for good."""
        if not self.others:
            return set()
        turned = [flow for flow in self.others if self.has_turned(flow)]
        return {min(self.history[flow], key=lambda one: one[:2])[2] for flow in turned}

    def has_turned(self, flow: int) -> bool:
        """Whether `flow` met one vertex and then, for good, another: its route changed."""
        changes, run = self.steadiness(flow)
        return changes == 1 and run >= STEADY


class FlowTable:
    """All outcomes of one measurement, by TTL and flow.

    `attempts` is how often a question is asked before silence counts as an answer.
    """

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts
        self.hops: dict[int, Hop] = {}
        self.ended: dict[int, int] = {}  # flow -> the TTL at which its path ends, or goes round
        self.end_ttls: set[int] = set()  # where some flow's path ends
        self.looped: set[int] = set()  # the flows that go round
        self._met_at: dict[tuple[int, int], tuple[int, ...]] = {}

    def hop(self, ttl: int) -> Hop:
        """The outcomes at `ttl`, empty at first."""
        hop = self.hops.get(ttl)
        if hop is None:
            hop = self.hops[ttl] = Hop()
        return hop

    def add(self, outcome: Outcome) -> None:
        """Record one outcome."""
        flow, ttl, _ = outcome.request
        hop = self.hop(ttl)
        if isinstance(outcome, Loss):
            hop.losses[flow] = hop.losses.get(flow, 0) + 1
            if flow in hop.answers:
                hop.lost_of[hop.answers[flow]] += 1
            hop.lost_at.append((outcome.sent_at_s, flow, outcome.request.attempt))
            return
        number = int(outcome.responder)
        vertex = hop.vertices.get(number)
        if vertex is None:
            vertex = hop.vertices[number] = Vertex(ttl, outcome.responder)
        hop.add_answer(outcome, vertex)
        end: int | None = ttl
        if not outcome.ends_path:
            end = self._goes_round_at(flow, number, ttl)
            if end is not None:
                self.looped.add(flow)
        if end is not None and end < self.ended.get(flow, end + 1):
            self.ended[flow] = end
            self.end_ttls.add(end)

    def _goes_round_at(self, flow: int, responder: int, ttl: int) -> int | None:
        """The TTL at which the path of `flow` meets an interface for the third time.

        Neighbouring TTLs count once: they are the work of routers that pass on what has expired,
        or of rewritten addresses.
        """
        key = flow, responder  # by the number of the address
        met_at = self._met_at.get(key, ())
        if ttl not in met_at:
            met_at = self._met_at[key] = (*met_at, ttl)
        if len(met_at) < _ROUNDS:
            return None
        rounds = [met for met in sorted(met_at) if met - 1 not in met_at]
        return rounds[_ROUNDS - 1] if len(rounds) >= _ROUNDS else None

    def tries(self, ttl: int) -> int:
        """How often a flow must be lost at `ttl` before its silence is believed.

        `attempts` times, and more where flows that do answer are lost now and then: as often as
        makes that an unlikely reason. Where answers are limited to a rate, losses say little. Once
        is enough where twice `attempts` probes got no answer at all, of whatever flow.
        """
        hop = self.hop(ttl)
        if not hop.answers:
            return 1 if len(hop.lost_at) >= 2 * self.attempts else self.attempts
        if hop.limits():
            return _MOST_TRIES * self.attempts
        if not hop.lost_of:
            return self.attempts
        needed = math.ceil(math.log(_SILENT_BY_LOSS) / math.log(hop.loss_rate()))
        return max(self.attempts, min(needed, _MOST_TRIES * self.attempts))

    def is_silent(self, flow: int, ttl: int) -> bool:
        """Whether `flow` was asked at `ttl` as often as it may be, and never answered."""
        hop = self.hop(ttl)
        return flow not in hop.answers and hop.losses.get(flow, 0) >= self.tries(ttl)

    def last_answer(self) -> int:
        """The highest TTL that answered at all; 0 if none did."""
        return max((ttl for ttl, hop in self.hops.items() if hop.answers), default=0)

    def through(self, ttl: int, before: FlowsAt) -> FlowsAt:
        """The vertex that each flow answered at `ttl` went through one TTL before, if known.

        Where `before` has one vertex only, and paths go on from it, flows that were never asked
        there went through it as well. If another turns up later, that is taken back.
        """
        only = only_vertex(before)
        if only is None:
            return before
        if only.ttl in self.end_ttls and any(self.ended.get(flow) == only.ttl for flow in before):
            return before
        hop, hop_before = self.hop(ttl), self.hop(ttl - 1)
        never_asked = {
            flow: only
            for flow in (*hop.answers, *hop.losses)
            if flow not in hop_before.answers
            and flow not in hop_before.losses
            and self.ended.get(flow, ttl) >= ttl
        }
        return before | never_asked if never_asked else before

    def located_next(self, ttl: int, through: FlowsAt) -> FlowsAt:
        """The vertex of each flow at `ttl`, silences included, given those one TTL before.

        Flows whose path has ended before `ttl` are left out, and so are those that end here or
        before but whose vertex before is not known: they may have ended there. Of the flows that
        stay silent, those with the same predecessor share one star, if loss does not explain
        them.
        """
        hop = self.hop(ttl)
        ended, past_end = self.ended, ttl + 1
        located = dict(hop.answers)
        if any(end < ttl for end in self.end_ttls):
            located = {flow: here for flow, here in located.items() if ended.get(flow, ttl) >= ttl}
        if not hop.losses:
            return located
        tries = self.tries(ttl)
        silent_by_predecessor: dict[Vertex, list[int]] = {}
        for flow, losses in hop.losses.items():
            if losses < tries or flow in hop.answers or ended.get(flow, past_end) <= ttl:
                continue
            predecessor = through.get(flow)
            if predecessor is not None:
                silent_by_predecessor.setdefault(predecessor, []).append(flow)
        if not silent_by_predecessor:
            return located
        answers_after = Counter(through.get(flow) for flow in located)
        by_loss = len(hop.losses.keys() | located) * hop.loss_rate() ** tries
        stars = 0
        for predecessor in sorted(silent_by_predecessor, key=lambda vertex: vertex.sort_key):
            flows = silent_by_predecessor[predecessor]
            answers = answers_after[predecessor]
            is_loss = by_loss ** len(flows) >= _STAR_BY_LOSS
            # A branch that is really there would have taken more than one flow of so many.
            is_lone = len(flows) == 1 and answers >= _MANY_ANSWERS
            if answers and (is_loss or is_lone):
                continue
            star = Vertex(ttl, None, stars)
            stars += 1
            for flow in flows:
                located[flow] = star
        return located


def tabulate(outcomes: Iterable[Outcome], attempts: int) -> FlowTable:
    """The table of `outcomes`."""
    table = FlowTable(attempts)
    for outcome in outcomes:
        table.add(outcome)
    return table


def only_vertex(hop: FlowsAt) -> Vertex | None:
    """The vertex that every located flow met, if there is just one."""
    vertices = iter(hop.values())
    first = next(vertices, None)
    for vertex in vertices:
        if vertex is not first and vertex != first:
            return None
    return first
