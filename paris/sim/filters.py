"""What a filter does with a packet, by protocol and ports: its first rule that matches decides."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from paris.packets import numbers
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from paris.sim.balancers import HeaderFields

Ports = tuple[range, ...]


class Action(Enum):
    """What a rule does: it passes, drops, replies as the destination could, or refuses by ICMP."""

    PASS = "pass"
    DROP = "drop"
    RESET = "reset"
    ANSWER = "answer"
    NETWORK_UNREACHABLE = "network-unreachable"
    HOST_UNREACHABLE = "host-unreachable"
    PROTOCOL_UNREACHABLE = "protocol-unreachable"
    PORT_UNREACHABLE = "port-unreachable"
    SOURCE_ROUTE_FAILED = "source-route-failed"
    NETWORK_PROHIBITED = "network-prohibited"
    HOST_PROHIBITED = "host-prohibited"
    ADMIN_PROHIBITED = "admin-prohibited"
    PRECEDENCE_VIOLATION = "precedence-violation"
    PRECEDENCE_CUTOFF = "precedence-cutoff"
    BEYOND_SCOPE = "beyond-scope"
    SOURCE_REFUSED = "source-refused"
    ROUTE_REJECTED = "route-rejected"


# Those that are replies of TCP, in the name of the destination.
OF_TCP: Final = frozenset({Action.RESET, Action.ANSWER})
# The others' codes of "destination unreachable", by IP version (RFC 792, RFC 1812 section 5.2.7.1;
# RFC 4443 section 3.1).
CODES: Final[Mapping[Action, Mapping[int, int]]] = {
    Action.NETWORK_UNREACHABLE: {4: 0, 6: 0},
    Action.HOST_UNREACHABLE: numbers.HOST_UNREACHABLE,
    Action.PROTOCOL_UNREACHABLE: {4: 2},
    Action.PORT_UNREACHABLE: numbers.PORT_UNREACHABLE,
    Action.SOURCE_ROUTE_FAILED: {4: 5},
    Action.NETWORK_PROHIBITED: {4: 9},
    Action.HOST_PROHIBITED: {4: 10},
    Action.ADMIN_PROHIBITED: {4: 13, 6: 1},
    Action.PRECEDENCE_VIOLATION: {4: 14},
    Action.PRECEDENCE_CUTOFF: {4: 15},
    Action.BEYOND_SCOPE: {6: 2},
    Action.SOURCE_REFUSED: {6: 5},
    Action.ROUTE_REJECTED: {6: 6},
}
_NUMBERS: Final = {
    protocol: {protocol.number(version) for version in (4, 6)} for protocol in Protocol
}
_WITH_PORTS: Final = (numbers.TCP, numbers.UDP)


class Rule(NamedTuple):
    """The action on packets of `protocol` that go from one of `sport` to one of `dport`.

    None stands for all, and ports for those of TCP and UDP.
    """

    action: Action
    protocol: Protocol | None = None
    sport: Ports | None = None
    dport: Ports | None = None

    def matches(self, fields: HeaderFields) -> bool:
        """Whether the rule is about packets with these fields."""
        if self.protocol is not None and fields.protocol not in _NUMBERS[self.protocol]:
            return False
        return all(
            ports is None
            or (fields.protocol in _WITH_PORTS and any(port in some for some in ports))
            for ports, port in ((self.sport, fields.sport), (self.dport, fields.dport))
        )


def action_on(fields: HeaderFields, rules: Iterable[Rule]) -> Action:
    """What a filter does with packets with these fields; they pass where no rule matches."""
    return next((rule.action for rule in rules if rule.matches(fields)), Action.PASS)
