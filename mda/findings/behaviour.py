"""How each vertex and each link behaves: losses, round trips, and where trouble begins."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mda.answers.graph import flows_of, flows_of_edge
from mda.findings.delays import queues, slow_answers
from mda.findings.loss_places import answers_lost, are_of_way, lost_on_way
from mda.findings.same_flows import Flows
from mda.findings.tries import delays_at
from mda.frozen import Frozen
from mda.model import rtts_s
from mda.statistics.delays import delays_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mda.answers.dag import Dag, Edge
    from mda.answers.rate_limits import Answering
    from mda.findings.delays import Queue, SlowAnswer
    from mda.findings.loss_places import AnswersLost, LostOnWay
    from mda.findings.tries import Tries
    from mda.model import Reply, Vertex
    from mda.statistics.delays import Delays


class Behaviour(Frozen):
    """How what is in a graph behaves; see the parameters' names at `mda.trace.Trace`.

    Each answer is found when it is first asked for: most outputs want the tests without the
    figures.
    """

    dag: Dag
    origin: Vertex
    tries: Tries
    answering: Mapping[Vertex, Answering]
    replies_at: Callable[[Vertex], Sequence[Reply]]
    unordered: Collection[int]

    @cached_property
    def vertices(self) -> Mapping[Vertex, Delays]:
        """The figures of each vertex but the source."""
        return {
            vertex: delays_at(self.tries, flows_of(self.dag, vertex), vertex.ttl)
            if vertex.address is None
            else _delays(self.replies_at(vertex), self.answering.get(vertex))
            for vertex in self.dag
            if vertex != self.origin
        }

    @cached_property
    def edges(self) -> Mapping[Edge, Delays]:
        """The figures of each link: of the probes to its far end, by flows seen to take it.

        Links to a hop at which flows keep to no vertex have none.
        """
        return {
            (near, far): delays_at(self.tries, flows_of_edge(self.dag, near, far), far.ttl)
            for near, far in self.dag.edges
            if far.ttl not in self.unordered
        }

    @cached_property
    def answers_lost(self) -> tuple[AnswersLost, ...]:
        """See `loss_places.answers_lost`."""
        return answers_lost(self._flows)

    @cached_property
    def lost_on_way(self) -> tuple[LostOnWay, ...]:
        """See `loss_places.lost_on_way`.

        A vertex whose losses a limit may explain shows where a loss begins all the same, if it
        loses no more than those behind it: one loss explains them all, and by chance alone a limit
        of one's choice explains a few of many losses.
        """
        limited = {vertex for vertex, own in self.answering.items() if own.limit is not None}
        by_any = lost_on_way(self._flows, limited)
        return lost_on_way(self._flows, limited | self._unexplained(by_any))

    @cached_property
    def may_be_limited(self) -> frozenset[Vertex]:
        """The vertices whose losses a limit may explain, but no loss on the way to them does."""
        return self._unexplained(self.lost_on_way)

    def _unexplained(self, way: Collection[LostOnWay]) -> frozenset[Vertex]:
        """The vertices of which a limit, if none is named, may explain more than loss on the way.

        A vertex with losses that a limit may explain is not among them where the way does.
        """
        return frozenset(
            vertex
            for vertex, own in self.answering.items()
            if own.may_be_limited
            and own.limit is None
            and not are_of_way(self._flows, way, vertex, own)
        )

    @cached_property
    def slow_answers(self) -> tuple[SlowAnswer, ...]:
        """See `delays.slow_answers`."""
        return slow_answers(self._flows)

    @cached_property
    def queues(self) -> tuple[Queue, ...]:
        """See `delays.queues`."""
        return queues(self._flows)

    @cached_property
    def _flows(self) -> Flows:
        return Flows.of(self.dag, self.origin, self.tries, self.unordered)


def _delays(replies: Sequence[Reply], answering: Answering | None) -> Delays:
    """The figures of an interface; its losses are those that every view of the trace names."""
    lost = 0 if answering is None else answering.lost
    ordered = sorted(replies, key=lambda reply: (reply.sent_at_s, reply.request.attempt))
    return delays_of(len(replies) + lost, rtts_s(ordered))
