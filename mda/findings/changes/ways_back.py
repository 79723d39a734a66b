"""Where replies begin to come back over more or fewer links than probes took, by their own TTL.

The TTL with which a reply left is guessed (`mda.answers.distances`). A jump may be a tunnel that
hides its hops, or another way back: the reply alone does not tell which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.answers.distances import links_more
from mda.findings.changes.base import Change, Kind
from mda.findings.changes.beginnings import beginnings, values_of
from mda.model import ReplyKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.findings.changes.base import Seen
    from mda.model import Reply, Vertex


def ways_back(seen: Seen) -> Iterator[Change]:
    """Where the difference between the way there and the way back changes.

    Addresses that reply at several hops are left out: theirs is not the distance of the hop. So are
    hosts that copy TTLs.
    """
    addresses = {revisit.address for revisit in seen.revisits}
    unlike = {vertex for vertex in seen.replies if vertex.address in addresses}
    unlike.update(own.vertex for own in seen.copied_ttls)

    def excess(vertex: Vertex, reply: Reply) -> int | None:
        is_expired = reply.kind is ReplyKind.TIME_EXCEEDED
        if vertex in unlike or not (is_expired or vertex in seen.arrivals):
            return None
        return links_more(reply, vertex.ttl)

    for found in beginnings(seen, values_of(seen, excess), 0):
        before, behind = int(found.before), int(found.behind)
        for vertex in found.vertices:
            yield Change(
                Kind.WAY_BACK, found.after, (vertex,), found.flows, f"{before:+d}", f"{behind:+d}",
                hops=vertex.ttl + behind,
            )  # fmt: skip
