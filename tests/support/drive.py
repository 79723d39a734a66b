"""A procedure played against a network of paths: no bytes, no clock, waves of one round trip.

The network is a function from a flow to the interfaces it meets. It is written apart from
`paris.sim`, so that the two cannot share a mistake.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, NamedTuple

from mda.answers.graph import build, locate
from mda.answers.table import tabulate
from mda.explore.explorer import Explorer
from mda.explore.search import Reach
from mda.model import Loss, Outcome, Reply, ReplyKind, Vertex
from mda.statistics.stopping import Bound

if TYPE_CHECKING:
    from random import Random

    from mda.answers.dag import Dag
    from mda.model import IPAddress, ProbeRequest
    from mda.procedure import Procedure

SOURCE = IPv4Address("192.0.2.1")
# What one probe of a flow meets: the interfaces from TTL 1 on, the destination's last.
Network = Callable[[int], Sequence[IPv4Address]]
Edges = set[tuple["IPAddress | None", "IPAddress | None"]]


@dataclass(frozen=True)
class Played:
    """What a procedure asked and learned: `rounds` are waves, one round trip each."""

    outcomes: list[Outcome]
    probes: int
    rounds: int


@cache
def interface(number: int) -> IPv4Address:
    """A distinct documentation-style address for each number."""
    return IPv4Address(int(IPv4Address("198.18.0.0")) + number)


@dataclass(frozen=True)
class Layers:
    """A network in hops: `successors` of each interface; what has none is the destination."""

    first: IPv4Address
    successors: Mapping[IPv4Address, Sequence[IPv4Address]]

    @property
    def edges(self) -> Edges:
        """The true edges, the source's included."""
        inner = {(near, far) for near, after in self.successors.items() for far in after}
        return {(SOURCE, self.first), *inner}

    def per_flow(self, random: Random) -> Network:
        """Every balancer draws each flow's successor once, independently and evenly."""
        paths: dict[int, list[IPv4Address]] = {}

        def walk(flow: int) -> list[IPv4Address]:
            if flow not in paths:
                paths[flow] = self._walk(random)
            return paths[flow]

        return walk

    def per_packet(self, random: Random) -> Network:
        """Every balancer draws anew for each packet."""
        return lambda _: self._walk(random)

    def _walk(self, random: Random) -> list[IPv4Address]:
        path, place = [self.first], self._first_place
        while place.after:
            number = int(random.random() * len(place.after)) if len(place.after) > 1 else 0
            place = place.after[number]
            path.append(place.address)
        return path

    @cached_property
    def _first_place(self) -> _Place:
        """Where paths begin; walking along places needs no look-up of an address, which is slow."""
        places: dict[IPv4Address, _Place] = {}

        def place_of(address: IPv4Address) -> _Place:
            if address not in places:
                after = map(place_of, self.successors.get(address, ()))
                places[address] = _Place(address, list(after))
            return places[address]

        return place_of(self.first)


class _Place(NamedTuple):
    """An interface, and where paths go on."""

    address: IPv4Address
    after: list[_Place]


def layers(*widths: int, meshed: bool = False) -> Layers:
    """Hops of the given widths. Unmeshed: a hop's vertices share those of the next evenly."""
    hops: list[list[IPv4Address]] = []
    for width in widths:
        start = sum(map(len, hops)) + 1
        hops.append([interface(start + n) for n in range(width)])
    successors: dict[IPv4Address, list[IPv4Address]] = {}
    for near, far in itertools.pairwise(hops):
        for n, vertex in enumerate(near):
            if meshed:
                successors[vertex] = far
            elif len(far) >= len(near):
                share = len(far) // len(near)
                successors[vertex] = far[n * share : (n + 1) * share]
            else:
                successors[vertex] = [far[n * len(far) // len(near)]]
    return Layers(hops[0][0], successors)


def full_mda(
    *,
    failure_probability: float = 0.05,
    per_vertex: bool = True,
    attempts: int = 3,
    max_ttl: int = 30,
    lite: bool = False,
    min_share: float | None = None,
    flows: int = 50_000,
    spread: int = 0,
) -> Explorer:
    """The MDA with the settings that most tests want."""
    return Explorer(
        source=SOURCE,
        bound=Bound(failure_probability, per_vertex, min_share),
        reach=Reach(
            first_ttl=1,
            max_ttl=max_ttl,
            attempts=attempts,
            gap_limit=3,
            flows=flows,
            spread=spread,
        ),
        is_lite=lite,
    )


def play(
    procedure: Procedure,
    network: Network,
    *,
    lost: Callable[[ProbeRequest, IPv4Address], bool] | None = None,
    quotes: bool = True,
    spare: int = 0,
    room: int = 1_000_000,
    most_rounds: int = 500,
) -> Played:
    """Answer every wave of `procedure` until it is finished; `lost` takes answers away.

    A wave has room for `room` requests. With `quotes` the destination quotes the TTL that was left,
    as it does for UDP probes, and as many more as a tunnel has to `spare` that copies the TTL.
    """
    outcomes: list[Outcome] = []
    for played in range(most_rounds):
        wave = procedure.wanted(room)
        if not wave:
            if not procedure.finished:
                raise RuntimeError("nothing is wanted and nothing in flight, yet not finished")
            if procedure.goes_on():
                continue
            return Played(outcomes, len(outcomes), played)
        for request in wave:
            path = network(request.flow)
            ttl_left = request.ttl - len(path) + 1
            responder = path[-1] if ttl_left > 0 else path[request.ttl - 1]
            sent_at_s = played + len(outcomes) * 1e-9  # in order, so that histories are
            outcome: Outcome
            if lost is not None and lost(request, responder):
                outcome = Loss(request=request, sent_at_s=sent_at_s, gave_up_at_s=played + 1.0)
            else:
                quoted_ttl = None if not quotes else ttl_left + spare if ttl_left > 0 else 1
                kind = ReplyKind.UNREACHABLE if ttl_left > 0 else ReplyKind.TIME_EXCEEDED
                outcome = Reply(
                    request, kind, responder, sent_at_s, played + 0.5, quoted_ttl=quoted_ttl
                )
            outcomes.append(outcome)
            procedure.on_outcome(outcome)
    raise RuntimeError(f"not finished after {most_rounds} rounds")


def graph_of(outcomes: Sequence[Outcome], attempts: int = 3) -> Dag:
    """The graph that the outcomes make."""
    table = tabulate(outcomes, attempts)
    return build(table, locate(table, SOURCE, 1))


def edges_of(graph: Dag) -> Edges:
    """The edges of a graph, by address."""
    return {(near.address, far.address) for near, far in graph.edges}


def vertex(ttl: int, number: int) -> Vertex:
    """The vertex of `interface(number)` at a TTL."""
    return Vertex(ttl, interface(number))
