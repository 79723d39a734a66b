"""Interfaces that one path meets several times: forwarding loops, and what looks like a loop."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from mda.model import NOBODYS

if TYPE_CHECKING:
    from mda.answers.graph import Located
    from mda.answers.table import FlowTable
    from mda.model import IPAddress


class Revisit(NamedTuple):
    """`address` replied at several TTLs, ascending, of one path; `flows` take such paths.

    With `is_loop`, the trace stopped following these paths because they go round. Otherwise a
    router forwards packets whose TTL has run out, or something rewrites addresses, or the route
    changed (Viger et al., Computer Networks 2008).
    """

    address: IPAddress
    ttls: tuple[int, ...]
    flows: tuple[int, ...]
    is_loop: bool

    @property
    def is_adjacent(self) -> bool:
        """Whether the TTLs are consecutive."""
        return all(far == near + 1 for near, far in pairwise(self.ttls))


def revisits(table: FlowTable, located: Located) -> tuple[Revisit, ...]:
    """Every address that some flow met at several TTLs, in the order of its TTLs.

    TTLs at which a flow's vertex changes from probe to probe are left out: two replies to one flow
    may come from different paths there.
    """
    met: dict[tuple[int, IPAddress], list[int]] = {}
    loops = set(table.looped)
    for ttl, here in located.hops.items():
        if ttl in located.unordered or ttl == located.origin.ttl:
            continue
        for flow, vertex in here.items():
            if vertex.address is not None and vertex.address != NOBODYS:
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
    return tuple(sorted(found, key=lambda revisit: (revisit.ttls, int(revisit.address))))
