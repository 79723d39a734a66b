"""Paths from end to end: which flows take each, how it performs, and which differs from the others.

A route is what flows were seen to do, not a way through the graph: of the ways through several
diamonds some may have no flow, or none yet. Where packets of one flow part there are no routes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING, Final

from mda.answers.table import only_vertex
from mda.model import Reply
from mda.statistics.inference import fisher, holm, rank_probability, share_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mda.answers.graph import Located
    from mda.answers.table import FlowTable
    from mda.model import Outcome, ProbeRequest, Vertex

Way = tuple["Vertex", ...]

# A chance below which a path is said to differ, and the least difference worth saying: routers and
# machines differ by microseconds, which so many probes would prove.
LEVEL: Final = 0.01
MOST_COMPARED: Final = 256  # paths that are measured and compared, the first by number
_WORTH_S: Final = 0.0001
_WORTH_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Times:
    """What became of probes: `asked`, of these `lost`, and the round-trip times of the others."""

    asked: int
    lost: int
    rtts_s: tuple[float, ...]  # ascending

    @property
    def loss(self) -> float:
        """The share that was lost."""
        return self.lost / self.asked if self.asked else 0.0

    @property
    def median_s(self) -> float | None:
        """The median round-trip time; None if nothing was answered."""
        return median(self.rtts_s) if self.rtts_s else None

    @property
    def p95_s(self) -> float | None:
        """The time within which 95 % of the answers came (nearest rank)."""
        if not self.rtts_s:
            return None
        return self.rtts_s[math.ceil(0.95 * len(self.rtts_s)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path from end to end, its vertices from the first hop on.

    `number` counts from 1, by the vertices. `flows` take it, the first of them being measured;
    `share` is that of all flows, with its 95 % interval from `low` to `high`. `times` are those of
    its last vertex that answers. `rtt_probability` and `loss_probability` are the chances of times
    and losses so different from the other routes' if all were alike, over all routes (Holm), and
    `slower_s` is how much its median lies above that of the others, `lossier` how much its share of
    losses lies above the median of theirs.
    """

    number: int
    vertices: Way
    flows: tuple[int, ...]
    share: float
    low: float
    high: float
    times: Times
    rtt_probability: float = 1.0
    loss_probability: float = 1.0
    slower_s: float = 0.0
    lossier: float = 0.0

    @property
    def measured_ttl(self) -> int:
        """The TTL of the last vertex that answers."""
        return measured_ttl(self.vertices)

    @property
    def differs_in_rtt(self) -> bool:
        """Whether it is slower or faster than the others, by enough to matter."""
        usual_s = (self.times.median_s or 0.0) - self.slower_s
        is_worth_it = abs(self.slower_s) >= max(_WORTH_S, _WORTH_SHARE * usual_s)
        return self.rtt_probability <= LEVEL and is_worth_it

    @property
    def differs_in_loss(self) -> bool:
        """Whether it loses more or less than most of the others."""
        return self.loss_probability <= LEVEL and abs(self.lossier) >= _WORTH_SHARE


@dataclass(frozen=True, slots=True)
class Passing:
    """A hop of a route that was followed: what was met, and anything else that answered there."""

    ttl: int
    vertex: Vertex
    times: Times
    others: tuple[Vertex, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to send packets that take a route: the ports in words, and commands that use them."""

    ports: str
    commands: tuple[str, ...]


def measured_ttl(way: Way) -> int:
    """The TTL of the last vertex of a way that answers; 0 if none does."""
    return next((vertex.ttl for vertex in reversed(way) if vertex.address is not None), 0)


@dataclass(frozen=True, slots=True)
class Wayfinder:
    """Which way each flow takes, given where flows are known to be."""

    table: FlowTable
    located: Located
    _only: dict[int, Vertex | None] = field(init=False)

    def __post_init__(self) -> None:
        only = {ttl: only_vertex(here) for ttl, here in self.located.hops.items()}
        object.__setattr__(self, "_only", only)

    def ways(self) -> dict[Way, list[int]]:
        """The flows, ascending, that are known to take each way from end to end, in their order."""
        if self.located.unordered:
            return {}
        found: defaultdict[Way, list[int]] = defaultdict(list)
        for flow in sorted(self.located.hops[self.located.origin.ttl]):
            way = self._way(flow)
            if way and measured_ttl(way):
                found[way].append(flow)
        ordered = sorted(found, key=lambda way: [vertex.sort_key for vertex in way])
        return {way: found[way] for way in ordered}

    def _way(self, flow: int) -> Way | None:
        """The vertices that a flow meets; None if any of them is not known."""
        end = self.table.ended.get(flow)
        way = []
        for ttl, here in self.located.hops.items():
            if ttl == self.located.origin.ttl:
                continue
            # Where there is but one vertex every flow goes through it.
            vertex = here.get(flow) or self._only[ttl]
            if vertex is None:
                return None
            way.append(vertex)
            if ttl == end:
                break
        return tuple(way)

    def wide_ttls(self) -> list[int]:
        """The TTLs at which a flow can be in several places."""
        hops = self.located.hops
        return [ttl for ttl, only in self._only.items() if only is None and hops[ttl]]

    def undecided(self, flow: int) -> list[int]:
        """The TTLs at which a flow was never asked although it could be in several places there."""
        return [
            ttl
            for ttl in self.wide_ttls()
            if self.table.ended.get(flow, ttl) >= ttl
            and flow not in self.table.hop(ttl).answers
            and flow not in self.table.hop(ttl).losses
        ]


def routes(table: FlowTable, located: Located, outcomes: Iterable[Outcome]) -> tuple[Route, ...]:
    """Every route, with what the outcomes say of it."""
    finder = Wayfinder(table, located)
    taken = finder.ways()
    if not taken:
        return ()
    everyone = sorted(located.hops[located.origin.ttl])
    # Flows that were sent on because of where they were say nothing of how many go there.
    first_biased = next((flow for flow in everyone if finder.undecided(flow)), None)
    fair = {way: [flow for flow in flows if first_biased is None or flow < first_biased]
            for way, flows in taken.items()}  # fmt: skip
    if not any(fair.values()):
        fair = taken
    total = sum(map(len, fair.values()))
    seen = Seen(outcomes)
    found = [
        Route(
            number=number,
            vertices=way,
            flows=tuple(flows),
            share=len(fair[way]) / total,
            low=share_interval(len(fair[way]), total)[0],
            high=share_interval(len(fair[way]), total)[1],
            times=seen.times(flows, measured_ttl(way)),
        )
        for number, (way, flows) in enumerate(taken.items(), start=1)
    ]
    ends = {
        vertex for route in found for vertex in route.vertices if vertex.ttl == route.measured_ttl
    }
    is_limited = any(vertex in table.hop(vertex.ttl).limits() for vertex in ends)
    return _compared(found, compares_losses=not is_limited)


class Seen:
    """The answers and losses of outcomes, by flow and TTL; a late answer is no loss."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._rtts: defaultdict[tuple[int, int], dict[ProbeRequest, float]] = defaultdict(dict)
        self._asked: defaultdict[tuple[int, int], set[ProbeRequest]] = defaultdict(set)
        for outcome in outcomes:
            request = outcome.request
            key = request.flow, request.ttl
            self._asked[key].add(request)
            if isinstance(outcome, Reply):
                self._rtts[key][request] = outcome.rtt_s

    def times(self, flows: Iterable[int], ttl: int) -> Times:
        """What became of all probes of these flows at a TTL."""
        keys = [(flow, ttl) for flow in flows]
        rtts_s = sorted(rtt_s for key in keys for rtt_s in self._rtts.get(key, {}).values())
        asked = sum(len(self._asked.get(key, ())) for key in keys)
        return Times(asked, asked - len(rtts_s), tuple(rtts_s))


def _compared(every: Sequence[Route], *, compares_losses: bool) -> tuple[Route, ...]:
    """The routes with the chances that they do not differ from the others together.

    Where an end limits its answers to a rate, losses are its own and are not compared.
    """
    found = every[:MOST_COMPARED]
    asked = sum(route.times.asked for route in found)
    lost = sum(route.times.lost for route in found)
    by_rtt, by_loss, slower_s, lossier = [], [], [], []
    for route in found:
        others = [rtt_s for one in found if one is not route for rtt_s in one.times.rtts_s]
        by_rtt.append(rank_probability(route.times.rtts_s, others))
        has_losses = compares_losses and asked
        by_loss.append(
            fisher(route.times.lost, route.times.asked, lost, asked) if has_losses else 1.0
        )
        losses = [one.times.loss for one in found if one is not route]
        # Beside one that loses much, all others lose less than the rest together.
        lossier.append(route.times.loss - median(losses) if losses else 0.0)
        own_s = route.times.median_s
        slower_s.append(own_s - median(others) if others and own_s is not None else 0.0)
    compared = (
        replace(route, rtt_probability=rtt, loss_probability=loss, slower_s=slower, lossier=more)
        for route, rtt, loss, slower, more in zip(
            found, holm(by_rtt), holm(by_loss), slower_s, lossier, strict=True
        )
    )
    return (*compared, *every[MOST_COMPARED:])


def chosen(found: Sequence[Route], path: str) -> Route | None:
    """The route that a user means: its number, or an address that only one goes through."""
    if path.isdecimal():
        return next((route for route in found if route.number == int(path)), None)
    through = [
        route for route in found if any(str(vertex.address) == path for vertex in route.vertices)
    ]
    return through[0] if len(through) == 1 else None


def passings(table: FlowTable, route: Route, outcomes: Iterable[Outcome]) -> tuple[Passing, ...]:
    """Every hop of a route, as the flow that follows it found it."""
    flow, seen = route.flows[0], Seen(outcomes)
    found = []
    for vertex in route.vertices:
        met = {one for _, _, one in table.hop(vertex.ttl).history.get(flow, ())}
        others = tuple(sorted(met - {vertex}, key=lambda one: one.sort_key))
        found.append(Passing(vertex.ttl, vertex, seen.times([flow], vertex.ttl), others))
    return tuple(found)
