"""Probes of the same flow at two hops, compared in pairs; all tests of where trouble begins use it.

Two probes of a flow, sent at about the same time, take the same way to the nearer hop. What is
lost or delayed on that way hits either as often. So of the pairs that differ, half favour the
nearer hop, and the sign test is exact (Arbuthnot, 1710), however loss and delay vary with time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import flows_of, flows_of_edge
from mda.statistics.inference import at_most, holm

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mda.answers.dag import Dag, Edge
    from mda.findings.tries import Key, Tries
    from mda.model import Vertex

#: All statements of a kind together are made with at most this chance if none is true.
LEVEL: Final = 0.001
_MOST_FLOWS: Final = 500  # of a vertex or an edge that are compared
_TOGETHER_S: Final = 1.0  # between two probes that are compared


class Value(NamedTuple):
    """What a probe is compared by, and when it left, in seconds."""

    sent_at_s: float
    value: float


Series = dict["Key", list[Value]]  # by flow and TTL, in the order of sending


class Flows(NamedTuple):
    """Which flows pass which vertices: `at` by TTL and flow, without hops that keep no flow.

    `ttls` are these hops, ascending. `tries` are the probes.
    """

    dag: Dag
    origin: Vertex
    at: Mapping[int, Mapping[int, Vertex]]
    ttls: tuple[int, ...]
    tries: Tries

    @classmethod
    def of(cls, dag: Dag, origin: Vertex, tries: Tries, unordered: Collection[int]) -> Flows:
        """The flows of a graph; `unordered` are the TTLs at which flows keep to no vertex."""
        at: dict[int, dict[int, Vertex]] = {}
        for vertex in dag:
            if vertex != origin and vertex.ttl not in unordered:
                at.setdefault(vertex.ttl, {}).update(dict.fromkeys(flows_of(dag, vertex), vertex))
        return cls(dag, origin, at, tuple(sorted(at)), tries)

    @property
    def vertices(self) -> list[Vertex]:
        """The vertices that answer at the hops that keep flows."""
        return [
            vertex
            for vertex in self.dag
            if vertex.address is not None and vertex != self.origin and vertex.ttl in self.at
        ]

    @property
    def edges(self) -> list[Edge]:
        """The edges to these vertices."""
        known = set(self.vertices)
        return [edge for edge in self.dag.edges if edge[1] in known]

    def through(self, vertex: Vertex) -> tuple[int, ...]:
        """The flows of a vertex that are compared."""
        return flows_of(self.dag, vertex)[:_MOST_FLOWS]

    def along(self, edge: Edge) -> tuple[int, ...]:
        """The flows of an edge that are compared."""
        return flows_of_edge(self.dag, *edge)[:_MOST_FLOWS]

    def behind(self, ttl: int) -> tuple[int, ...]:
        """The TTLs of the hops behind one."""
        return tuple(farther for farther in self.ttls if farther > ttl)

    def meeting(self, flows: Iterable[int], ttl: int, others: Collection[Vertex]) -> list[int]:
        """Those of the flows that meet a vertex at a TTL which answers and is none of `others`."""
        here = self.at.get(ttl, {})
        return [
            flow
            for flow in flows
            if flow in here and here[flow].address is not None and here[flow] not in others
        ]


def differences(
    series: Series, flows: Iterable[int], near: int, far: int, *, from_least: bool = False
) -> list[float]:
    """For each pair of probes, the value at the TTL `far` less that at `near`.

    With `from_least`, each value counts from the least of its flow and hop, among the pairs.
    """
    found = []
    for flow in flows:
        here, there = series.get((flow, near)), series.get((flow, far))
        if not here or not there:
            continue
        pairs = _pairs(here, there)
        if not pairs:
            continue
        shift = 0.0
        if from_least:
            shift = min(value for _, value in pairs) - min(value for value, _ in pairs)
        found += [farther - nearer - shift for nearer, farther in pairs]
    return found


def _pairs(here: Sequence[Value], there: Sequence[Value]) -> list[tuple[float, float]]:
    """The values of probes to two hops that left at about the same time, each in one pair."""
    found, place = [], 0
    for sent_at_s, value in here:
        while place + 1 < len(there) and (
            abs(there[place + 1].sent_at_s - sent_at_s) <= abs(there[place].sent_at_s - sent_at_s)
        ):
            place += 1
        if place == len(there):
            break
        if abs(there[place].sent_at_s - sent_at_s) <= _TOGETHER_S:
            found.append((value, there[place].value))
            place += 1
    return found


def more_often_above(found: Sequence[float]) -> float:
    """The chance of so many differences above zero, if above and below are equally likely."""
    above, below = sum(value > 0 for value in found), sum(value < 0 for value in found)
    return at_most(below, above + below, 0.5) if above else 1.0


def proven(chances: Sequence[float]) -> list[bool]:
    """Which of several statements of a kind are made, given the chance of each if it is wrong."""
    return [chance <= LEVEL for chance in holm(chances)]
