"""Adds looked-up facts about their interfaces to traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.loading import load
from paris.lookup.registry import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from mda.model import IPAddress
    from mda.trace import Trace
    from paris.lookup.registry import Asked


def check(lookups: Iterable[Asked], say: Callable[[str], None]) -> None:
    """Raise a ParisTraceError where a lookup cannot use the values that the user gave it."""
    for lookup, values in lookups:
        if lookup.values is not None and (values or not lookup.usual):
            load(lookup.values.checker)(values, say)


def with_facts(
    traces: Sequence[Trace], lookups: Iterable[Asked], say: Callable[[str], None]
) -> list[Trace]:
    """The traces with what `lookups` find about their interfaces, in place of earlier finds.

    Each interface is looked up once, whichever traces it is in. `say` takes a line about what
    could not be looked up.
    """
    interfaces = sorted({own for trace in traces for own in _interfaces(trace)}, key=int)
    found = {
        lookup.name: load(lookup.finder)(interfaces, values, say) for lookup, values in lookups
    }
    return [_with(trace, found) for trace in traces]


def _interfaces(trace: Trace) -> set[IPAddress]:
    """The addresses of all vertices but the source."""
    addresses = {vertex.address for vertex in trace.dag if vertex.address is not None}
    return addresses - {trace.plan.source}


def _with(trace: Trace, found: Mapping[str, Mapping[IPAddress, str]]) -> Trace:
    """The trace with what was found of the interfaces that it has."""
    interfaces = _interfaces(trace)
    facts = {
        name: {address: text for address, text in texts.items() if address in interfaces}
        for name, texts in found.items()
    }
    names = facts.pop(NAMES, trace.names)
    return trace.replace(names=names, facts={**trace.facts, **facts})


def without_facts(trace: Trace, names: Collection[str]) -> Trace:
    """The trace without the facts of the lookups with these names."""
    kept = {name: texts for name, texts in trace.facts.items() if name not in names}
    return trace.replace(names={} if NAMES in names else trace.names, facts=kept)
