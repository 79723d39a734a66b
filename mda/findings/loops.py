"""Addresses that one path meets several times: forwarding loops, and what looks like a loop."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

from mda.model import NOBODYS, Reply, ReplyKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.answers.graph import Located
    from mda.answers.table import FlowsAt, FlowTable
    from mda.model import IPAddress, Outcome


class Cause(Enum):
    """Why an address replies at several TTLs of one path (Viger et al., Computer Networks 2008)."""

    #: The trace stopped following the paths because they go round.
    LOOP = "loop"
    #: The replies arrive with different TTLs, so they come from machines at different distances.
    SEVERAL_MACHINES = "several-machines"
    #: The hidden router before it forwards packets whose TTL has run out: its quotes show TTLs of
    #: 0, then 1.
    EXPIRED_PASSED_ON = "expired-passed-on"
    #: The TTL falls by two on the way to it or within it, as at the end of an MPLS tunnel, or an
    #: address is rewritten: its quotes show the same TTL each time.
    COUNTED_TWICE = "counted-twice"
    #: At neighbouring TTLs, and the quotes do not show which of the causes above it is.
    ADJACENT = "adjacent"
    #: A transient loop, or a rewritten address.
    TRANSIENT = "transient"


class Revisit(NamedTuple):
    """`address` replied at several TTLs, ascending, of one path; `flows` take such paths."""

    address: IPAddress
    ttls: tuple[int, ...]
    flows: tuple[int, ...]
    cause: Cause

    @property
    def is_loop(self) -> bool:
        """Whether the paths go round."""
        return self.cause is Cause.LOOP


def revisits(
    table: FlowTable, located: Located, outcomes: Iterable[Outcome]
) -> tuple[Revisit, ...]:
    """Every address that some flow met at several TTLs, in the order of its TTLs.

    TTLs at which a flow's vertex changes from probe to probe are left out: two replies to one flow
    may come from different paths there. `outcomes` are those of the table.
    """
    met: dict[tuple[int, IPAddress], list[int]] = {}
    loops = set(table.looped)
    ordered = {
        ttl: here
        for ttl, here in located.hops.items()
        if ttl not in located.unordered and ttl != located.origin.ttl
    }
    repeated = _at_several_hops(ordered)
    for ttl, here in ordered.items() if repeated else ():
        for flow, vertex in here.items():
            if vertex.address in repeated:
                met.setdefault((flow, vertex.address), []).append(ttl)
    ttls: dict[IPAddress, set[int]] = {}
    flows: dict[IPAddress, set[int]] = {}
    for (flow, address), at in met.items():
        if len(at) > 1:
            ttls.setdefault(address, set()).update(at)
            flows.setdefault(address, set()).add(flow)
    if not ttls:
        return ()
    replies = [reply for reply in outcomes if isinstance(reply, Reply) and reply.responder in ttls]
    found = [
        Revisit(
            address,
            tuple(sorted(ttls[address])),
            tuple(sorted(flows[address])),
            Cause.LOOP
            if not loops.isdisjoint(flows[address])
            else _cause(sorted(ttls[address]), [r for r in replies if r.responder == address]),
        )
        for address in ttls
    ]
    return tuple(sorted(found, key=lambda revisit: (revisit.ttls, int(revisit.address))))


def _at_several_hops(hops: Mapping[int, FlowsAt]) -> set[IPAddress]:
    """The addresses that replied at several TTLs, but not the one that many routers share."""
    hops_of = Counter(
        vertex.address
        for here in hops.values()
        for vertex in set(here.values())
        if vertex.address is not None and vertex.address != NOBODYS
    )
    return {address for address, number in hops_of.items() if number > 1}


def _cause(ttls: list[int], replies: list[Reply]) -> Cause:
    """The cause of replies of one address at `ttls` where there is no loop."""
    quoted: dict[int, set[int | None]] = {ttl: set() for ttl in ttls}
    arrived: dict[int, set[int | None]] = {ttl: set() for ttl in ttls}
    for reply in replies:
        ttl = reply.request.ttl
        if ttl in quoted and reply.kind in (ReplyKind.TIME_EXCEEDED, ReplyKind.UNREACHABLE):
            quoted[ttl].add(reply.quoted_ttl)
        if ttl in arrived:
            arrived[ttl].add(reply.reply_ttl)
    known = [here for here in arrived.values() if None not in here]
    if len(known) > 1 and all(near.isdisjoint(far) for near, far in combinations(known, 2)):
        return Cause.SEVERAL_MACHINES
    if any(far != near + 1 for near, far in pairwise(ttls)):
        return Cause.TRANSIENT
    shown = [quoted[ttl] for ttl in ttls]
    if shown == [{0}, {1}]:
        return Cause.EXPIRED_PASSED_ON
    if len(shown[0]) == 1 and None not in shown[0] and all(own == shown[0] for own in shown):
        return Cause.COUNTED_TWICE
    return Cause.ADJACENT
