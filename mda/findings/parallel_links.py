"""Parallel links: edges whose flows arrive at several interfaces of the router at the far end.

Routers that need no address for each link reply from one address, whichever link a probe took. Some
say at which of their interfaces it arrived (RFC 5837), and so the links can be told apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import flows_of_edge
from mda.model import NOBODYS, InterfaceRole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mda.answers.dag import Dag, Edge
    from mda.model import InterfaceInfo, Reply, Vertex

# An interface, and its component if it is a bundle; and what distinguishes interfaces of a router.
_ROLES: Final = (InterfaceRole.INCOMING, InterfaceRole.SUB_IP)
_DISTINCT: Final = ("ifindex", "name", "address")

Said = dict[InterfaceRole, "InterfaceInfo"]


class ParallelLink(NamedTuple):
    """One of the links of an edge: the `interfaces` at its far end, and the `flows` that took it.

    `interfaces` has the interface and, if the router says so, its component.
    """

    interfaces: tuple[InterfaceInfo, ...]
    flows: tuple[int, ...]


def parallel_links(
    graph: Dag, replies: Iterable[tuple[Vertex, Reply]], unordered: Collection[int]
) -> dict[Edge, tuple[ParallelLink, ...]]:
    """The links of each edge of `graph` that is seen to have several.

    `replies` come with their vertices. Where a flow's vertex says nothing about its next one, in
    the `unordered` hops, nothing is known. Neither is it behind or before vertices that may be
    several routers.
    """
    said: dict[Vertex, list[tuple[int, Said]]] = {}
    for vertex, reply in replies:
        own: Said = {info.role: info for info in reversed(reply.interfaces) if info.role in _ROLES}
        if own:
            said.setdefault(vertex, []).append((reply.request.flow, own))
    found = {}
    for near, far in graph.edges if said else ():
        if near.ttl in unordered or not {near.address, far.address}.isdisjoint((None, NOBODYS)):
            continue
        flows = set(flows_of_edge(graph, near, far))
        links = _links([(flow, own) for flow, own in said.get(far, ()) if flow in flows])
        if len(links) > 1:
            found[near, far] = links
    return found


def _links(said: Sequence[tuple[int, Said]]) -> tuple[ParallelLink, ...]:
    """The different links at which these flows arrived, by their lowest flow."""
    members: dict[tuple[object, ...], dict[int, Said]] = {}
    for (flow, own), key in zip(said, _keys([own for _, own in said]), strict=True):
        members.setdefault(key, {}).setdefault(flow, own)
    links = [
        ParallelLink(tuple(first[role] for role in _ROLES if role in first), tuple(sorted(flows)))
        for flows in members.values()
        for first in [flows[min(flows)]]
    ]
    return tuple(sorted(links, key=lambda link: link.flows))


def _keys(said: Sequence[Mapping[InterfaceRole, InterfaceInfo]]) -> list[tuple[object, ...]]:
    """What distinguishes each interface from the others: fields that are given of all."""
    columns = []
    for role in _ROLES:
        for name in _DISTINCT:
            values = [getattr(own.get(role), name, None) for own in said]
            if None not in values:
                columns.append(values)
                break
    return list(zip(*columns, strict=True)) if columns else [()] * len(said)
