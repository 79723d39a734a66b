"""Which header field carries the flow: flow numbers to header values, and back.

What a per-flow balancer hashes is source and destination address, protocol, and what stands in
the first four bytes after the IP header: the ports of UDP and TCP, type, code and checksum of
ICMP. Some hash the IPv6 flow label instead or as well. One of these carries the flow number, all
others are the same in every probe.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from paris.errors import SettingsError

if TYPE_CHECKING:
    from mda.model import IPAddress


class Protocol(Enum):
    """What a probe is."""

    UDP = "udp"
    ICMP = "icmp"
    TCP = "tcp"

    def number(self, version: int) -> int:
        """The IANA protocol number in IP of that version."""
        if self is Protocol.ICMP:
            return 1 if version == 4 else 58
        return 17 if self is Protocol.UDP else 6


class FlowField(Enum):
    """The header field whose value numbers the flows."""

    SPORT = "sport"
    DPORT = "dport"
    ICMP_CHECKSUM = "icmp-checksum"
    FLOW_LABEL = "flow-label"


# For each field, the highest value that can be sent. A checksum of 0xFFFF equals 0, which UDP
# reserves and middleboxes normalise.
_HIGHEST: Final = {
    FlowField.SPORT: 0xFFFF,
    FlowField.DPORT: 0xFFFF,
    FlowField.ICMP_CHECKSUM: 0xFFFE,
    FlowField.FLOW_LABEL: 0xFFFFF,
}
_ICMP_CHECKSUM: Final = 1  # of flow 0


@dataclass(frozen=True, slots=True)
class FlowHeaders:
    """What routers may hash, for one flow, beside addresses, protocol and traffic class.

    Ports are None for ICMP, `icmp_checksum` for the others; `flow_label` is 0 in IPv4.
    """

    sport: int | None
    dport: int | None
    icmp_checksum: int | None
    flow_label: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPlan:
    """The header values of all flows of a run: flow 0 has the given ones.

    For ICMP `sport` is the echo identifier and `dport` unused. Raises SettingsError for
    combinations that cannot be sent, with what would work.
    """

    source: IPAddress
    destination: IPAddress
    protocol: Protocol
    field: FlowField
    sport: int
    dport: int
    traffic_class: int = 0
    flow_label: int = 0

    def __post_init__(self) -> None:
        if self.source.version != self.destination.version:
            raise SettingsError(
                f"source {self.source} and destination {self.destination} "
                "are not of the same IP version"
            )
        if self.source.version == 4 and (self.field is FlowField.FLOW_LABEL or self.flow_label):
            raise SettingsError(f"{self.destination} is IPv4, which has no flow label")
        for name, value, highest in (
            ("source port", self.sport, 0xFFFF),
            ("destination port", self.dport, 0xFFFF),
            ("traffic class", self.traffic_class, 0xFF),
            ("flow label", self.flow_label, 0xFFFFF),
        ):
            if not 0 <= value <= highest:
                raise SettingsError(f"{name} must be from 0 to {highest}, not {value}")
        allowed = [FlowField.SPORT, FlowField.DPORT]
        if self.protocol is Protocol.ICMP:
            allowed = [FlowField.ICMP_CHECKSUM]
        if self.source.version == 6:
            allowed.append(FlowField.FLOW_LABEL)
        if self.field not in allowed:
            names = " or ".join(field.value for field in allowed)
            raise SettingsError(
                f"--flow-field {self.field.value} does not go with "
                f"{self.protocol.value.upper()} over IPv{self.source.version}; use {names}"
            )

    @property
    def capacity(self) -> int:
        """How many flows there are: their numbers are 0 to one less."""
        return _HIGHEST[self.field] - self._first + 1

    @property
    def _first(self) -> int:
        """The value of the flow field in flow 0."""
        match self.field:
            case FlowField.SPORT:
                return self.sport
            case FlowField.DPORT:
                return self.dport
            case FlowField.ICMP_CHECKSUM:
                return _ICMP_CHECKSUM
            case FlowField.FLOW_LABEL:
                return self.flow_label

    def headers(self, flow: int) -> FlowHeaders:
        """The header values of a flow. Raises ValueError beyond `capacity`."""
        if not 0 <= flow < self.capacity:
            raise ValueError(f"flow {flow} is not one of {self.capacity}")
        has_ports = self.protocol is not Protocol.ICMP
        value = self._first + flow
        sport = value if self.field is FlowField.SPORT else self.sport
        dport = value if self.field is FlowField.DPORT else self.dport
        icmp = value if self.field is FlowField.ICMP_CHECKSUM else _ICMP_CHECKSUM
        return FlowHeaders(
            sport=sport if has_ports else None,
            dport=dport if has_ports else None,
            icmp_checksum=None if has_ports else icmp,
            flow_label=value if self.field is FlowField.FLOW_LABEL else self.flow_label,
        )

    def flow_of(self, headers: FlowHeaders) -> int | None:
        """The flow that has exactly these headers; None if no flow of this plan does."""
        values = {
            FlowField.SPORT: headers.sport,
            FlowField.DPORT: headers.dport,
            FlowField.ICMP_CHECKSUM: headers.icmp_checksum,
            FlowField.FLOW_LABEL: headers.flow_label,
        }
        value = values[self.field]
        if value is None:
            return None
        flow = value - self._first
        if not 0 <= flow < self.capacity or self.headers(flow) != headers:
            return None
        return flow
