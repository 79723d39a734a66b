"""The outcomes at one TTL, by flow: replies, losses, and flows that met several vertices."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from mda.answers.rate_limits import Answering, RateLimit, rate_limit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mda.model import Loss, Reply, Vertex

# Equal replies in a row after which a flow that changed its vertex once counts as moved
# permanently: a per-packet balancer over two vertices gives as many with probability 2^-6.
STEADY: Final = 7
_LOOK_AGAIN: Final = 1.25  # growth in outcomes after which rate limits are searched for again


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
        self.lost_of: Counter[Vertex] = Counter()  # losses of flows that met it at another time
        self.looked_at = 0  # number of outcomes when limits were last looked for
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
        """The share of probes that are lost, at the vertex of this hop that loses the most.

        Only flows that are answered at another time count. Half a loss and half an answer are
        added, so that the share is never 0 or 1.
        """
        flows = Counter(self.answers.values())
        losing = ((lost, flows[vertex]) for vertex, lost in self.lost_of.items())
        rates = [(lost + 0.5) / (lost + answered + 1) for lost, answered in losing]
        return max(rates, default=0.5 / (len(self.answers) + 1))

    def repeats(self, flow: int) -> int:
        """The number of replies to a flow beyond its first."""
        return len(self.history.get(flow, (None,))) - 1

    def trials(self, vertex: Vertex | None) -> list[tuple[float, bool]]:
        """Send times of the probes that met `vertex`, in seconds, and whether each was answered.

        A lost probe is taken to have met the vertex that its flow met at another time, or else the
        hop's only vertex. With None, the probes of the whole hop.
        """
        takes_all = vertex is None or len(self.vertices) == 1
        met = {
            (flow, attempt): sent_at_s
            for flow, history in self.history.items()
            for sent_at_s, attempt, met_vertex in history
            if vertex is None or met_vertex == vertex
        }
        lost = {
            (flow, attempt): sent_at_s
            for sent_at_s, flow, attempt in self.lost_at
            if takes_all or self.answers.get(flow) == vertex
        }
        # Probes with the same send time left in the order of their attempts and flows.
        sent = sorted((at_s, attempt, flow) for (flow, attempt), at_s in (lost | met).items())
        return [(at_s, (flow, attempt) in met) for at_s, attempt, flow in sent]

    def silent_since_s(self, flows: Collection[int]) -> float:
        """Send time of the first lost probe of these flows, in seconds.

        Raises ValueError if none was lost.
        """
        return min(sent_at_s for sent_at_s, flow, _ in self.lost_at if flow in flows)

    def limits(self) -> dict[Vertex, RateLimit]:
        """The vertices that answer at a limited rate."""
        if self.lost_at:
            now = len(self.lost_at) + sum(map(len, self.history.values()))
            # The search takes time, and a few more outcomes change little where there are many.
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

    def answering(self, vertex: Vertex, here: Mapping[int, Vertex]) -> Answering:
        """The losses and the rate limit of `vertex`; `here` has the vertex of each flow.

        A lost probe counts where its flow is known to meet this vertex, or where nothing else is
        met at this TTL: those of a silent neighbour are not its losses.
        """
        answered = {
            (flow, attempt)
            for flow, history in self.history.items()
            for _, attempt, met in history
            if met == vertex
        }
        otherwise = vertex if set(here.values()) <= {vertex} else None
        lost = {
            (flow, attempt)
            for _, flow, attempt in self.lost_at
            if here.get(flow, otherwise) == vertex
        } - answered
        return Answering(len(answered) + len(lost), len(lost), self.limits().get(vertex))

    def rate_pps(self) -> float | None:
        """The probes per second that limited vertices answer, given how flows spread over the hop.

        None where no vertex has a limit.
        """
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
        """How often the vertex of `flow` changed, by order of sending, and the replies since."""
        history = sorted(self.history[flow], key=_in_order_of_sending)
        vertices = [vertex for _, _, vertex in history]
        changes = [place for place, (a, b) in enumerate(pairwise(vertices), start=1) if a != b]
        return len(changes), len(vertices) - (changes[-1] if changes else 0)

    def left_behind(self) -> set[Vertex]:
        """The vertices that flows have left permanently, because their route changed."""
        if not self.met_several:
            return set()
        turned = [flow for flow in self.met_several if self.has_turned(flow)]
        return {min(self.history[flow], key=_in_order_of_sending)[2] for flow in turned}

    def has_turned(self, flow: int) -> bool:
        """Whether the route of `flow` changed: it met one vertex, then permanently another."""
        changes, run = self.steadiness(flow)
        return changes == 1 and run >= STEADY


def _in_order_of_sending(answer: tuple[float, int, Vertex]) -> tuple[float, int]:
    """The moment and the attempt of an entry of `Hop.history`."""
    sent_at_s, attempt, _ = answer
    return sent_at_s, attempt
