"""Many traces in one graph: who saw each vertex, from which sources and to which destinations.

Traces are added one after the other, and only what is merged is kept. An address is one vertex,
however far away it is. Silent hops have no address to know them by: those between the same answers
are one vertex, which may be several routers. `Vertex.ttl` of a merged vertex is its column: one
more than that of the farthest vertex before it, so all edges lead forward. Where traces meet
vertices in opposite order there are no such columns: an edge that closes a circle is kept apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from mda.answers.dag import Dag
from mda.model import Vertex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mda.model import IPAddress
    from mda.trace import Trace

    #: Names the group of an address in a trace, as its AS; empty where that is unknown.
    Grouping: TypeAlias = Callable[[Trace, IPAddress], str]

_NUMBERS: Final = re.compile(r"AS\d+(/AS\d+)*")


class Ends(NamedTuple):
    """Between whom a trace was, and whether its destination answered."""

    source: IPAddress
    destination: IPAddress
    reached: bool


class Place(NamedTuple):
    """What is one vertex in all traces.

    A group has a name, an interface its address (and its own name, where routers share one), and
    a silence the places that answered before and behind it, and how many hops away these are.
    """

    group: str = ""
    address: IPAddress | None = None
    interface: str = ""
    silence: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """The graph of many traces.

    In `dag` each vertex and edge has `seen_by`: the numbers of the traces that have it, ascending,
    as in `ends`. `groups` names the vertices that stand for several addresses, and `members` has
    these. `circles` are the edges that would lead back. `diamonds` are the pairs of vertices
    between which some trace found a diamond, None for ends that do not meet.
    """

    ends: tuple[Ends, ...]
    dag: Dag
    groups: Mapping[Vertex, str]
    members: Mapping[Vertex, tuple[IPAddress, ...]]
    circles: Mapping[tuple[Vertex, Vertex], tuple[int, ...]]
    diamonds: frozenset[tuple[Vertex, Vertex | None]]

    def of_vertex(self, vertex: Vertex) -> tuple[int, ...]:
        """The traces that have a vertex."""
        seen: tuple[int, ...] = self.dag.nodes[vertex]["seen_by"]
        return seen

    def sources(self, seen_by: Iterable[int]) -> tuple[IPAddress, ...]:
        """The sources of traces, each once, in order."""
        return _ordered(self.ends[number].source for number in seen_by)

    def destinations(self, seen_by: Iterable[int]) -> tuple[IPAddress, ...]:
        """The destinations of traces, each once, in order."""
        return _ordered(self.ends[number].destination for number in seen_by)

    @property
    def shared(self) -> tuple[Vertex, ...]:
        """The vertices that several traces have, without their sources and destinations."""
        ends = {own for end in self.ends for own in (end.source, end.destination)}
        return tuple(
            vertex
            for vertex in self.dag
            if len(self.of_vertex(vertex)) > 1 and vertex.address not in ends
        )


def merge(traces: Iterable[Trace], grouping: Grouping | None = None) -> Merged:
    """The graph of all traces, each of which is read once and let go."""
    merging = Merging(grouping)
    for trace in traces:
        merging.add(trace)
    return merging.merged()


def by_as(trace: Trace, address: IPAddress) -> str:
    """The numbers of the ASes that announce an address, as the trace's lookup `asn` found them."""
    found = _NUMBERS.match(trace.facts.get("asn", {}).get(address, ""))
    return "" if found is None else found[0]


class Merging:
    """A graph that grows trace by trace."""

    def __init__(self, grouping: Grouping | None = None) -> None:
        self._grouping = grouping
        self._ends: list[Ends] = []
        self._vertices: defaultdict[Place, list[int]] = defaultdict(list)
        self._edges: defaultdict[tuple[Place, Place], list[int]] = defaultdict(list)
        self._members: defaultdict[Place, set[IPAddress]] = defaultdict(set)
        self._diamonds: set[tuple[Place, Place | None]] = set()

    def add(self, trace: Trace) -> None:
        """Add a trace."""
        number = len(self._ends)
        plan = trace.plan
        self._ends.append(Ends(plan.source, plan.destination, trace.reached))
        places = self._places(trace)
        for place in dict.fromkeys(places.values()):
            self._vertices[place].append(number)
        for vertex, place in places.items():
            if place.group and vertex.address is not None:
                self._members[place].add(vertex.address)
        links = ((places[near], places[far]) for near, far in trace.dag.edges)
        for link in dict.fromkeys(link for link in links if link[0] != link[1]):
            self._edges[link].append(number)
        for diamond in trace.diamonds:
            end = diamond.convergence
            far = None if end is None else places.get(end)
            if places[diamond.divergence] != far:
                self._diamonds.add((places[diamond.divergence], far))

    def merged(self) -> Merged:
        """The graph of the traces so far."""
        columns, circles = _columns(self._vertices, self._edges)
        named = _named(columns)
        return Merged(
            ends=tuple(self._ends),
            dag=Dag(
                {named[own]: {"seen_by": tuple(seen)} for own, seen in self._vertices.items()},
                {
                    (named[near], named[far]): {"seen_by": tuple(seen)}
                    for (near, far), seen in self._edges.items()
                    if (near, far) not in circles
                },
            ),
            groups={named[own]: own.group for own in self._vertices if own.group},
            members={named[own]: _ordered(found) for own, found in self._members.items()},
            circles={
                (named[near], named[far]): tuple(seen)
                for (near, far), seen in self._edges.items()
                if (near, far) in circles
            },
            diamonds=frozenset(
                (named[near], None if far is None else named[far]) for near, far in self._diamonds
            ),
        )

    def _places(self, trace: Trace) -> dict[Vertex, Place]:
        """The place of each vertex of a trace."""
        known = {vertex: self._known(trace, vertex) for vertex in trace.dag if vertex.address}
        before: dict[Vertex, frozenset[tuple[int, Place]]] = {}
        behind: dict[Vertex, frozenset[tuple[int, Place]]] = {}
        silent = [vertex for vertex in trace.dag if vertex not in known]
        for vertex in silent:
            before[vertex] = _around(trace.dag.predecessors(vertex), known, before)
        for vertex in reversed(silent):
            behind[vertex] = _around(trace.dag.successors(vertex), known, behind)
        places = dict(known)
        for vertex in silent:
            groups = {own.group for _, own in (*before[vertex], *behind[vertex])}
            if before[vertex] and behind[vertex] and len(groups) == 1 and groups != {""}:
                (group,) = groups  # what is between routers of a network most likely belongs to it
                places[vertex] = Place(group=group)
                continue
            # Where nothing answers any more, what is silent depends on the destination.
            end = () if behind[vertex] else (trace.plan.destination,)
            places[vertex] = Place(silence=(before[vertex], behind[vertex], *end))
        return places

    def _known(self, trace: Trace, vertex: Vertex) -> Place:
        """The place of a vertex that has an address: the ends are always themselves."""
        plan, address = trace.plan, vertex.address
        is_end = vertex == trace.origin or address in (plan.source, plan.destination)
        if self._grouping is not None and address is not None and not is_end:
            group = self._grouping(trace, address)
            if group:
                return Place(group=group)
        return Place(address=address, interface=vertex.interface)


def _around(
    beside: Iterable[Vertex],
    known: Mapping[Vertex, Place],
    found: Mapping[Vertex, frozenset[tuple[int, Place]]],
) -> frozenset[tuple[int, Place]]:
    """The places that answer next to a silence, through others, and how many hops away they are."""
    around: set[tuple[int, Place]] = set()
    for vertex in beside:
        if vertex in known:
            around.add((1, known[vertex]))
        else:
            around |= {(hops + 1, place) for hops, place in found[vertex]}
    return frozenset(around)


def _columns(
    vertices: Iterable[Place], edges: Iterable[tuple[Place, Place]]
) -> tuple[dict[Place, int], set[tuple[Place, Place]]]:
    """The column of each place, and the edges that close circles and so lead back.

    Depth first, in the order in which traces brought them: what leads to a place on the way that
    is being walked closes a circle. The others, in reverse order of leaving, all lead forward.
    """
    after: defaultdict[Place, list[Place]] = defaultdict(list)
    entered: set[Place] = set()
    for near, far in edges:
        after[near].append(far)
        entered.add(far)
    circles: set[tuple[Place, Place]] = set()
    done: dict[Place, bool] = {}  # whether it was left again
    left: list[Place] = []
    every = list(vertices)
    for begin in sorted(every, key=lambda own: own in entered):
        if begin in done:
            continue
        done[begin] = False
        walk = [(begin, iter(after[begin]))]
        while walk:
            near, rest = walk[-1]
            onward = next(rest, None)
            if onward is None:
                walk.pop()
                done[near] = True
                left.append(near)
            elif onward not in done:
                done[onward] = False
                walk.append((onward, iter(after[onward])))
            elif not done[onward]:
                circles.add((near, onward))
    columns = dict.fromkeys(every, 0)
    for near in reversed(left):
        for far in after[near]:
            if (near, far) not in circles:
                columns[far] = max(columns[far], columns[near] + 1)
    return columns, circles


def _named(columns: Mapping[Place, int]) -> dict[Place, Vertex]:
    """A vertex for each place. Groups and silences of a column are told apart by numbers."""
    numbers: defaultdict[int, int] = defaultdict(int)
    named = {}
    for place, column in columns.items():
        if place.address is not None:
            named[place] = Vertex(column, place.address, interface=place.interface)
        else:
            named[place] = Vertex(column, None, numbers[column])
            numbers[column] += 1
    return named


def _ordered(addresses: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
    return tuple(sorted(set(addresses), key=lambda own: (own.version, int(own))))
