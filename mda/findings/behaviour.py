"""How each vertex and each link behaves: losses, round trips, and where trouble begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.answers.graph import flows_of, flows_of_edge
from mda.findings.delays import queues, slow_answers
from mda.findings.loss_places import answers_lost, lost_on_way
from mda.findings.same_flows import Flows
from mda.findings.tries import delays_at
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


class Behaviour(NamedTuple):
    """The figures of each vertex but the source and of each link, and what the tests prove.

    Those of a link are of the probes to its far end, by flows that are seen to take it. Links to a
    hop at which flows keep to no vertex have none.
    """

    vertices: Mapping[Vertex, Delays]
    edges: Mapping[Edge, Delays]
    answers_lost: tuple[AnswersLost, ...]
    lost_on_way: tuple[LostOnWay, ...]
    slow_answers: tuple[SlowAnswer, ...]
    queues: tuple[Queue, ...]

    @classmethod
    def of(
        cls,
        dag: Dag,
        origin: Vertex,
        tries: Tries,
        answering: Mapping[Vertex, Answering],
        replies_at: Callable[[Vertex], Sequence[Reply]],
        unordered: Collection[int],
    ) -> Behaviour:
        """The behaviour of what is in a graph; the parameters are those of `mda.trace.Trace`."""
        limited = {
            vertex
            for vertex, own in answering.items()
            if own.limit is not None or own.may_be_limited
        }
        flows = Flows.of(dag, origin, tries, unordered)
        return cls(
            vertices={
                vertex: delays_at(tries, flows_of(dag, vertex), vertex.ttl)
                if vertex.address is None
                else _delays(replies_at(vertex), answering.get(vertex))
                for vertex in dag
                if vertex != origin
            },
            edges={
                (near, far): delays_at(tries, flows_of_edge(dag, near, far), far.ttl)
                for near, far in dag.edges
                if far.ttl not in unordered
            },
            answers_lost=answers_lost(flows),
            lost_on_way=lost_on_way(flows, limited),
            slow_answers=slow_answers(flows),
            queues=queues(flows),
        )


def _delays(replies: Sequence[Reply], answering: Answering | None) -> Delays:
    """The figures of an interface; its losses are those that every view of the trace names."""
    lost = 0 if answering is None else answering.lost
    ordered = sorted(replies, key=lambda reply: (reply.sent_at_s, reply.request.attempt))
    return delays_of(len(replies) + lost, [reply.rtt_s for reply in ordered])
