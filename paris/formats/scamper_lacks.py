"""What scamper's formats have no place for, of a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.variants import plain_outcomes
from paris.formats import lacks
from paris.formats.readers.scamper import TRACE
from paris.formats.scamper_lattice import lattice
from paris.formats.scamper_terms import keeps_flows, single_path, terms

if TYPE_CHECKING:
    from mda.trace import Trace

_BY_BOTH: Final = {lacks.LOSSES, lacks.BY_TCP, lacks.NAMES}
_BY_TRACE: Final = {lacks.BY_UDP, lacks.MTUS, lacks.STOP}


def of_warts(trace: Trace) -> tuple[str, ...]:
    """What warts has no place for, in words."""
    return _lacking(trace, lacks.INTERFACES)


def of_json(trace: Trace) -> tuple[str, ...]:
    """What scamper's JSON has no place for, in words."""
    is_icmp = trace.plan.probing.protocol == "icmp"
    return (*_lacking(trace), *(("the echo identifier",) if is_icmp else ()))


def _lacking(trace: Trace, *kept: str) -> tuple[str, ...]:
    if terms(trace).kind == TRACE:
        last_ttl, _ = single_path(trace)
        beyond = sum(own.request.ttl > last_ttl for own in plain_outcomes(trace.outcomes))
        own = (f"probes beyond the last hop ({beyond})",) if beyond else ()
        own = own if keeps_flows(trace) else (*own, "the order of the probes")
        return (*own, *lacks.of(trace, _BY_BOTH | _BY_TRACE | {*kept}))
    first = len(lattice(trace).left_out)
    own = (f"probes to the first hop, other than who replied ({first})",) if first else ()
    return (*own, *lacks.of(trace, _BY_BOTH | {*kept}))
