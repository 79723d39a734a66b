"""Hosts that seem to copy the TTL of a probe into their reply, and how far away they are.

The reply to a probe that barely arrives then dies on the way back, so hops before such a host seem
silent that do not exist: the last half of the path seems to be missing. How far away the host is
follows from what it quotes. Without a quote it is half of the way there and back, if these are
equally long, and a host whose last hop before answered copies nothing: its TTL was low by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.answers.distances import copies_ttl
from mda.model import Reply, Vertex

if TYPE_CHECKING:
    from mda.findings.known import Known


class CopiedTtl(NamedTuple):
    """The host at `vertex` seems to copy TTLs, and to be `distance` hops away.

    The distance `is_quoted`, or else assumes that the way back is as long as the way there.
    """

    vertex: Vertex
    distance: int
    is_quoted: bool

    @property
    def is_nearer(self) -> bool:
        """Whether the host is nearer than where it is drawn."""
        return self.distance < self.vertex.ttl


def copied_ttls(known: Known) -> tuple[CopiedTtl, ...]:
    """Every such host, in the graph's order, by its reply to the probe with the smallest TTL."""
    table, places, found = known.table, known.table.ends.places, dict[Vertex, CopiedTtl]()
    copied = (own for own in known.plain if isinstance(own, Reply) and copies_ttl(own))
    for reply in sorted(copied, key=lambda own: own.request.ttl):
        flow, ttl, _ = reply.request
        left = reply.quoted_ttl
        if left is None and flow in table.hop(ttl - 1).answers:
            continue
        vertex = Vertex.of(places[reply.request], reply)
        distance = (ttl + 1) // 2 if left is None else ttl - left + 1
        found.setdefault(vertex, CopiedTtl(vertex, distance, left is not None))
    return tuple(found[vertex] for vertex in known.graph if vertex in found)
