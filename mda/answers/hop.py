"""The outcomes at one TTL, by flow: replies, losses, and flows that met several vertices."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from mda.answers.rate_limits import USUAL_PPS
from mda.model import ReplyKind, Vertex

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mda.model import Loss, Reply

# A hop with so many vertices is crowded: the search for more ends. Wider ones are not known, but a
# router that answers from ever new addresses would keep a trace for ever.
MOST_VERTICES: Final = 256
# Equal replies in a row after which a flow that changed its vertex once counts as moved
# permanently: a per-packet balancer over two vertices gives as many with probability 2^-6.
STEADY: Final = 7
_FURTHER: Final = 1 << 32  # above the attempts of probes to the hop's own TTL

# When a probe was sent, in seconds; its attempt, larger if it went to a further TTL; what it met.
Answer = tuple[float, int, Vertex]


class Hop:
    """The outcomes at the TTL `ttl`, by flow.

    Most flows get one reply, so it keeps that reply and makes what is derived from it when asked.
    """

    __slots__ = (
        "_again",
        "_earliest",
        "_latest_s",
        "answers",
        "before",
        "changes",
        "first",
        "has_further",
        "is_shared",
        "last_met_s",
        "losses",
        "lost_at",
        "lost_of",
        "met_several",
        "replies",
        "resets",
        "revision",
        "ttl",
        "vertices",
    )

    def __init__(self, ttl: int, before: Hop | None) -> None:
        self.ttl = ttl
        self.before = before  # the outcomes one TTL before
        self.vertices: dict[tuple[int, str], Vertex] = {}  # by address and `Reply.distinction`
        self.answers: dict[int, Vertex] = {}  # the answer to the earliest attempt
        self.met_several: dict[int, set[Vertex]] = {}  # every vertex met by a flow that met several
        self.first: dict[int, Reply] = {}  # the reply to each flow that came first
        self._again: dict[int, list[Reply]] = {}  # the others to it, as they came
        self._earliest: dict[int, int] = {}  # the earliest attempt, of a flow with several replies
        self.replies = 0
        self.last_met_s: dict[Vertex, float] = {}  # when the last probe that met it was sent
        self._latest_s = float("-inf")  # of those
        self.losses: dict[int, int] = {}
        self.lost_at: list[tuple[float, int, int]] = []  # sent at, flow, attempt
        self.lost_of: Counter[Vertex] = Counter()  # losses of flows that met it at another time
        self.has_further = False  # whether any answer was to a probe of a further TTL
        # Flow and attempt of the losses that are resets which end no path: see `Resets`.
        self.resets: set[tuple[int, int]] = set()
        self.changes = 0  # rises with every outcome that is added or taken back
        self.revision = 0  # rises where `answers` does not only grow
        self.is_shared = False  # whether outcomes of several procedures are here

    @property
    def outlasts_limit(self) -> bool:
        """Whether lost probes lie so far apart that the usual limit would have let one through."""
        times_s = [sent_at_s for sent_at_s, _, _ in self.lost_at]
        return max(times_s) - min(times_s) > 1 / USUAL_PPS

    @property
    def is_crowded(self) -> bool:
        """Whether so many vertices answered that no more are searched for."""
        return len(self.vertices) >= MOST_VERTICES

    def vertex(self, reply: Reply, number: int) -> Vertex:
        """The vertex of a reply at this hop; the same object every time.

        `number` is that of its responder's address.
        """
        key = number, reply.distinction if reply.interfaces else ""  # the check is cheaper
        vertex = self.vertices.get(key)
        if vertex is None:
            vertex = self.vertices[key] = Vertex.of(self.ttl, reply)
        return vertex

    def replies_to(self, flow: int) -> list[Reply]:
        """The replies to a flow that count here, as they came."""
        first = self.first.get(flow)
        return [] if first is None else [first, *self._again.get(flow, ())]

    def expired_of(self, flow: int) -> list[Reply]:
        """The replies of kind time exceeded among those to a flow."""
        return [own for own in self.replies_to(flow) if own.kind is ReplyKind.TIME_EXCEEDED]

    def history(self, flow: int) -> list[Answer]:
        """The answers to a flow, as they came."""
        return [
            (reply.sent_at_s, self._attempt(reply), self.vertex(reply, int(reply.responder)))
            for reply in self.replies_to(flow)
        ]

    def all_answers(self) -> Iterator[tuple[int, Answer]]:
        """Every answer and its flow."""
        for flow, reply in self.first.items():
            if flow not in self._again:
                yield flow, (reply.sent_at_s, self._attempt(reply), self.answers[flow])
            else:
                yield from ((flow, answer) for answer in self.history(flow))

    def add_answer(self, reply: Reply, vertex: Vertex) -> None:
        """Record that a probe, to this TTL or to a further one, met `vertex`."""
        self.has_further |= reply.request.ttl > self.ttl
        self.meet(reply, vertex)

    def meet(self, reply: Reply, vertex: Vertex) -> None:
        """Record that a probe to this TTL met `vertex`."""
        self.changes += 1
        self.replies += 1
        sent_at_s = reply.sent_at_s
        if sent_at_s >= self._latest_s:
            self._latest_s = self.last_met_s[vertex] = sent_at_s
        elif sent_at_s >= self.last_met_s.get(vertex, sent_at_s):
            self.last_met_s[vertex] = sent_at_s
        flow = reply.request.flow
        if flow in self.first:
            self._meet_again(flow, reply, vertex)
            return
        self.first[flow] = reply
        self.answers[flow] = vertex
        if flow in self.losses:
            self.lost_of[vertex] += self.losses[flow]

    def _meet_again(self, flow: int, reply: Reply, vertex: Vertex) -> None:
        """Record what a probe met of a flow that has been answered."""
        known, attempt = self.answers[flow], self._attempt(reply)
        earliest = self._earliest.setdefault(flow, self._attempt(self.first[flow]))
        self._again.setdefault(flow, []).append(reply)
        if known != vertex:
            self.met_several.setdefault(flow, {known}).add(vertex)
        if attempt < earliest:
            self.revision += known != vertex
            self.answers[flow], self._earliest[flow] = vertex, attempt

    def remove_answer(self, reply: Reply, vertex: Vertex) -> None:
        """Take back what `add_answer` recorded."""
        self.changes += 1
        self.revision += 1
        flow = reply.request.flow
        others = self.replies_to(flow)
        self.replies -= len(others)
        others.remove(reply)
        self.lost_of[self.answers.pop(flow)] -= self.losses.get(flow, 0)
        del self.first[flow]
        self._again.pop(flow, None)
        self._earliest.pop(flow, None)
        self.met_several.pop(flow, None)
        for other in others:
            self.meet(other, self.vertex(other, int(other.responder)))
        latest_s = [at_s for _, (at_s, _, met) in self.all_answers() if met == vertex]
        if latest_s:
            self.last_met_s[vertex] = max(latest_s)
        else:
            del self.last_met_s[vertex], self.vertices[int(reply.responder), reply.distinction]

    def outcomes(self, flow: int) -> int:
        """How many probes of `flow` to this very TTL have been answered or lost."""
        replies = sum(reply.request.ttl == self.ttl for reply in self.replies_to(flow))
        return replies + self.losses.get(flow, 0)

    def add_loss(self, loss: Loss) -> None:
        """Record that a probe was lost."""
        self.changes += 1
        flow, _, attempt = loss.request
        self.losses[flow] = self.losses.get(flow, 0) + 1
        if flow in self.answers:
            self.lost_of[self.answers[flow]] += 1
        self.lost_at.append((loss.sent_at_s, flow, attempt))

    def repeats(self, flow: int) -> int:
        """The number of replies to a flow beyond its first."""
        return len(self._again.get(flow, ()))

    def who_can_come(self) -> Callable[[int], bool]:
        """Whether a flow was answered here, or comes by a vertex behind which flows were.

        Of flows not probed one TTL before, all that can come there are taken to come by that hop's
        only vertex: not those that a router nearer refused.
        """
        before = self.before
        if before is None or not before.answers:
            return lambda _: True
        leading = {before.answers.get(flow) for flow in self.answers}
        who_can_come_before = cache(before.who_can_come)

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

    def quiet_since(self, at_s: float) -> list[Vertex]:
        """The vertices that no probe met that was sent after `at_s`, in seconds."""
        return [vertex for vertex, met_s in self.last_met_s.items() if met_s <= at_s]

    def steadiness(self, flow: int) -> tuple[int, int]:
        """How often the vertex of `flow` changed, by order of sending, and the replies since."""
        history = sorted(self.history(flow), key=_in_order_of_sending)
        vertices = [vertex for _, _, vertex in history]
        changes = [place for place, (a, b) in enumerate(pairwise(vertices), start=1) if a != b]
        return len(changes), len(vertices) - (changes[-1] if changes else 0)

    def left_behind(self) -> set[Vertex]:
        """The vertices that flows have left permanently, because their route changed."""
        return {min(self.history(flow), key=_in_order_of_sending)[2] for flow in self.turned()}

    def turned(self) -> set[int]:
        """The flows whose route changed: each met one vertex, then permanently another.

        A per-packet balancer produces that pattern by chance. So a flow does not count if other
        flows alternate between the vertices that it met.
        """
        if not self.met_several:
            return set()
        turned = set(filter(self._is_permanent, self.met_several))
        alternating = set[Vertex]().union(
            *(met for flow, met in self.met_several.items() if flow not in turned)
        )
        return {flow for flow in turned if not self.met_several[flow] <= alternating}

    def _is_permanent(self, flow: int) -> bool:
        """Whether the vertex of `flow` changed once, and not again in enough replies."""
        changes, run = self.steadiness(flow)
        return changes == 1 and run >= STEADY

    def _attempt(self, reply: Reply) -> int:
        """The attempt of the probe, larger for probes to further TTLs."""
        _, ttl, attempt = reply.request
        return attempt + (ttl - self.ttl) * _FURTHER


def _in_order_of_sending(answer: Answer) -> tuple[float, int]:
    """The moment and the attempt of an answer."""
    sent_at_s, attempt, _ = answer
    return sent_at_s, attempt
