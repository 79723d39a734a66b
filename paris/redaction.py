"""Traces with other addresses, names and labels, the same everywhere, so that they can be shared.

What is measured, and all that follows from it, stays: who is the same, at which hops, when. See
docs/decisions/0043-redaction-renames-the-record.md.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, TypeVar

from mda.comparison import Comparison, compare
from mda.difference import Difference, difference
from mda.model import NOBODYS, Reply, Vertex
from mda.multiplex import of_others
from mda.record import Record
from mda.trace import Trace
from paris.packets.payloads import HEX
from paris.sim.topology_file import samples

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from mda.model import InterfaceInfo, IPAddress, MplsEntry, Outcome, Way
    from mda.plan import Plan, WireReport
    from mda.record import Control
    from mda.rounds import Rounds

_Key = TypeVar("_Key", bound="Hashable")

#: Stands for the name or address that the user traced; no host can have such a name.
HOST: Final = "a redacted host"
_NETWORK: Final = "a file"  # stands for that of a simulated network
# New addresses count from these: reserved (RFC 1112), documentation (RFC 3849), link-local.
_RESERVED: Final = IPv4Address("240.0.0.0")
_DOCUMENTATION: Final = IPv6Address("2001:db8::")
_OF_LINKS: Final = IPv6Address("fe80::")
_FIRST_LABEL: Final = 16  # those below mean the same everywhere (RFC 3032 section 2.1)
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]*[:.][0-9A-Fa-f:.]*[0-9A-Fa-f]")


def redacted(found: Trace | Comparison | Difference) -> Trace | Comparison | Difference:
    """The same findings with other addresses, names and labels; equal ones stay equal."""
    if isinstance(found, Trace):
        return _traces([found])[0]
    if isinstance(found, Comparison):
        records = _records([view.trace for view in found.views])
        outcomes = [record.outcomes for record in records]
        names = (view.name for view in found.views)
        return compare(
            [
                (name, Trace.of(record.replace(others=tuple(of_others(outcomes, number)))))
                for number, (name, record) in enumerate(zip(names, records, strict=True))
            ]
        )
    return difference(*_traces([found.before.trace, found.after.trace]))


def _traces(traces: Sequence[Trace]) -> list[Trace]:
    return [Trace.of(record) for record in _records(traces)]


def _records(traces: Sequence[Trace]) -> list[Record]:
    renaming = _Renaming(traces)
    return [renaming.record(trace) for trace in traces]


class _Numbers(dict[_Key, int]):
    """A number from 1 for each key, in the order in which they are first asked for."""

    def __missing__(self, key: _Key) -> int:
        self[key] = len(self) + 1
        return self[key]


class _Renaming:
    """What stands for each address, interface and label of some traces.

    Addresses are numbered hop by hop, and at a hop in their own order: so branches and paths keep
    their numbers.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._addresses: _Numbers[IPAddress] = _Numbers()
        self._interfaces: _Numbers[str] = _Numbers()
        self._indexes: _Numbers[int] = _Numbers()
        self._labels: _Numbers[int] = _Numbers()
        self._distinctions: dict[str, str] = {}
        for record in records:
            self.address(record.plan.source)
        replies = (
            own
            for record in records
            for own in (*record.outcomes, *record.others)
            if isinstance(own, Reply)
        )
        hops = {(own.request.ttl, int(own.responder), own.responder) for own in replies}
        for _, _, address in sorted(hops, key=lambda hop: hop[:2]):
            self.address(address)

    def address(self, own: IPAddress) -> IPAddress:
        """What stands for an address; those that are nobody's stay."""
        if own == NOBODYS or own.is_unspecified:
            return own
        if own.version == 6 and own.is_link_local:
            return _OF_LINKS + self._addresses[own]
        if own.version == 6:
            return _DOCUMENTATION + self._addresses[own]
        return _RESERVED + self._addresses[own]

    def interface(self, name: str) -> str:
        """What stands for the name of an interface."""
        return f"if{self._interfaces[name]}" if name else name

    def text(self, text: str) -> str:
        """A text with what stands for the addresses in it."""

        def other(match: re.Match[str]) -> str:
            try:
                return str(self.address(ip_address(match[0])))
            except ValueError:  # as a time
                return match[0]

        return _ADDRESS.sub(other, text)

    def record(self, record: Record) -> Record:
        """A record without anything that says where it was measured."""
        values = {name: getattr(record, name) for name in Record.field_names()}
        values |= {
            "plan": self._plan(record.plan),
            "outcomes": tuple(map(self._outcome, record.outcomes)),
            "others": tuple(map(self._outcome, record.others)),
            "wire": self._wire(record.wire),
            "names": {},
            "facts": {},
            "tables": {},
            "ways": {flow: self._way(way) for flow, way in record.ways.items()},
            "controls": tuple(map(self._control, record.controls)),
            "addresses": tuple(map(self.address, record.addresses)),
            "rounds": None if record.rounds is None else self._rounds(record.rounds),
        }
        return Record(**values)

    def _plan(self, plan: Plan) -> Plan:
        probing, network = plan.probing, plan.network
        is_own_payload = probing.payload is not None and probing.payload.startswith(HEX)
        return plan.replace(
            host=HOST,
            source=self.address(plan.source),
            destination=self.address(plan.destination),
            zone=None if plan.zone is None else self.interface(plan.zone),
            network=network if network is None or network in samples() else _NETWORK,
            studies={
                name: None if own is None else self.text(own) for name, own in plan.studies.items()
            },
            probing=probing._replace(
                sources=tuple(map(self.address, probing.sources)),
                mark=0,
                interface=None if probing.interface is None else self.interface(probing.interface),
                asked_source=None
                if probing.asked_source is None
                else self.address(probing.asked_source),
                payload=None if is_own_payload else probing.payload,
            ),
        )

    def _outcome(self, outcome: Outcome) -> Outcome:
        if not isinstance(outcome, Reply):
            return outcome
        shown = dict(zip(outcome.changed, outcome.shown, strict=False))
        if "source" in shown:
            shown["source"] = self.text(shown["source"])
        if "payload" in shown:
            shown["payload"] = ""
        reply = outcome._replace(
            responder=self.address(outcome.responder),
            reply_ip_id=None,  # a counter of the router, by which it can be known
            mpls=tuple(map(self._label, outcome.mpls)),
            interfaces=tuple(map(self._info, outcome.interfaces)),
            unread=(),
            shown=tuple(shown.values()),
        )
        if outcome.distinction:
            self._distinctions[outcome.distinction] = reply.distinction
        return reply

    def _label(self, entry: MplsEntry) -> MplsEntry:
        if entry.label < _FIRST_LABEL:
            return entry
        return entry._replace(label=_FIRST_LABEL - 1 + self._labels[entry.label])

    def _info(self, info: InterfaceInfo) -> InterfaceInfo:
        return info._replace(
            ifindex=self._indexes[info.ifindex] if info.ifindex else info.ifindex,
            address=None if info.address is None else self.address(info.address),
            name=None if info.name is None else self.interface(info.name),
        )

    def _wire(self, wire: WireReport) -> WireReport:
        return wire._replace(
            withheld=tuple(own._replace(reason=self.text(own.reason)) for own in wire.withheld)
        )

    def _way(self, way: Way) -> Way:
        return way._replace(
            source=self.address(way.source),
            interface=self.interface(way.interface),
            gateway=None if way.gateway is None else self.address(way.gateway),
        )

    def _control(self, control: Control) -> Control:
        return control._replace(
            address=None if control.address is None else self.address(control.address),
            via=tuple(map(self.address, control.via)),
        )

    def _rounds(self, rounds: Rounds) -> Rounds:
        return rounds._replace(
            paths=tuple(
                path._replace(vertices=tuple(map(self._vertex, path.vertices)))
                for path in rounds.paths
            ),
            vertices={self._vertex(own): figures for own, figures in rounds.vertices.items()},
            links={
                (self._vertex(near), self._vertex(far)): figures
                for (near, far), figures in rounds.links.items()
            },
            changes=tuple(
                own._replace(before=self._vertex(own.before), after=self._vertex(own.after))
                for own in rounds.changes
            ),
            outages=tuple(own._replace(reason=self.text(own.reason)) for own in rounds.outages),
        )

    def _vertex(self, vertex: Vertex) -> Vertex:
        if vertex.address is None:
            return vertex
        interface = self._distinctions.get(vertex.interface) or self.interface(vertex.interface)
        return Vertex(vertex.ttl, self.address(vertex.address), vertex.star, interface)
