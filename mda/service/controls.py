"""What control probes say beside a trace to a service: which of them reach the host, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.record import Control, Fate
from mda.service.fates import drawn, endings

if TYPE_CHECKING:
    from mda.trace import Trace


def control(trace: Trace) -> Control:
    """What the trace of a control found."""
    plan, strongest = trace.plan, next(iter(endings(trace)), None)
    at = None if strongest is None or strongest.at == trace.origin else strongest.at
    ends = [reply for reply in trace.replies if reply.ends_path and drawn(trace, reply) == at]
    # A probe that only goes to the host shows where that is by the TTL that the reply quotes.
    is_far = at is not None and at.ttl == plan.first_ttl == plan.max_ttl
    is_nearer = any(own.vertex == at and own.is_nearer for own in trace.copied_ttls)
    return Control(
        name=plan.probing.service,
        probes=trace.probes_sent,
        fate=Fate.SILENT if strongest is None else strongest.fate,
        hop=None if at is None or is_far or is_nearer else at.ttl,
        address=None if at is None else at.address,
        reply_ttl=ends[0].reply_ttl if ends else None,
        via=tuple(
            vertex.address
            for vertex in trace.dag
            if vertex.address is not None and vertex not in (trace.origin, at)
        ),
    )
