"""Interfaces that one path meets more than once: forwarding loops, and what looks like them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mda.answers.graph import Located
    from mda.answers.table import FlowTable
    from mda.model import IPAddress


@dataclass(frozen=True, slots=True)
class Revisit:
    """`address` answered several TTLs, ascending, of one path; `flows` took such a path.

    `is_loop` tells whether paths were given up there because they go round. Otherwise a router
    passes on packets whose TTL has run out, something rewrites addresses, or the route changed
    (Viger et al., Computer Networks 2008).
    """

    address: IPAddress
    ttls: tuple[int, ...]
    flows: tuple[int, ...]
    is_loop: bool

    @property
    def is_adjacent(self) -> bool:
        """Whether it is only at neighbouring TTLs."""
        return all(far == near + 1 for near, far in pairwise(self.ttls))


def revisits(table: FlowTable, located: Located) -> tuple[Revisit, ...]:
    """Every address that some flow met at several TTLs, by the first of them.

    TTLs at which flows change place between probes are left out: there two answers to one flow
    are not one path.
    """
    met: dict[tuple[int, IPAddress], list[int]] = {}
    loops = set(table.looped)
    for ttl, here in located.hops.items():
        if ttl in located.unordered or ttl == located.origin.ttl:
            continue
        for flow, vertex in here.items():
            if vertex.address is not None:
                met.setdefault((flow, vertex.address), []).append(ttl)
    ttls: dict[IPAddress, set[int]] = {}
    flows: dict[IPAddress, set[int]] = {}
    for (flow, address), at in met.items():
        if len(at) > 1:
            ttls.setdefault(address, set()).update(at)
            flows.setdefault(address, set()).add(flow)
    found = [
        Revisit(
            address,
            tuple(sorted(ttls[address])),
            tuple(sorted(flows[address])),
            not loops.isdisjoint(flows[address]),
        )
        for address in ttls
    ]
    return tuple(sorted(found, key=lambda one: (one.ttls, int(one.address))))
