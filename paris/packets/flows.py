"""Which header field carries the flow: flow numbers to header values.

What a per-flow balancer hashes is source and destination address, protocol, and what stands in
the first four bytes after the IP header: the ports of UDP and TCP, type, code and checksum of
ICMP. Some hash the IPv6 flow label instead or as well. One of these carries the flow number, all
others are the same in every probe. Variants of a flow (`mda.variants`) differ in one more field.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Final

from mda.model import HeaderField
from mda.variants import MOST_COMPANIONS, MOST_SCARCE, MOST_VALUES, SCARCE, Variant, variant_of
from paris.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import IPAddress
    from mda.plan import Plan


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


# For each field, the highest value that can be sent. A checksum of 0xFFFF equals 0, which UDP
# reserves and middleboxes normalise.
_HIGHEST: Final = {
    HeaderField.SPORT: 0xFFFF,
    HeaderField.DPORT: 0xFFFF,
    HeaderField.ICMP_CHECKSUM: 0xFFFE,
    HeaderField.FLOW_LABEL: 0xFFFFF,
}
_ICMP_CHECKSUM: Final = 1  # of flow 0
# The protocol that shows whether a router hashes that field: with the same four bytes behind the
# IP header, an echo request's type and checksum being the ports.
_TWIN: Final = {
    Protocol.UDP: Protocol.TCP,
    Protocol.TCP: Protocol.UDP,
    Protocol.ICMP: Protocol.UDP,
}
_ECHO_REQUEST_WORD: Final = {4: 0x0800, 6: 0x8000}
PREFIX_LEN: Final = {4: 24, 6: 64}  # the longest prefixes that are announced to everybody
# Of what is multiplied with it, all bits change, and no two numbers give the same.
_SCATTER: Final = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowHeaders:
    """What routers may hash, for one flow.

    Ports are None for ICMP, `icmp_checksum` for the others; `flow_label` is 0 in IPv4.
    """

    source: IPAddress
    destination: IPAddress
    protocol: Protocol
    sport: int | None
    dport: int | None
    icmp_checksum: int | None
    traffic_class: int
    flow_label: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The header values of all flows of a run: flow 0 has the given ones.

    For ICMP `sport` is the echo identifier and `dport` unused. `varies` says that variants of flows
    will be sent as well, several from one port. They have their destination in
    a prefix of `prefix_len` bits, and their source among `sources`; without `prefix_len` neither
    addresses nor protocol vary. Raises SettingsError for combinations that cannot be sent, with
    what would work.
    """

    source: IPAddress
    destination: IPAddress
    protocol: Protocol
    field: HeaderField
    sport: int
    dport: int
    traffic_class: int = 0
    flow_label: int = 0
    varies: bool = False
    prefix_len: int | None = None
    sources: tuple[IPAddress, ...] = ()

    def __post_init__(self) -> None:
        if self.source.version != self.destination.version:
            raise SettingsError(
                f"source {self.source} and destination {self.destination} "
                "are not of the same IP version"
            )
        if self.source.version == 4 and (self.field is HeaderField.FLOW_LABEL or self.flow_label):
            raise SettingsError(f"{self.destination} is IPv4, which has no flow label")
        for name, value, highest in (
            ("source port", self.sport, 0xFFFF),
            ("destination port", self.dport, 0xFFFF),
            ("traffic class", self.traffic_class, 0xFF),
            ("flow label", self.flow_label, 0xFFFFF),
        ):
            if not 0 <= value <= highest:
                raise SettingsError(f"{name} must be from 0 to {highest}, not {value}")
        allowed = [HeaderField.SPORT, HeaderField.DPORT]
        if self.protocol is Protocol.ICMP:
            allowed = [HeaderField.ICMP_CHECKSUM]
        if self.source.version == 6:
            allowed.append(HeaderField.FLOW_LABEL)
        if self.field not in allowed:
            names = " or ".join(field.value for field in allowed)
            raise SettingsError(
                f"--flow-field {self.field.value} does not go with "
                f"{self.protocol.value.upper()} over IPv{self.source.version}; use {names}"
            )

    @classmethod
    def of(cls, plan: Plan) -> Flows:
        """The flows of a measurement that was made."""
        probing = plan.probing
        return cls(
            source=plan.source,
            destination=plan.destination,
            protocol=Protocol(probing.protocol),
            field=HeaderField(probing.flow_field),
            sport=probing.sport,
            dport=probing.dport or 0,
            traffic_class=probing.traffic_class,
            flow_label=probing.flow_label,
            prefix_len=probing.prefix_len,
            sources=probing.sources,
        )

    @property
    def capacity(self) -> int:
        """How many flows there are: their numbers are 0 to one less."""
        return _HIGHEST[self.field] - self._first + 1

    @property
    def _first(self) -> int:
        """The value of the flow field in flow 0."""
        match self.field:
            case HeaderField.SPORT:
                return self.sport
            case HeaderField.DPORT:
                return self.dport
            case HeaderField.ICMP_CHECKSUM:
                return _ICMP_CHECKSUM
            case _:
                return self.flow_label

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols of flows and variants."""
        if self.prefix_len is None:
            return (self.protocol,)
        return self.protocol, _TWIN[self.protocol]

    @property
    def udp_ports(self) -> tuple[int, int]:
        """The lowest and the highest port that UDP probes go to."""
        if self.varies:
            return 0, 0xFFFF
        return self.dport, 0xFFFF if self.field is HeaderField.DPORT else self.dport

    def headers(self, flow: int) -> FlowHeaders:
        """The header values of a flow or a variant. Raises ValueError where there is none such."""
        varied = variant_of(flow)
        if varied is None:
            return self._plain(flow)
        is_known = not varied.companion or varied.companion <= self.values(HeaderField.ALL)
        if not (1 <= varied.value <= self.values(varied.field) and is_known):
            raise ValueError(f"{varied} cannot be sent")
        headers = self._plain(varied.base)
        if varied.companion:
            headers = self._varied(headers, Variant(varied.base, HeaderField.ALL, varied.companion))
        return self._varied(headers, varied)

    def _plain(self, flow: int) -> FlowHeaders:
        if not 0 <= flow < self.capacity:
            raise ValueError(f"flow {flow} is not one of {self.capacity}")
        has_ports = self.protocol is not Protocol.ICMP
        value = self._first + flow
        sport = value if self.field is HeaderField.SPORT else self.sport
        dport = value if self.field is HeaderField.DPORT else self.dport
        icmp = value if self.field is HeaderField.ICMP_CHECKSUM else _ICMP_CHECKSUM
        return FlowHeaders(
            source=self.source,
            destination=self.destination,
            protocol=self.protocol,
            sport=sport if has_ports else None,
            dport=dport if has_ports else None,
            icmp_checksum=None if has_ports else icmp,
            traffic_class=self.traffic_class,
            flow_label=value if self.field is HeaderField.FLOW_LABEL else self.flow_label,
        )

    def values(self, field: HeaderField) -> int:
        """How many variants of one flow there are in `field`; none in the flow field itself."""
        version, has_ports = self.source.version, self.protocol is not Protocol.ICMP
        if field is self.field:
            return 0
        match field:
            case HeaderField.SPORT | HeaderField.DPORT:
                return MOST_VALUES * has_ports
            case HeaderField.ICMP_CHECKSUM:
                return MOST_VALUES * (not has_ports)
            case HeaderField.TRAFFIC_CLASS:
                return 0xFF >> 2
            case HeaderField.FLOW_LABEL:
                return MOST_VALUES * (version == 6)
            case _ if self.prefix_len is None:
                return 0
            case HeaderField.SOURCE:
                return min(len(self.sources), MOST_SCARCE)
            case HeaderField.PROTOCOL:
                return 1
            case HeaderField.ALL:
                return MOST_COMPANIONS
            case HeaderField.DESTINATION:
                bits = self.destination.max_prefixlen - self.prefix_len
                # The addresses of a network itself and of its broadcasts are nobody's.
                return min(MOST_VALUES, (1 << bits) - 3) if bits > 1 else 0

    def _varied(self, plain: FlowHeaders, varied: Variant) -> FlowHeaders:
        number = varied.value
        match varied.field:
            case HeaderField.SPORT:
                return replace(plain, sport=_port(plain.sport, number))
            case HeaderField.DPORT:
                return replace(plain, dport=_port(plain.dport, number))
            case HeaderField.ICMP_CHECKSUM:
                return replace(plain, icmp_checksum=_ICMP_CHECKSUM + number)
            case HeaderField.TRAFFIC_CLASS:
                return replace(plain, traffic_class=plain.traffic_class ^ number << 2)
            case HeaderField.FLOW_LABEL:
                label = plain.flow_label + number * _SCATTER & 0xFFFFF
                return replace(plain, flow_label=label)
            case HeaderField.SOURCE:
                return replace(plain, source=self.sources[number - 1])
            case HeaderField.DESTINATION:
                others = other_addresses(plain.destination, self.prefix_len or 0)
                return replace(plain, destination=next(islice(others, number - 1, None)))
            case HeaderField.PROTOCOL:
                return self._twin(plain)
            case HeaderField.ALL:
                for field in HeaderField:
                    most = self.values(field)
                    if most and field not in (HeaderField.ALL, *SCARCE):
                        one = Variant(varied.base, field, (number - 1) % most + 1)
                        plain = self._varied(plain, one)
                return plain

    def _twin(self, plain: FlowHeaders) -> FlowHeaders:
        twin = _TWIN[self.protocol]
        if self.protocol is not Protocol.ICMP:
            return replace(plain, protocol=twin)
        return replace(
            plain,
            protocol=twin,
            sport=_ECHO_REQUEST_WORD[self.source.version],
            dport=plain.icmp_checksum,
            icmp_checksum=None,
        )


def _port(port: int | None, number: int) -> int:
    """Another port that can be sent."""
    return ((port or 1) - 1 + number) % 0xFFFF + 1


def other_addresses(address: IPAddress, prefix_len: int) -> Iterator[IPAddress]:
    """The other hosts' addresses in the prefix, neighbours far apart.

    >>> from ipaddress import ip_address
    >>> [str(one) for one in islice(other_addresses(ip_address("192.0.2.9"), 24), 3)]
    ['192.0.2.28', '192.0.2.35', '192.0.2.54']
    """
    bits = address.max_prefixlen - prefix_len
    host = (1 << bits) - 1
    for number in range(1, host + 1):
        other = int(address) ^ (number * _SCATTER & host)
        if other & host not in (0, host):
            yield type(address)(other)
