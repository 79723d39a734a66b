"""Two measurements of a host, one after the other: what came, went or changed between them.

Each difference is held against chance. Two measurements of one network differ as well: each may
have missed a branch, splits are counted on some flows only, and round trips scatter. All tests of
one kind share its level (Holm, 1979).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from enum import Enum
from itertools import accumulate
from math import comb, prod
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.dag import Dag, in_order
from mda.answers.graph import vertices_by_ttl
from mda.common_names import named_alike
from mda.model import Vertex
from mda.statistics.differences import median_difference
from mda.statistics.inference import holm, matters
from mda.statistics.ranks import stratified_rank_probability
from mda.statistics.tables import fisher, independence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mda.answers.dag import Edge
    from mda.common_names import NamedTrace
    from mda.findings.refusals import Refused
    from mda.trace import Trace

#: What one measurement lacks has changed if it misses it with this probability at most, or with the
#: failure probability of both measurements where that is less.
PRESENCE_LEVEL: Final = 0.05
#: Splits, round trips and repeated replies that differ so much by chance, with this at most, have
#: changed.
VALUE_LEVEL: Final = 0.01


class Presence(Enum):
    """Which of the two measurements shows a vertex or an edge."""

    BEFORE = "before"
    AFTER = "after"
    BOTH = "both"


class Fork(NamedTuple):
    """How the flows through a vertex that both measurements show go on, in each of them.

    `flows` counts those to each successor, before and after. `missed_probability` is at most the
    chance that one measurement lacks so many of the successors, and the other one so many others,
    if nothing had changed and branches are even, or have the least share that was to be found.
    `split_probability` is that of splits between the successors in both which differ so much.
    """

    vertex: Vertex
    flows: Mapping[Vertex, tuple[int, int]]
    missed_probability: float
    split_probability: float

    def share(self, successor: Vertex, side: int) -> float:
        """The share of a successor before (0) or after (1)."""
        return self.flows[successor][side] / max(1, sum(own[side] for own in self.flows.values()))


class Shift(NamedTuple):
    """How much later a vertex replies than before: the median over pairs of flows.

    `probability` is that of times that differ so much if nothing had changed. It `begins` here
    unless a vertex before it, at any hop, replies later, or sooner, as well; `behind` are the
    vertices behind it that do.
    """

    vertex: Vertex
    slower_s: float
    probability: float
    begins: bool
    behind: tuple[Vertex, ...]


class Splitting(NamedTuple):
    """A balancer that splits single flows in one measurement only.

    `probability` is at most that of the other one's repeated replies if it had done so there.
    """

    vertex: Vertex
    is_per_packet_after: bool
    probability: float


class End(NamedTuple):
    """Somebody refuses flows in one measurement only; with None they reach the destination.

    `probability` is that of so many flows there, and none in the other one, if nothing had changed.
    """

    refused: Refused | None
    presence: Presence
    probability: float


class Difference(NamedTuple):
    """What two measurements show that is not the same.

    `dag` has all vertices and edges; `seen` says who shows each, and `chances` how likely what is
    shown by one alone was missed by the other, at most. A star is the same as another one behind
    the same vertices. `moved` are the vertices that went from their only hop and came to another,
    by where they were.
    """

    before: NamedTrace
    after: NamedTrace
    dag: Dag
    seen: Mapping[Vertex | Edge, Presence]
    chances: Mapping[Vertex | Edge, float]
    moved: Mapping[Vertex, Vertex]
    forks: tuple[Fork, ...]
    shifts: tuple[Shift, ...]
    splittings: tuple[Splitting, ...]
    ends: tuple[End, ...]

    def vertices(self, presence: Presence) -> list[Vertex]:
        """The vertices that one measurement shows, or both."""
        return [vertex for vertex in self.dag if self.seen[vertex] is presence]

    def edges(self, presence: Presence) -> list[Edge]:
        """The edges between vertices of both measurements that one shows, or both."""
        return [
            edge
            for edge in self.dag.edges
            if self.seen[edge] is presence
            and all(self.seen[vertex] is Presence.BOTH for vertex in edge)
        ]

    def is_proven(self, own: Vertex | Edge) -> bool:
        """Whether chance does not explain that only one measurement shows it."""
        accepted = max(
            own.trace.plan.bound.failure_probability for own in (self.before, self.after)
        )
        level = min(PRESENCE_LEVEL, accepted)
        return self.seen[own] is not Presence.BOTH and self.chances[own] <= level

    @property
    def changed_splits(self) -> list[Fork]:
        """The forks whose successors get other shares than before."""
        return [fork for fork in self.forks if fork.split_probability <= VALUE_LEVEL]

    @property
    def changed_splittings(self) -> list[Splitting]:
        """The balancers that split single flows only before, or only after."""
        return [own for own in self.splittings if own.probability <= VALUE_LEVEL]

    @property
    def changed_ends(self) -> list[End]:
        """Who is reached, or refuses, only before or only after."""
        return [own for own in self.ends if own.probability <= VALUE_LEVEL]

    @property
    def is_of_few_flows(self) -> bool:
        """Whether one followed no flows but single ones, so that chance explains what differs."""
        sides = self.before, self.after
        return not all(own.trace.plan.algorithm.is_multipath for own in sides)

    @property
    def is_change(self) -> bool:
        """Whether anything changed that chance does not explain, at the levels of the tests."""
        return bool(
            any(map(self.is_proven, self.seen))
            or self.changed_splits
            or self.shifts
            or self.changed_splittings
            or self.changed_ends
        )


def difference(before: Trace, after: Trace) -> Difference:
    """What changed between two measurements of a host."""
    sides = named_alike(before, after)
    seen: dict[Vertex | Edge, Presence] = {}
    for side, presence in zip(sides, (Presence.BEFORE, Presence.AFTER), strict=True):
        shown: tuple[Vertex | Edge, ...] = (*side.vertices, *side.edges)
        for own in shown:
            seen[own] = Presence.BOTH if own in seen else presence
    dag = Dag(
        {own: {} for own in seen if isinstance(own, Vertex)},
        {own: {} for own in seen if not isinstance(own, Vertex)},
    )
    common = [vertex for vertex in dag if seen[vertex] is Presence.BOTH]
    moved = _moved(dag, seen)
    forks = _forks(dag, [(own, own) for own in common] + list(moved.items()), moved, sides)
    return Difference(
        before=sides[0],
        after=sides[1],
        dag=dag,
        seen=seen,
        chances=_chances(dag, seen, moved, forks),
        moved=moved,
        forks=forks,
        shifts=_shifts(dag, common, sides),
        splittings=_splittings(dag, common, sides),
        ends=_ends(sides),
    )


def _moved(dag: Dag, seen: Mapping[Vertex | Edge, Presence]) -> dict[Vertex, Vertex]:
    """Vertices that went from their only hop and came to another, by where they were.

    They have one address, or are the only stars behind the same vertices that moved.
    """
    hops = Counter(own.address for own in dag)
    before, after = (
        {own.address: own for own in dag if seen[own] is presence and hops[own.address] == 2}
        for presence in (Presence.BEFORE, Presence.AFTER)
    )
    moved = {
        own: after[address]
        for address, own in before.items()
        if address is not None and address in after
    }
    stars: defaultdict[tuple[Presence, frozenset[Vertex]], list[Vertex]] = defaultdict(list)
    there = {new: old for old, new in moved.items()}
    for star in in_order(dag):
        presence = seen[star]
        if star.address is None and presence is not Presence.BOTH:
            near = frozenset(there.get(own, own) for own in dag.predecessors(star))
            alike = stars[Presence.BEFORE, near], stars[Presence.AFTER, near]
            stars[presence, near].append(star)
            if near & moved.keys() and [len(own) for own in alike] == [1, 1]:
                (old,), (new,) = alike
                moved[old], there[new] = new, old
    return moved


def _forks(
    dag: Dag,
    known: Sequence[tuple[Vertex, Vertex]],
    moved: Mapping[Vertex, Vertex],
    sides: tuple[NamedTrace, NamedTrace],
) -> tuple[Fork, ...]:
    """The vertices behind which both traces together show several, and what follows.

    `known` are those in both, by where they were before and where they are after. If nothing
    changed, or they moved and nothing else did, no other vertex has a successor to miss.
    """
    flows, missed, split = {}, [], []
    was = {new: old for old, new in moved.items()}
    for near in known:
        found: defaultdict[Vertex, list[int]] = defaultdict(lambda: [0, 0])
        lacks = Counter[int]()
        for side, own in enumerate(near):
            for far in sides[side].successors(own):
                found[was.get(far, far) if side else far][side] = sides[side].flows[own, far]
        for side, own in enumerate(near):
            shown = {(was.get(far, far) if side else far) for far in sides[side].successors(own)}
            lacks[side] = len(found.keys() - shown)
        if len(found) > 1:
            flows[near[0]] = {far: (own[0], own[1]) for far, own in found.items()}
            chance = 1.0
            for side, (own, trace) in enumerate(zip(near, sides, strict=True)):
                share = min(1 / len(found), trace.trace.plan.bound.min_share or 1.0)
                # Any of so many sets of successors, by all flows.
                sets = comb(len(found), lacks[side])
                chance *= sets * (1 - lacks[side] * share) ** trace.drawn[own]
            missed.append(min(1.0, chance))
            split.append(_split([own for own in flows[near[0]].values() if all(own)]))
    chances = zip(holm(missed), holm(split), strict=True)
    return tuple(Fork(near, flows[near], *own) for near, own in zip(flows, chances, strict=True))


def _split(both: Sequence[tuple[int, int]]) -> float:
    """The chance that successors in both measurements get shares that differ so much."""
    return independence(list(zip(*both, strict=True)))[1] if len(both) > 1 else 1.0


def _chances(
    dag: Dag,
    seen: Mapping[Vertex | Edge, Presence],
    moved: Mapping[Vertex, Vertex],
    forks: Iterable[Fork],
) -> dict[Vertex | Edge, float]:
    """At most the chance that what only one measurement shows was missed by the other.

    That of an edge is the chance at its fork, or that of its nearer end, without which it cannot be
    seen. A vertex is missed only if all edges to it are, by flows through different vertices.
    Behind a vertex that moved, only what did not move with it can be missed where that is now.
    """
    at_fork = {fork.vertex: fork.missed_probability for fork in forks}
    at_fork |= {new: at_fork[old] for old, new in moved.items() if old in at_fork}
    has_moved = {*moved, *moved.values()}
    chances: dict[Vertex | Edge, float] = {}
    for vertex in in_order(dag):
        near = list(dag.predecessors(vertex))
        elsewhere = has_moved if vertex not in has_moved else set[Vertex]()
        common = [own for own in near if seen[own] is Presence.BOTH or own in elsewhere]
        for own in near:
            chances[own, vertex] = at_fork.get(own, 1.0) if own in common else chances[own]
        if common:
            chances[vertex] = prod(chances[own, vertex] for own in common)
        else:
            chances[vertex] = min((chances[own] for own in near), default=1.0)
    return chances


def _shifts(
    dag: Dag, common: Iterable[Vertex], sides: tuple[NamedTrace, NamedTrace]
) -> tuple[Shift, ...]:
    """The `common` vertices whose round trips changed, compared within ways there."""
    wide = [ttl for ttl, vertices in vertices_by_ttl(dag).items() if len(vertices) > 1]
    earlier, later = (side.times_s(wide) for side in sides)
    strata = {
        vertex: [(later[vertex][way], earlier[vertex].get(way, ())) for way in later[vertex]]
        for vertex in common
        if vertex in earlier and vertex in later
    }
    chances = _from_the_end([stratified_rank_probability(own) for own in strata.values()])
    slower: dict[Vertex, tuple[float, float]] = {}
    for (vertex, own), chance in zip(strata.items(), chances, strict=True):
        slower_s = median_difference(own)
        usual_s = [time_s for _, beside in own for time_s in beside]
        if slower_s is not None and chance <= VALUE_LEVEL and matters(slower_s, median(usual_s)):
            slower[vertex] = slower_s, chance
    before = _ancestors(dag)
    alike = {
        vertex: [own for own in slower if own in before[vertex] and own_s * slower[own][0] > 0]
        for vertex, (own_s, _) in slower.items()
    }
    return tuple(
        Shift(
            vertex,
            slower_s,
            chance,
            begins=not alike[vertex],
            behind=tuple(own for own in slower if vertex in alike[own]),
        )
        for vertex, (slower_s, chance) in slower.items()
    )


def _from_the_end(chances: Sequence[float]) -> list[float]:
    """Chances in the order of hops, adjusted for their number, with half of the level in each way.

    What is later on the way shows at every hop behind, so tests from the last one on, each only if
    all before it showed something, need no correction. What is later at one router does not: Holm.
    """
    fixed = list(accumulate(reversed(chances), max))[::-1]
    return [min(1.0, 2 * min(own)) for own in zip(fixed, holm(chances), strict=True)]


def _ancestors(dag: Dag) -> dict[Vertex, set[Vertex]]:
    """All vertices before each."""
    found: dict[Vertex, set[Vertex]] = {}
    for vertex in in_order(dag):
        near = set(dag.predecessors(vertex))
        found[vertex] = near.union(*(found[own] for own in near))
    return found


def _splittings(
    dag: Dag, common: Iterable[Vertex], sides: tuple[NamedTrace, NamedTrace]
) -> tuple[Splitting, ...]:
    """The `common` vertices that split single flows in one measurement only."""
    before, after = sides
    steady = {
        vertex: before if vertex in after.per_packet else after
        for vertex in common
        if (vertex in before.per_packet) != (vertex in after.per_packet)
    }
    # No repeated probe of the other measurement took another branch than the one before it.
    chances = holm(
        [float(max(2, dag.out_degree(own))) ** -steady[own].repeated(own) for own in steady]
    )
    return tuple(
        Splitting(vertex, side is before, chance)
        for (vertex, side), chance in zip(steady.items(), chances, strict=True)
    )


def _ends(sides: tuple[NamedTrace, NamedTrace]) -> tuple[End, ...]:
    """Who is reached, or refuses, in one measurement only, unless the other one is unfinished."""
    known = [{*([None] if own.trace.reached else ()), *own.trace.refusals} for own in sides]
    found = []
    for own, other, presence in ((0, 1, Presence.BEFORE), (1, 0, Presence.AFTER)):
        if sides[other].trace.is_complete:
            alone = known[own] - known[other]
            found += [
                (end, presence, _end_chance(sides[own], sides[other], end))
                for end in sorted(alone, key=str)
            ]
    adjusted = holm([chance for _, _, chance in found])
    return tuple(
        End(end, presence, chance)
        for (end, presence, _), chance in zip(found, adjusted, strict=True)
    )


def _end_chance(side: NamedTrace, other: NamedTrace, end: Refused | None) -> float:
    """The chance that flows end so in one measurement alone, by all that were asked so far away."""
    flows = side.ended(end)
    nearest = min(_end_hops(side, end), default=side.trace.plan.max_ttl)
    asked, elsewhere = len(side.asked(nearest) | flows), len(other.asked(nearest))
    if not flows or not elsewhere:
        return 1.0
    return fisher(len(flows), asked, len(flows), asked + elsewhere)


def _end_hops(side: NamedTrace, end: Refused | None) -> list[int]:
    """The hops at which flows end so."""
    if end is None:
        return [vertex.ttl for vertex in side.trace.arrivals]
    return [vertex.ttl for vertex in side.trace.dag if vertex.address == end.by]
