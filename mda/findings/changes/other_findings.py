"""Changes that other findings show already: forwarded expired packets, and copied TTLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.answers.graph import flows_of
from mda.findings.changes.base import Change, Kind
from mda.findings.loops import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.findings.changes.base import Seen


def zero_ttls(seen: Seen) -> Iterator[Change]:
    """Routers that quote a TTL of 0, then 1: the one before forwards what has expired."""
    for revisit in seen.revisits:
        if revisit.cause is Cause.EXPIRED_PASSED_ON:
            first = next(
                vertex for vertex in seen.dag
                if (vertex.ttl, vertex.address) == (revisit.ttls[0], revisit.address)
            )  # fmt: skip
            before = tuple(seen.dag.predecessors(first))
            yield Change(Kind.ZERO_TTL, before, (first,), revisit.flows, "1", "0")


def copied(seen: Seen) -> Iterator[Change]:
    """Hosts that copy the TTL of a probe, with their distance in `hops`."""
    for own in seen.copied_ttls:
        vertex = own.vertex
        before = tuple(seen.dag.predecessors(vertex))
        flows = flows_of(seen.dag, vertex)
        yield Change(Kind.COPIED_TTL, before, (vertex,), flows, hops=own.distance)
