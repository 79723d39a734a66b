"""The outcomes at one TTL, by flow: replies, losses, and flows that met several vertices."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from mda.answers.rate_limits import (
    USUAL_PPS,
    Answering,
    RateLimit,
    is_worth_naming,
    limit_range,
    looks_limited,
    rate_limit,
)
from mda.model import Vertex

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mda.model import Loss, Reply

# Equal replies in a row after which a flow that changed its vertex once counts as moved
# permanently: a per-packet balancer over two vertices gives as many with probability 2^-6.
STEADY: Final = 7
_FURTHER: Final = 1 << 32  # above the attempts of probes to the hop's own TTL
_SEVERAL: Final = 3  # losses of a flow after which it may be silent
_BLIND_PPS: Final = 2.0  # half a second of losses shows that a rate is as low as the usual one
_LOOK_AGAIN: Final = 1.25  # growth in outcomes after which rate limits are searched for again


class Hop:
    """The outcomes at one TTL, by flow."""

    __slots__ = (
        "answers",
        "attempt",
        "before",
        "common_limit",
        "history",
        "known_limits",
        "last_met_s",
        "looked_at",
        "losses",
        "lost_at",
        "lost_of",
        "met_several",
        "suspected_at",
        "suspects",
        "vertices",
    )

    def __init__(self, before: Hop | None) -> None:
        self.before = before  # the outcomes one TTL before
        self.vertices: dict[tuple[int, str], Vertex] = {}  # by address and `Reply.distinction`
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
        self.suspected_at = 0  # number of outcomes when `suspects` was found
        self.suspects = 0  # vertices that may have the usual limit

    def vertex(self, ttl: int, reply: Reply) -> Vertex:
        """The vertex of a reply at this hop, whose TTL is `ttl`; the same object every time."""
        key = int(reply.responder), reply.distinction
        vertex = self.vertices.get(key)
        if vertex is None:
            vertex = self.vertices[key] = Vertex.of(ttl, reply)
        return vertex

    def add_answer(self, reply: Reply, vertex: Vertex) -> None:
        """Record that a probe, to this TTL or to a further one, met `vertex`."""
        self.meet(reply.request.flow, _attempt(reply, vertex), reply.sent_at_s, vertex)

    def meet(self, flow: int, attempt: int, sent_at_s: float, vertex: Vertex) -> None:
        """Record that a probe to this TTL, sent at `sent_at_s` seconds, met `vertex`."""
        if sent_at_s >= self.last_met_s.get(vertex, sent_at_s):
            self.last_met_s[vertex] = sent_at_s
        known = self.answers.get(flow)
        if known is None:
            self.history[flow] = [(sent_at_s, attempt, vertex)]
            self.answers[flow] = vertex
            self.attempt[flow] = attempt
            if flow in self.losses:
                self.lost_of[vertex] += self.losses[flow]
            return
        self.history[flow].append((sent_at_s, attempt, vertex))
        if known is not vertex and known != vertex:
            self.met_several.setdefault(flow, {known}).add(vertex)
        if attempt < self.attempt[flow]:
            self.answers[flow] = vertex
            self.attempt[flow] = attempt

    def remove_answer(self, reply: Reply, vertex: Vertex) -> None:
        """Take back what `add_answer` recorded."""
        flow = reply.request.flow
        history = self.history.pop(flow)
        history.remove((reply.sent_at_s, _attempt(reply, vertex), vertex))
        self.lost_of[self.answers.pop(flow)] -= self.losses.get(flow, 0)
        del self.attempt[flow]
        self.met_several.pop(flow, None)
        for sent_at_s, attempt, met in history:
            self.meet(flow, attempt, sent_at_s, met)
        latest_s = [at_s for own in self.history.values() for at_s, _, met in own if met == vertex]
        if latest_s:
            self.last_met_s[vertex] = max(latest_s)
        else:
            del self.last_met_s[vertex], self.vertices[int(reply.responder), reply.distinction]

    def outcomes(self, flow: int) -> int:
        """How many probes of `flow` to this very TTL have been answered or lost."""
        replies = sum(attempt < _FURTHER for _, attempt, _ in self.history.get(flow, ()))
        return replies + self.losses.get(flow, 0)

    def add_loss(self, loss: Loss) -> None:
        """Record that a probe was lost."""
        flow, _, attempt = loss.request
        self.losses[flow] = self.losses.get(flow, 0) + 1
        if flow in self.answers:
            self.lost_of[self.answers[flow]] += 1
        self.lost_at.append((loss.sent_at_s, flow, attempt))

    def repeats(self, flow: int) -> int:
        """The number of replies to a flow beyond its first."""
        return len(self.history.get(flow, (None,))) - 1

    def trials(
        self, vertex: Vertex | None, *, of_answered: bool = False
    ) -> list[tuple[float, bool]]:
        """Send times of the probes that met `vertex`, in seconds, and whether each was answered.

        A lost probe is taken to have met the vertex that its flow met at another time, or else the
        hop's only vertex, if its flow can have come here. With None, the probes of the whole hop;
        with `of_answered` without those of flows that were never answered here.
        """
        takes_all = vertex is None or len(self.vertices) == 1
        can_come = self._who_can_come()
        met = {
            (flow, attempt): sent_at_s
            for flow, history in self.history.items()
            for sent_at_s, attempt, met_vertex in history
            if vertex is None or met_vertex == vertex
        }
        lost = {
            (flow, attempt): sent_at_s
            for sent_at_s, flow, attempt in self.lost_at
            if (self.answers.get(flow) == vertex or (takes_all and can_come(flow)))
            and (flow in self.answers or not of_answered)
        }
        # Probes with the same send time left in the order of their attempts and flows.
        sent = sorted((at_s, attempt, flow) for (flow, attempt), at_s in (lost | met).items())
        return [(at_s, (flow, attempt) in met) for at_s, attempt, flow in sent]

    def _who_can_come(self) -> Callable[[int], bool]:
        """Whether a flow was answered here, or comes by a vertex behind which flows were.

        Of flows not probed one TTL before, all that can come there are taken to come by that hop's
        only vertex: not those that a router nearer refused.
        """
        before = self.before
        if before is None or not before.answers:
            return lambda _: True
        leading = {before.answers.get(flow) for flow in self.answers}
        who_can_come_before = cache(before._who_can_come)

        def can_come(flow: int) -> bool:
            if flow in self.answers:
                return True
            if flow in before.answers:
                return before.answers[flow] in leading
            is_only = len(before.vertices) == 1 and flow not in before.losses
            return is_only and who_can_come_before()(flow)

        return can_come

    def silent_since_s(self, flows: Collection[int]) -> float:
        """Send time of the first lost probe of these flows, in seconds.

        Raises ValueError if none was lost.
        """
        return min(sent_at_s for sent_at_s, flow, _ in self.lost_at if flow in flows)

    def limits(self) -> dict[Vertex, RateLimit]:
        """The vertices that answer at a limited rate."""
        if self.lost_at:
            now = len(self.lost_at) + sum(map(len, self.history.values()))
            if self.before is not None:
                now += len(self.before.lost_at)  # these show whose losses are not of this hop
            # The search takes time, and a few more outcomes change little where there are many. But
            # a limit that is not there slows down the probes that would show it.
            if now > self.looked_at * (1 if self.known_limits else _LOOK_AGAIN):
                self.looked_at = now
                self._find_limits()
        return self.known_limits

    def _find_limits(self) -> None:
        losing = [vertex for vertex in self.vertices.values() if self.lost_of[vertex]]
        if len(self.vertices) == 1 and not losing:
            # A limit takes replies to all flows alike, but a silent branch those to its own: once
            # these have been lost several times, and no others, there is no limit.
            unmet = (lost for flow, lost in self.losses.items() if flow not in self.answers)
            if any(lost < _SEVERAL for lost in unmet):
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
        met at this TTL and its flow can have come here: those of a silent neighbour, or of a branch
        that drops packets, are not its losses.
        """
        answered = {
            (flow, attempt)
            for flow, history in self.history.items()
            for _, attempt, met in history
            if met == vertex
        }
        is_only, can_come = set(here.values()) <= {vertex}, self._who_can_come()
        lost = {
            (flow, attempt)
            for _, flow, attempt in self.lost_at
            if (here[flow] == vertex if flow in here else is_only and can_come(flow))
        } - answered
        limit = self.limits().get(vertex)
        trials = self.trials(vertex if self.common_limit is None else None)
        known = None
        # A silent neighbour's losses would prove a limit of all.
        sure = trials if self.common_limit is None else self.trials(None, of_answered=True)
        if limit is not None and is_worth_naming(sure, limit):
            known = limit_range(trials, limit)
            if self.common_limit is not None:
                # They may be one router with one limit, or several with a part of that rate each.
                lowest_pps = known.lowest_pps / len(self.known_limits)
                known = known._replace(lowest_pps=lowest_pps)
        return Answering(len(answered) + len(lost), len(lost), known, paced=limit is not None)

    def rate_pps(self) -> float | None:
        """The probes per second that limited vertices answer, given how flows spread over the hop.

        None where no vertex has a limit.
        """
        limits = self.limits()
        if not limits:
            return None
        if self.common_limit is not None:
            rate_pps = self.common_limit.rate_pps
        else:
            flows = Counter(self.answers.values())
            rate_pps = min(
                limit.rate_pps * len(self.answers) / max(flows[vertex], 1)
                for vertex, limit in limits.items()
            )
        # Losses alone say little about a rate: until a probe that was sent later is answered, it
        # takes few probes to find out.
        first_lost_s = min(at_s for at_s, _, _ in self.lost_at)
        has_refilled = max(self.last_met_s[vertex] for vertex in limits) > first_lost_s
        return rate_pps if has_refilled else min(rate_pps, _BLIND_PPS)

    def suspected_pps(self) -> float | None:
        """The rate at which to ask again, where the usual limit would explain every loss."""
        if not self.lost_at:
            return None
        now = len(self.lost_at) + sum(map(len, self.history.values()))
        if now != self.suspected_at:
            self.suspected_at = now
            self.suspects = self._find_suspects()
        return USUAL_PPS * self.suspects or None

    def _find_suspects(self) -> int:
        """The number of vertices that may have the usual limit; 1 if they may have it together.

        Of several, a vertex is suspected once a flow known to meet it has been lost again as well.
        """
        if looks_limited(self.trials(None)):
            return 1
        lost_s = {self.answers.get(flow): at_s for at_s, flow, _ in sorted(self.lost_at)}
        return sum(
            looks_limited(self._possible_trials(vertex))
            for vertex, at_s in lost_s.items()
            if vertex is not None and at_s > self.last_met_s[vertex]
        )

    def quiet_since(self, at_s: float) -> list[Vertex]:
        """The vertices that no probe met that was sent after `at_s`, in seconds."""
        return [vertex for vertex, met_s in self.last_met_s.items() if met_s <= at_s]

    def _possible_trials(self, vertex: Vertex) -> list[tuple[float, bool]]:
        """As `trials`, with every lost probe that may have met `vertex`."""
        can_come = self._who_can_come()
        met = [
            (sent_at_s, True)
            for history in self.history.values()
            for sent_at_s, _, met_vertex in history
            if met_vertex == vertex
        ]
        lost = [
            (sent_at_s, False)
            for sent_at_s, flow, _ in self.lost_at
            if self.answers.get(flow, vertex) == vertex and can_come(flow)
        ]
        return sorted(met + lost)

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


def _attempt(reply: Reply, vertex: Vertex) -> int:
    """The number of a reply in `Hop.history`: its attempt, larger for probes to further TTLs."""
    _, ttl, attempt = reply.request
    return attempt + (ttl - vertex.ttl) * _FURTHER


def _in_order_of_sending(answer: tuple[float, int, Vertex]) -> tuple[float, int]:
    """The moment and the attempt of an entry of `Hop.history`."""
    sent_at_s, attempt, _ = answer
    return sent_at_s, attempt
