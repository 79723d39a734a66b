"""MPLS tunnels whose routers quote labels (RFC 4950), from the first such router on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.findings.changes.base import Change, Kind
from mda.findings.changes.beginnings import beginnings, values_of

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
