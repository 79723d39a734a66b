"""Adds looked-up facts about its interfaces to a trace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mda.loading import load
from paris.lookup.registry import NAMES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mda.trace import Trace
    from paris.lookup.registry import Lookup


def with_facts(trace: Trace, lookups: Iterable[Lookup]) -> Trace:
    """The trace with what `lookups` find about its interfaces, in place of their earlier finds."""
    addresses = {vertex.address for vertex in trace.dag if vertex.address is not None}
    addresses.discard(trace.plan.source)
    interfaces = sorted(addresses, key=int)
    found = {row.name: load(row.finder)(interfaces) for row in lookups}
    names = found.pop(NAMES, trace.names)
    return replace(trace, names=names, facts={**trace.facts, **found})


def without_facts(trace: Trace, names: Collection[str]) -> Trace:
    """The trace without the facts of the lookups with these names."""
    kept = {name: texts for name, texts in trace.facts.items() if name not in names}
    return replace(trace, names={} if NAMES in names else trace.names, facts=kept)
