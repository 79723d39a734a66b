"""The words for how many hops away a host is, where replies may show a wrong distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from render.words.quantities import count

if TYPE_CHECKING:
    from collections.abc import Collection

    from mda.findings.copied_ttls import CopiedTtl
    from mda.trace import Trace


def hops_to(trace: Trace, ttls: Collection[int]) -> str:
    """The hops to the destination, whose vertices are at these TTLs."""
    return f"{number_of_hops(trace, ttls)} {'hop' if max(ttls) == 1 else 'hops'}"


def number_of_hops(trace: Trace, ttls: Collection[int]) -> str:
    """The same without the unit."""
    nearest, farthest = min(ttls), max(ttls)
    several = f"{nearest} to {farthest}" if nearest < farthest else f"{farthest}"
    if trace.may_be_farther or hides_host(trace):
        return f"at least {several}"
    return f"at most {farthest}" if is_at_most(trace) else several


def is_at_most(trace: Trace) -> bool:
    """Whether the destination may be nearer than it is drawn: see also its answers' TTLs."""
    if trace.may_be_nearer or not trace.plan.probing.is_to_service:
        return trace.may_be_nearer
    from mda.service.impostors import may_be_nearer  # few traces have a verdict
    from mda.service.verdict import verdict

    found = verdict(trace)
    return found is not None and may_be_nearer(trace, found.passing)


def hides_host(trace: Trace) -> bool:
    """Whether resets of something nearer hide at which hop a service is."""
    if not trace.plan.probing.is_to_service:
        return False
    from mda.service.verdict import verdict  # few traces have one

    found = verdict(trace)
    return found is not None and found.resets is not None and found.resets.hides_host


def copied_ttl(found: CopiedTtl) -> str:
    """What it means that a host copies the TTL of probes."""
    hops = count(found.distance, "hop", "hops")
    known = "by what it quotes" if found.is_quoted else "if replies take the way of the probes"
    return (
        f"{found.vertex.address} seems to copy the TTL of a probe into its reply: "
        f"it is {hops} away {known}, and the silent hops from there on do not exist"
    )
