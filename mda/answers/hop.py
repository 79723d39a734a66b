"""The outcomes at one TTL, by flow: what was answered, lost, and answered differently."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from mda.answers.rate_limits import Answering, RateLimit, rate_limit

if TYPE_CHECKING:
    from collections.abc import Collection

    from mda.model import Loss, Reply, Vertex

# Equal answers in a row after which a flow that changed its vertex once has done so for good: a
# balancer of packets over two would do that with a chance of 2^-6.
STEADY: Final = 7
_LOOK_AGAIN: Final = 1.25


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
        "met_several",
        "vertices",
    )

    def __init__(self) -> None:
        self.vertices: dict[int, Vertex] = {}  # by the number of the address
        self.answers: dict[int, Vertex] = {}  # the answer to the earliest attempt
        self.attempt: dict[int, int] = {}  # ... and which attempt that was
        self.met_several: dict[int, set[Vertex]] = {}  # every vertex met by a flow that met several
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
            self.met_several.setdefault(flow, {known}).add(vertex)
        if attempt < self.attempt[flow]:
            self.answers[flow] = vertex
            self.attempt[flow] = attempt

    def add_loss(self, loss: Loss) -> None:
        """Record that a probe was lost."""
        flow, _, attempt = loss.request
        self.losses[flow] = self.losses.get(flow, 0) + 1
        if flow in self.answers:
            self.lost_of[self.answers[flow]] += 1
        self.lost_at.append((loss.sent_at_s, flow, attempt))

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

    def silent_since_s(self, flows: Collection[int]) -> float:
        """When the first of the probes of these flows that were lost was sent."""
        return min(sent_at_s for sent_at_s, flow, _ in self.lost_at if flow in flows)

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
        if len(losing) > max(len(self.known_limits), 1):
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
        if not self.met_several:
            return set()
        turned = [flow for flow in self.met_several if self.has_turned(flow)]
        return {min(self.history[flow], key=lambda one: one[:2])[2] for flow in turned}

    def has_turned(self, flow: int) -> bool:
        """Whether `flow` met one vertex and then, for good, another: its route changed."""
        changes, run = self.steadiness(flow)
        return changes == 1 and run >= STEADY
