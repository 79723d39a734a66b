"""Finds the way out of this machine that a program's packets would take, flow by flow.

Linux may spread connections over several next hops, and policy rules may choose by source,
protocol, ports, mark or user. A raw datagram is routed by none of these.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from mda.model import Way
from paris.errors import WithheldError
from paris.lookup import connecting
from paris.packets import numbers
from paris.packets.protocols import Protocol
from paris.packets.ways import Ways
from paris.wire.linux import netlink, routes
from paris.wire.linux.routes import Question

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.flows import Flows
    from paris.wire.linux.routes import Route

# What the kernel looks up for an echo request in IPv6: type and code, where others have ports.
_ECHO6_WORD: Final = numbers.ECHO_REQUEST[6] << 8


class _Chooser:
    """Chooses the ways of flows as this machine's kernel would for a program.

    `common` holds what all flows have in common, the source only if the user chose it. Without
    `by_fields` only addresses matter.
    """

    def __init__(self, common: Question, *, by_fields: bool) -> None:
        self._common = common
        self._by_fields = by_fields
        self._known: dict[Question, Way] = {}

    def way(self, headers: FlowHeaders, own_source: IPAddress | None) -> Way:
        """The way of a flow; see Ways. Raises WithheldError if none leads to its destination."""
        question = self._common._replace(destination=headers.destination)
        if own_source is not None:
            question = question._replace(source=own_source)
        if self._by_fields:
            question = _with_fields(question, headers)
        way = self._known.get(question)
        if way is None:
            way = self._known[question] = _way(question, headers)
        return way


def with_chosen(
    flows: Flows, *, asked: IPAddress | None, interface: str | None, mark: int
) -> Flows:
    """The same flows with their ways and sources.

    `asked` and `interface` are the source and the interface that the user chose, `mark` the mark, 0
    for none. The source is that of flow 0, if any way leads to the destination.
    """
    index = 0 if interface is None else socket.if_nametoindex(interface)
    common = Question(flows.destination, asked, interface=index, mark=mark)
    first = flows.first
    question = _with_fields(common, first)
    _, by_fields = netlink.rules(flows.source.version)
    # Once the source is known, a rule may lead to another route.
    differ = by_fields or any(
        routes.has_choice(question._replace(source=source)) for source in (asked, flows.source)
    )
    ways = Ways({}, _Chooser(common, by_fields=differ).way, differ=differ)
    source = flows.replace(ways=ways).headers(0).source
    return flows.replace(source=source, ways=ways)


def _with_fields(question: Question, headers: FlowHeaders) -> Question:
    """The question with what else routing may read of a program's packets."""
    version = headers.destination.version
    sport, dport = headers.sport or 0, headers.dport or 0
    if headers.protocol is Protocol.ICMP and version == 6:
        sport = _ECHO6_WORD
    return question._replace(
        protocol=headers.protocol.number(version),
        sport=sport,
        dport=dport,
        traffic_class=headers.traffic_class,
        flow_label=headers.flow_label,
    )


def _way(question: Question, headers: FlowHeaders) -> Way:
    route = _route(question)
    source = question.source or (route and route.source) or headers.source
    if question.source is None and connecting.is_needed(source.version):
        source = connecting.source_of(question) or source
    if question.source is None and (route is None or _is_routed_twice(question, route, headers)):
        # In IPv6 some routes are for some sources only.
        route = _route(question._replace(source=source))
    if route is None:
        raise WithheldError(f"no route to {headers.destination}", "no route", is_route=True)
    return Way(source, socket.if_indextoname(route.interface), route.gateway)


def _route(question: Question) -> Route | None:
    """The route, which keeps to the interface that a socket is bound to."""
    route = routes.route(question)
    if question.source is not None and route is not None and _is_elsewhere(question, route):
        # In IPv6 the kernel lets only questions without a source keep to an interface.
        kept = routes.route(question._replace(source=None))
        if kept is not None and not _is_elsewhere(question, kept):
            return kept
    return route


def _is_elsewhere(question: Question, route: Route) -> bool:
    """Whether the route leaves by another interface than asked: by one of a VRF's, if not wrong."""
    return question.interface not in (0, route.interface)


def _is_routed_twice(question: Question, route: Route, headers: FlowHeaders) -> bool:
    """Whether a connection is routed again once its source is known."""
    if headers.source.version == 4:
        return headers.protocol is not Protocol.ICMP
    # What a UDP connection knows of its route does not count in a VRF.
    return headers.protocol is Protocol.UDP and _is_elsewhere(question, route)
