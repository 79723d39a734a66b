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
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from mda.aliases import Aliases
from mda.answers.dag import Dag
from mda.model import Vertex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.model import IPAddress
    from mda.trace import Trace

    #: Places and how many hops away they are.
    Around: TypeAlias = "frozenset[tuple[int, Place]]"

_NUMBERS: Final = re.compile(r"AS\d+(/AS\d+)*")


class By(Enum):
    """What a vertex of a merged graph stands for."""

    #: An address.
    INTERFACE = "interface"
    #: The addresses that one AS announces, or the same ones, as the lookup `asn` of traces found.
    AS = "as"
    #: The addresses that a router says are its own.
    ROUTER = "router"


class Ends(NamedTuple):
    """Between whom a trace was, and whether its destination answered."""

    source: IPAddress
    destination: IPAddress
    reached: bool


class Place(NamedTuple):
    """What is one vertex in all traces.

    A group has a name, and an interface its address (and its own name, where routers share one).
    """

    group: str = ""
    address: IPAddress | None = None
    interface: str = ""
    silence: Silence | None = None


class Silence(NamedTuple):
    """The places that answered before and behind silent hops, and how many hops away they are.

    Where nothing answers any more, what is silent also depends on where the trace went `towards`.
    """

    before: Around
    behind: Around
    towards: IPAddress | None


@dataclass(frozen=True, slots=True)
class Merged:
    """The graph of many traces.

    In `dag` each vertex and edge has `seen_by`: the numbers of the traces that have it, ascending,
    as in `ends`. `groups` names the vertices that stand for several addresses, and `members` has
    these. `circles` are the edges that would lead back. `diamonds` are the pairs of vertices
    between which some trace found a diamond, None for ends that do not meet.
    """

    by: By
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


def merge(traces: Iterable[Trace], by: By = By.INTERFACE) -> Merged:
    """The graph of all traces, each of which is read once and let go."""
    merging = Merging(by)
    for trace in traces:
        merging.add(trace)
    return merging.merged()


def _as_of(trace: Trace, address: IPAddress) -> str:
    """The numbers of the ASes that announce an address, as the trace's lookup `asn` found them."""
    found = _NUMBERS.match(trace.facts.get("asn", {}).get(address, ""))
    return "" if found is None else found[0]


class Merging:
    """A graph that grows trace by trace."""

    def __init__(self, by: By = By.INTERFACE) -> None:
        self._by = by
        self._aliases = Aliases()
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
        if self._by is By.ROUTER:
            self._aliases.add(trace)
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
        routers = self._routers()
        found = self if not routers else self._renamed(_Renaming(routers))
        columns, circles = _columns(found._vertices, found._edges)
        named = _named(columns)
        return Merged(
            by=self._by,
            ends=tuple(self._ends),
            dag=Dag(
                {named[own]: {"seen_by": tuple(seen)} for own, seen in found._vertices.items()},
                {
                    (named[near], named[far]): {"seen_by": tuple(seen)}
                    for (near, far), seen in found._edges.items()
                    if (near, far) not in circles
                },
            ),
            groups={named[own]: own.group for own in found._vertices if own.group},
            members={named[own]: _ordered(them) for own, them in found._members.items()},
            circles={
                (named[near], named[far]): tuple(seen)
                for (near, far), seen in found._edges.items()
                if (near, far) in circles
            },
            diamonds=frozenset(
                (named[near], None if far is None else named[far]) for near, far in found._diamonds
            ),
        )

    def _routers(self) -> dict[Place, Place]:
        """The router of each place that is an address, of routers that answered from several.

        The ends of traces stay themselves.
        """
        ends = {own for end in self._ends for own in (end.source, end.destination)}
        answered: defaultdict[IPAddress, list[Place]] = defaultdict(list)
        if self._by is By.ROUTER:
            for place in self._vertices:
                if place.address is not None and place.address not in ends:
                    answered[self._aliases.of(place.address)].append(place)
        return {
            place: Place(group=f"router {min(own.address for own in places if own.address)}")
            for places in answered.values()
            if len({own.address for own in places}) > 1
            for place in places
        }

    def _renamed(self, rename: _Renaming) -> Merging:
        """The same traces, with other places."""
        other = Merging(self._by)
        other._ends = self._ends
        for place, seen in self._vertices.items():
            own = rename(place)
            other._vertices[own] = sorted({*other._vertices[own], *seen})
            if own.group and place.address is not None:
                other._members[own].add(place.address)
        for (near, far), seen in self._edges.items():
            link = rename(near), rename(far)
            if link[0] != link[1]:
                other._edges[link] = sorted({*other._edges[link], *seen})
        ends = ((rename(near), far and rename(far)) for near, far in self._diamonds)
        other._diamonds = {(near, far) for near, far in ends if near != far}
        return other

    def _places(self, trace: Trace) -> dict[Vertex, Place]:
        """The place of each vertex of a trace."""
        known = {vertex: self._known(trace, vertex) for vertex in trace.dag if vertex.address}
        before: dict[Vertex, Around] = {}
        behind: dict[Vertex, Around] = {}
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
            towards = None if behind[vertex] else trace.plan.destination
            places[vertex] = Place(silence=Silence(before[vertex], behind[vertex], towards))
        return places

    def _known(self, trace: Trace, vertex: Vertex) -> Place:
        """The place of a vertex that has an address: the ends are always themselves."""
        plan, address = trace.plan, vertex.address
        is_end = vertex == trace.origin or address in (plan.source, plan.destination)
        if self._by is By.AS and address is not None and not is_end:
            group = _as_of(trace, address)
            if group:
                return Place(group=group)
        return Place(address=address, interface=vertex.interface)


class _Renaming:
    """Other places for some, also inside silences, which are known by the places around them."""

    def __init__(self, others: Mapping[Place, Place]) -> None:
        self._others = others

    def __call__(self, place: Place) -> Place:
        if place.silence is None:
            return self._others.get(place, place)
        before, behind, towards = place.silence
        return Place(silence=Silence(self._around(before), self._around(behind), towards))

    def _around(self, places: Around) -> Around:
        return frozenset((hops, self(own)) for hops, own in places)


def _around(
    beside: Iterable[Vertex],
    known: Mapping[Vertex, Place],
    found: Mapping[Vertex, Around],
) -> Around:
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
