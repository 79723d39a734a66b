"""Whether the branches of a balancer are one router that balances its replies, or differ.

A router may reply from the interface by which its reply leaves (RFC 1812 section 4.3.2.4). If it
has several ways back, and hashes what it quotes to choose among them, as Linux does, then it
replies to each flow from one of several addresses. It looks like the branches of the router before
it, which may balance nothing. Addresses alone do not show which it is, but these do:

    successors   Such a router forwards flows alike, whichever address it replies from. If flows
                 through two addresses never met a common successor, that is unlikely by chance. It
                 happens if the router chooses the way back and the way there alike.
    initial TTL  A router's errors leave with one TTL: 32, 64, 128 or 255 (Vanaubel et al., IMC
                 2013). Smaller differences show only that ways back differ in length.
    destination  A host does not reply from its address in one flow, and as a router in another.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import flows_of_edge
from mda.model import Reply, ReplyKind, Vertex, Vertices
from mda.statistics.inference import chance_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.findings.known import Known

_UNLIKELY: Final = 0.01  # chance that flows through one router never meet a common successor
_INITIAL_TTLS: Final = (32, 64, 128, 255)


class Difference(Enum):
    """What shows that two branches are not one router that balances its replies."""

    SUCCESSORS = "successors"
    INITIAL_TTL = "initial-ttl"
    DESTINATION = "destination"


class Branches(NamedTuple):
    """What is known of the branches of a balancer.

    `may_be_one` has groups of its successors: those of a group may be the addresses of one router.
    `differ_by` is what shows that successors of different groups, or of none, are not.
    """

    may_be_one: tuple[tuple[Vertex, ...], ...]
    differ_by: tuple[Difference, ...]


class _Features(NamedTuple):
    """Of a vertex: the flows to each successor, the initial TTLs of its errors, if it is the host.

    `is_host` is true of the destination, false of what forwards, None where neither is known.
    """

    after: dict[Vertex, int]
    initial_ttls: frozenset[int]
    is_host: bool | None

    def difference_from(self, other: _Features) -> Difference | None:
        """What shows that two vertices differ; None if they may be one router."""
        if None not in (self.is_host, other.is_host) and self.is_host != other.is_host:
            return Difference.DESTINATION
        ttls, others = self.initial_ttls, other.initial_ttls
        if ttls and others and ttls.isdisjoint(others):
            return Difference.INITIAL_TTL
        if self.after and other.after and self.after.keys().isdisjoint(other.after):
            counts = tuple(self.after.values()), tuple(other.after.values())
            return Difference.SUCCESSORS if chance_apart(*counts) <= _UNLIKELY else None
        return None


class Differences:
    """What distinguishes the branches of balancers, by all replies of a measurement."""

    def __init__(self, known: Known) -> None:
        self._graph = known.graph
        self._ttls: dict[Vertex, set[int]] = {}
        self._forwarding: set[Vertex] = set()
        self._hosts: set[Vertex] = set()
        vertices = Vertices(known.table.ends.places)
        for reply in known.record.outcomes:
            if not isinstance(reply, Reply):
                continue
            vertex = vertices.of(reply)
            if reply.kind is ReplyKind.TIME_EXCEEDED:
                self._forwarding.add(vertex)
                if reply.reply_ttl is not None:
                    self._ttls.setdefault(vertex, set()).add(reply.reply_ttl)
            elif reply.is_from(known.record.plan.destination) and not reply.is_refusal:
                self._hosts.add(vertex)

    def branches(self, successors: Sequence[Vertex]) -> Branches:
        """What is known of the branches that begin with these successors of a balancer."""
        features = {vertex: self._features(vertex) for vertex in successors}
        waiting, groups, found = list(successors), [], set[Difference]()
        while waiting:
            group, differences = [waiting.pop(0)], dict[Vertex, set[Difference]]()
            for vertex in group:  # which grows in the loop
                others, waiting = waiting, []
                for other in others:
                    difference = features[vertex].difference_from(features[other])
                    if difference is None:
                        group.append(other)
                    else:
                        waiting.append(other)
                        differences.setdefault(other, set()).add(difference)
            found.update(*(differences[other] for other in waiting))
            groups.append(tuple(sorted(group, key=lambda vertex: vertex.sort_key)))
        return Branches(
            tuple(group for group in groups if len(group) > 1),
            tuple(difference for difference in Difference if difference in found),
        )

    def _features(self, vertex: Vertex) -> _Features:
        after = {
            far: len(flows_of_edge(self._graph, vertex, far))
            for far in (self._graph.successors(vertex) if vertex in self._graph else ())
            if far.address is not None
        }
        is_host = None
        if (vertex in self._hosts) != (vertex in self._forwarding):
            is_host = vertex in self._hosts
        return _Features(after, frozenset(map(initial_ttl, self._ttls.get(vertex, ()))), is_host)


def initial_ttl(reply_ttl: int) -> int:
    """The TTL with which a reply left that arrives with `reply_ttl`, if it passed few routers.

    >>> initial_ttl(250), initial_ttl(60), initial_ttl(64)
    (255, 64, 64)
    """
    return next(initial for initial in _INITIAL_TTLS if reply_ttl <= initial)
