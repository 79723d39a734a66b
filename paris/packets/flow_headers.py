"""The header values of one flow that routers may hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mda.model import HeaderField, IPAddress
    from paris.packets.protocols import Protocol


class FlowHeaders(NamedTuple):
    """The header values of one flow that routers may hash.

    Ports are None for ICMP; `icmp_checksum` is None for UDP and TCP; `flow_label` is 0 in IPv4.
    """

    source: IPAddress
    destination: IPAddress
    protocol: Protocol
    sport: int | None
    dport: int | None
    icmp_checksum: int | None
    traffic_class: int
    flow_label: int

    def value(self, field: HeaderField) -> int:
        """The value of a field that numbers flows."""
        number: int = getattr(self, field.attribute)
        return number

    def having(self, field: HeaderField, value: object) -> FlowHeaders:
        """The same headers with another value in a field."""
        changed: dict[str, Any] = {field.attribute: value}
        return self._replace(**changed)
