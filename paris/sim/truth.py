"""The complete graph of a topology, and the exact probability that a trace misses some of it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from mda.statistics.stopping import split_failure
from paris.sim.balancers import Balance
from paris.sim.topology import DESTINATION, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mda.model import IPAddress
    from paris.sim.topology import Topology

Seen = tuple[int, "IPAddress | None"]  # a TTL and the address that replies there, None if silent


class Truth(NamedTuple):
    """The vertices (TTL, address) and edges of the complete graph, including the source's.

    `splits` holds, for each balancing vertex, its successors' shares of its flows.
    """

    vertices: frozenset[Seen]
    edges: frozenset[tuple[Seen, Seen]]
    splits: Mapping[Seen, tuple[float, ...]]

    def miss_probability(self, failure_probability: float) -> float:
        """The exact probability that the MDA with this bound per vertex misses an edge.

        Vertices fail independently: 1 - product of (1 - failure of a vertex). This is exact if
        all balancers hash flows independently.
        """
        return 1 - prod(
            1 - split_failure(shares, failure_probability) for shares in self.splits.values()
        )


def truth(topology: Topology) -> Truth:
    """The truth of `topology` for flows that every per-flow balancer distinguishes.

    Raises ValueError for topologies without a single truth: a per-destination balancer shows only
    one branch, which the run's seed decides, a route that turns has two truths, and a filter makes
    one for each protocol and port. Neither has a network that drops packets, passes on expired
    ones, hides addresses, or whose host is down or copies TTLs.
    """
    if topology.rules or any(router.rules for router in topology.routers.values()):
        raise ValueError("packets are filtered: what is true depends on protocol and ports")
    # By router, the router before it, and the vertex there: the share of flows that reach it.
    here: dict[tuple[str, str, Seen], float] = {(SOURCE, SOURCE, (0, topology.source)): 1.0}
    vertices: set[Seen] = {(0, topology.source)}
    shares: dict[Seen, dict[Seen, float]] = {}
    ttl = 0
    while here:
        ttl += 1
        there: dict[tuple[str, str, Seen], float] = {}
        for (name, _, near), flows in here.items():
            for other, address, share in _next(topology, name):
                far: Seen = ttl, address
                vertices.add(far)
                split = shares.setdefault(near, {})
                split[far] = split.get(far, 0.0) + flows * share
                if other != DESTINATION and not topology.routers[other].refuses_all:
                    met = there.get((other, name, far), 0.0)
                    there[other, name, far] = met + flows * share
        here = there
    edges = frozenset((near, far) for near, split in shares.items() for far in split)
    splits = {
        near: tuple(flows / sum(split.values()) for flows in split.values())
        for near, split in shares.items()
        if len(split) > 1
    }
    return Truth(frozenset(vertices), edges, splits)


def _next(topology: Topology, name: str) -> Iterator[tuple[str, IPAddress | None, float]]:
    """The successors of a router, each address they reply from, and its share of the flows."""
    for other, share in _split(topology, name).items():
        addresses = _addresses(topology, other, name)
        for address in addresses:
            yield other, address, share / len(addresses)


def _split(topology: Topology, name: str) -> dict[str, float]:
    """The successors of a router and their shares of its flows."""
    after = topology.successors[name]
    router = topology.routers.get(name)
    if router is not None and router.turns_to is not None:
        raise ValueError(f"{name} turns to another route: what is true depends on the time")
    if router is not None and len(after) > 1 and router.by is Balance.DESTINATION:
        raise ValueError(f"{name} balances by destination: its one branch depends on the seed")
    if router is not None and (
        router.drops
        or router.passes_expired
        or router.counts_twice
        or router.masks
        or router.sets_ttl is not None
    ):
        raise ValueError(f"{name} makes what is seen differ from the paths")
    if topology.routers[DESTINATION].down_after_s is not None:
        raise ValueError("the destination is down")
    if topology.routers[DESTINATION].copies_ttl:
        raise ValueError("replies to some probes die on the way back: hops that are not there show")
    weights = [router.weights.get(other, 1) if router else 1 for other in after]
    return {other: weight / sum(weights) for other, weight in zip(after, weights, strict=True)}


def _addresses(topology: Topology, name: str, came_from: str) -> tuple[IPAddress | None, ...]:
    """The addresses from which a router replies, all equally often."""
    router = topology.routers[name]
    if router.silent:
        return (None,)
    if router.way_back is Balance.DESTINATION:
        raise ValueError(f"{name} replies by destination: its one address depends on the seed")
    if router.way_back is not None:
        return router.interfaces
    return (topology.interface(name, came_from),)
