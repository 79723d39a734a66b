"""Checks what a schema cannot: that the values of a file agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.model import Reply
from mda.studies.registry import named
from paris.errors import FormatError, SettingsError
from paris.packets.flows import Flows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import Way
    from mda.plan import Plan
    from mda.record import Record


def flows_of(plan: Plan, taken: Mapping[int, Way], place: str) -> Flows:
    """The flows of a plan and of the ways that they took.

    Raises FormatError with `place`, the file's name, if no probes could have such headers.
    """
    version, probing = plan.source.version, plan.probing
    if plan.first_ttl > plan.max_ttl:
        raise FormatError(f"{place}: plan: first_ttl {plan.first_ttl} is beyond {plan.max_ttl}")
    if (probing.dport is None) != (probing.protocol == "icmp"):
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
    except (SettingsError, ValueError) as error:
        raise FormatError(f"{place}: plan: {error}") from None
    return flows


def check(record: Record, place: str) -> None:
    """Check a record as it was read. Raises FormatError with `place`, the file's name."""
    flows = flows_of(record.plan, record.ways, place)
    version, known = record.plan.source.version, set[int]()
    for outcome in (*record.outcomes, *record.unresolved):
        flow, ttl, attempt = outcome.request
        probe = f"the probe with flow {flow}, TTL {ttl}, attempt {attempt}"
        if flow not in known:
            try:
                flows.headers(flow)
            except ValueError as error:
                raise FormatError(f"{place}: outcomes: {probe}: {error}") from None
            known.add(flow)
        if isinstance(outcome, Reply) and outcome.responder.version != version:
            raise FormatError(
                f"{place}: outcomes: {probe}: responder {outcome.responder} is not IPv{version}"
            )
