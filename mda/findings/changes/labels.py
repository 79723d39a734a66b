"""MPLS tunnels whose routers quote labels (RFC 4950), from the first such router on.

Where the packet's TTL is propagated to its labels, both expire at once, so the upper label is
quoted with a TTL of 1. A label with more was pushed with another TTL, mostly 255: probes do not
expire before that hop of the tunnel ("opaque": Donnet et al., CCR 2012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.findings.changes.base import Change, Kind
from mda.findings.changes.beginnings import beginnings, values_of
from mda.findings.changes.quoted_ttls import hidden_hops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.findings.changes.base import Seen


def labels(seen: Seen) -> Iterator[Change]:
    """Where quotes begin to show a label stack; a router may swap its labels for others."""
    if not any(reply.mpls for own in seen.replies.values() for reply in own):
        return
    values = values_of(seen, lambda _, reply: "/".join(str(own.label) for own in reply.mpls))
    for found in beginnings(seen, values, ""):
        if found.behind:
            before, behind = str(found.before), str(found.behind)
            yield Change(
                Kind.EXPLICIT_TUNNEL, found.after, found.vertices, found.flows, before, behind
            )


def label_ttls(seen: Seen) -> Iterator[Change]:
    """Where quotes begin to show an upper label that has TTL left."""
    values = values_of(seen, lambda _, reply: reply.label_ttl_left)
    for found in beginnings(seen, values, 0):
        if left := int(found.behind):
            yield Change(
                Kind.LABEL_TTL, found.after, found.vertices, found.flows, "", str(left),
                hops=hidden_hops(left),
            )  # fmt: skip
