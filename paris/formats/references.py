"""Checks what a schema cannot: that the values of a file agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.model import Reply
from mda.studies.registry import named
from paris.errors import FormatError
from paris.packets.flows import Flows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.model import ProbeRequest, Way
    from mda.plan import Plan
    from mda.record import Record


def flows_of(plan: Plan, taken: Mapping[int, Way], place: str) -> Flows:
    """The flows of a plan and of the ways that they took.

    Raises FormatError with `place`, the file's name, if no probes could have such headers.
    """
    version, probing = plan.source.version, plan.probing
    if plan.first_ttl > plan.max_ttl:
        raise FormatError(f"{place}: plan: first_ttl {plan.first_ttl} is beyond {plan.max_ttl}")
    are_unknown = probing.sport is None and probing.dport is None
    if (probing.dport is None) != (probing.protocol == "icmp") and not are_unknown:
        raise FormatError(f"{place}: plan: dport {probing.dport} does not fit {probing.protocol}")
    if (probing.prefix_len or 0) > plan.source.max_prefixlen:
        raise FormatError(f"{place}: plan: prefix_len {probing.prefix_len} is too long")
    for own in (*probing.sources, *(way.source for way in taken.values())):
        if own.version != version:
            raise FormatError(f"{place}: source {own} is not IPv{version}, as {plan.source} is")
    for study, argument in plan.studies.items():
        if named(study).argument and argument is None:
            raise FormatError(f"{place}: plan: {study!r} is among the studies, but has no value")
    try:
        flows = Flows.of(plan, taken)
        for flow in taken:
            flows.headers(flow)
    except ValueError as error:
        raise FormatError(f"{place}: plan: {error}") from None
    return flows


def check_requests(requests: Iterable[ProbeRequest], flows: Flows, place: str) -> None:
    """Check that probes can carry the flows of all requests. Raises FormatError with `place`."""
    known = set[int]()
    for request in requests:
        if request.flow not in known:
            try:
                flows.headers(request.flow)
            except ValueError as error:
                raise FormatError(f"{place}: {_words(request)}: {error}") from None
            known.add(request.flow)


def check(record: Record, place: str) -> None:
    """Check a record as it was read. Raises FormatError with `place`, the file's name."""
    flows, version = flows_of(record.plan, record.ways, place), record.plan.source.version
    known = (*record.outcomes, *record.unresolved)
    check_requests((outcome.request for outcome in known), flows, place)
    for outcome in record.outcomes:
        if isinstance(outcome, Reply) and outcome.responder.version != version:
            raise FormatError(
                f"{place}: {_words(outcome.request)}: "
                f"responder {outcome.responder} is not IPv{version}"
            )


def _words(request: ProbeRequest) -> str:
    return f"the probe with flow {request.flow}, TTL {request.ttl}, attempt {request.attempt}"
