"""Adds looked-up facts about their interfaces to traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mda.loading import load
from mda.model import Reply
from paris.lookup.registry import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from mda.model import IPAddress, Outcome
    from mda.record import Table
    from mda.trace import Trace
    from paris.lookup.registry import Asked


class Search(Protocol):
    """See `paris.lookup.registry.Lookup`."""

    def expect(self, address: IPAddress) -> None:
        """Begin to search for what will be wanted."""

    def find(
        self, addresses: Iterable[IPAddress], say: Callable[[str], None]
    ) -> Mapping[IPAddress, str]:
        """A text for each address that is known in time."""
        ...


class Facts:
    """What `lookups` find; `say` takes a line about what could not be looked up."""

    def __init__(self, lookups: Sequence[Asked], say: Callable[[str], None]) -> None:
        self._lookups = lookups
        self._say = say
        self._searches: dict[str, Search] | None = None

    def check(self) -> None:
        """Raise a ParisTraceError where a lookup cannot use the values that the user gave it."""
        for lookup, values in self._lookups:
            if lookup.values is not None and (values or not lookup.usual):
                load(lookup.values.checker)(values, self._say)

    def expect(self, outcome: Outcome) -> None:
        """Begin to search for what is slow to find about who replied."""
        if isinstance(outcome, Reply):
            for search in self._begun().values():
                search.expect(outcome.responder)

    def added_to(self, traces: Sequence[Trace]) -> list[Trace]:
        """The traces with what is found about their interfaces, in place of earlier finds.

        Each interface is looked up once, whichever traces it is in.
        """
        interfaces = sorted({own for trace in traces for own in _interfaces(trace)}, key=int)
        searches = self._begun()
        found = {
            lookup.name: searches[lookup.name].find(interfaces, self._say)
            if lookup.search
            else load(lookup.finder)(interfaces, values, self._say)
            for lookup, values in self._lookups
        }
        tables = {
            lookup.name: load(lookup.tables)(values)
            for lookup, values in self._lookups
            if lookup.tables
        }
        return [_with(trace, found, tables) for trace in traces]

    def _begun(self) -> Mapping[str, Search]:
        if self._searches is None:
            self._searches = {
                lookup.name: load(lookup.search)(values)
                for lookup, values in self._lookups
                if lookup.search
            }
        return self._searches


def _interfaces(trace: Trace) -> set[IPAddress]:
    """The addresses of all vertices but the source."""
    addresses = {vertex.address for vertex in trace.dag if vertex.address is not None}
    return addresses - {trace.plan.source}


def _with(
    trace: Trace,
    found: Mapping[str, Mapping[IPAddress, str]],
    tables: Mapping[str, tuple[Table, ...]],
) -> Trace:
    """The trace with what was found of the interfaces that it has, and in which tables."""
    interfaces = _interfaces(trace)
    facts = {
        name: {address: text for address, text in texts.items() if address in interfaces}
        for name, texts in found.items()
    }
    names = facts.pop(NAMES, trace.names)
    return trace.replace(
        names=names, facts={**trace.facts, **facts}, tables={**trace.tables, **tables}
    )


def without_facts(trace: Trace, names: Collection[str]) -> Trace:
    """The trace without the facts of the lookups with these names."""
    kept = {name: texts for name, texts in trace.facts.items() if name not in names}
    tables = {name: own for name, own in trace.tables.items() if name not in names}
    return trace.replace(names={} if NAMES in names else trace.names, facts=kept, tables=tables)
