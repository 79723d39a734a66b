"""Maps flow numbers to header values: one header field carries the flow.

A per-flow balancer hashes source and destination address, protocol, and the first four bytes after
the IP header: the ports of UDP and TCP; type, code and checksum of ICMP. Some balancers hash the
IPv6 flow label instead or as well. One of these fields carries the flow number, and the others are
the same in every probe. Variants of a flow (`mda.variants`) differ in one more field; see
`variations`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from mda.frozen import Frozen
from mda.model import HeaderField
from mda.variants import MOST_COMPANIONS, SCARCE, variant_of
from paris.errors import SettingsError
from paris.packets.flow_headers import FlowHeaders
from paris.packets.payloads import TEXT, named
from paris.packets.protocols import Protocol
from paris.packets.variations import VARIATIONS, Neighbours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress, Way
    from mda.plan import Plan
    from paris.errors import WithheldError
    from paris.packets.payloads import Payload
    from paris.packets.ways import Ways


# For each field, the highest value that a probe can carry. A checksum of 0xFFFF equals 0, which UDP
# reserves and middleboxes normalise.
_HIGHEST: Final = {
    HeaderField.SPORT: 0xFFFF,
    HeaderField.DPORT: 0xFFFF,
    HeaderField.ICMP_CHECKSUM: 0xFFFE,
    HeaderField.FLOW_LABEL: 0xFFFFF,
}
HEADER_BYTES: Final = {4: 20, 6: 40}  # of IP, by version
_MESSAGE_HEADER_BYTES: Final = 8  # of UDP and of an echo request
_FIRST_CHECKSUM: Final = 1  # the ICMP checksum of flow 0
# Addresses in a prefix of this length share a route: IPv4 networks accept no longer prefix than 24
# bits, and an IPv6 subnet has 64 bits.
PREFIX_LEN: Final = {4: 24, 6: 64}


class Flows(Frozen):
    """The header values of all flows of a run; flow 0 has exactly these values.

    For ICMP, `sport` is the echo identifier and `dport` is unused. UDP probes say `payload`,
    whatever their ports. `varies` announces variants of flows, several of which may share a source
    port. Variants take their destinations from a prefix of `prefix_len` bits and their sources from
    `sources`; without `prefix_len`, neither addresses nor protocol vary. `ways` says by which way
    out of this machine each flow leaves, and so with which source; None where all leave as routing
    says of any packet. `longest` is the length in bytes of the longest probe that this machine can
    send. Raises SettingsError for values that probes cannot carry, and suggests others.
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
    ways: Ways | None = None
    payload: Payload = TEXT
    longest: int = 0

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
        if self.protocol is not Protocol.UDP and self.payload is not TEXT:
            raise SettingsError(f"payload {self.payload.name} is for UDP probes")
        allowed = [HeaderField.SPORT, HeaderField.DPORT]
        if self.protocol is Protocol.ICMP:
            allowed = [HeaderField.ICMP_CHECKSUM]
        if self.source.version == 6:
            allowed.append(HeaderField.FLOW_LABEL)
        if self.field not in allowed:
            names = " or ".join(field.value for field in allowed)
            raise SettingsError(
                f"--flow-field {self.field.value} does not exist for "
                f"{self.protocol.value.upper()} over IPv{self.source.version}; use {names}"
            )

    @classmethod
    def of(cls, plan: Plan, taken: Mapping[int, Way] | None = None) -> Flows:
        """The flows of a saved measurement, and the ways that they have taken, if several."""
        probing = plan.probing
        return cls(
            source=plan.source,
            destination=plan.destination,
            protocol=Protocol(probing.protocol),
            field=HeaderField(probing.flow_field),
            sport=probing.sport or 0,
            dport=probing.dport or 0,
            traffic_class=probing.traffic_class,
            flow_label=probing.flow_label,
            prefix_len=probing.prefix_len,
            sources=probing.sources,
            payload=TEXT if probing.payload is None else named(probing.payload),
            ways=_recorded(taken) if taken else None,
        )

    @property
    def are_joined(self) -> bool:
        """Whether these are the flows of several protocols or ports."""
        return False

    @cached_property
    def capacity(self) -> int:
        """The number of flows; their numbers start at 0."""
        return _HIGHEST[self.field] - self.first.value(self.field) + 1

    @cached_property
    def first(self) -> FlowHeaders:
        """The header values of flow 0, with the source that they have without a way."""
        has_ports = self.protocol is not Protocol.ICMP
        return FlowHeaders(
            source=self.source,
            destination=self.destination,
            protocol=self.protocol,
            sport=self.sport if has_ports else None,
            dport=self.dport if has_ports else None,
            icmp_checksum=None if has_ports else _FIRST_CHECKSUM,
            traffic_class=self.traffic_class,
            flow_label=self.flow_label,
            payload=self.payload.request,
        )

    @property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self.prefix_len or 0, self.sources)

    @property
    def go_anywhere(self) -> bool:
        """Whether probes go to any destination, of which `destination` is only one."""
        return False

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols of flows and variants."""
        if self.prefix_len is None:
            return (self.protocol,)
        return self.protocol, self.protocol.twin

    @property
    def udp_ports(self) -> tuple[int, int]:
        """The lowest and the highest destination port of UDP probes."""
        if self.varies:
            return 0, 0xFFFF
        return self.dport, 0xFFFF if self.field is HeaderField.DPORT else self.dport

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """What UDP probes may say."""
        return (self.payload,)

    def payload_of(self, flow: int) -> Payload:
        """What the UDP and ICMP probes of a flow say; those of a variant in LENGTH say more."""
        varied = variant_of(flow)
        if varied is None or varied.field is not HeaderField.LENGTH:
            return self.payload
        headers = HEADER_BYTES[self.source.version] + _MESSAGE_HEADER_BYTES
        return self.payload.lengthened(varied.number - headers)

    @property
    def own_addresses(self) -> frozenset[IPAddress]:
        """The addresses of this machine from which probes have been sent."""
        return self._sources if self.ways is None else self._sources | self.ways.sources

    @cached_property
    def _sources(self) -> frozenset[IPAddress]:
        return frozenset({self.source})

    def way(self, flow: int) -> Way | None:
        """The way by which a flow has to leave; None where routing decides."""
        if self.ways is None:
            return None
        self.headers(flow)
        return self.ways.taken.get(flow)

    def refusal(self, flow: int) -> WithheldError | None:
        """Why this machine's system sends no probe of this flow, if it has no way for it."""
        if self.ways is None:
            return None
        self.headers(flow)
        return self.ways.refusals.get(flow)

    def way_of(self, probe: bytes) -> Way | None:
        """The way by which a probe has to leave; None where routing decides."""
        return None if self.ways is None else self.ways.of(probe)

    def headers(self, flow: int) -> FlowHeaders:
        """The header values of a flow or a variant. Raises ValueError if no probe can carry it."""
        headers = self._numbered(flow)
        if self.ways is None:
            return headers
        own_source = None if headers.source == self.source else headers.source
        return self.ways.leaving(flow, headers, own_source)

    def _numbered(self, flow: int) -> FlowHeaders:
        varied = variant_of(flow)
        if varied is None:
            return self._plain(flow)
        if varied.field is HeaderField.LENGTH:
            longer = self.payload_of(flow).request
            return self._plain(varied.base)._replace(payload=longer)
        is_known = not varied.companion or varied.companion <= self.values(HeaderField.ALL)
        if not (1 <= varied.value <= self.values(varied.field) and is_known):
            raise ValueError(f"{varied} cannot be sent")
        headers = self._plain(varied.base)
        if varied.companion:
            headers = self._varied(headers, HeaderField.ALL, varied.companion)
        return self._varied(headers, varied.field, varied.value)

    def _plain(self, flow: int) -> FlowHeaders:
        headers = self._known.get(flow)
        if headers is None:
            if not 0 <= flow < self.capacity:
                raise ValueError(f"flow {flow} is not one of {self.capacity}")
            first = self.first
            headers = first.having(self.field, first.value(self.field) + flow)
            self._known[flow] = headers
        return headers

    @cached_property
    def _known(self) -> dict[int, FlowHeaders]:
        """The headers of plain flows: whoever builds probes and whoever matches replies asks."""
        return {}

    def values(self, field: HeaderField) -> int:
        """How many variants in `field` each flow has; 0 for the flow field itself."""
        if field is self.field:
            return 0
        if field is HeaderField.LENGTH:
            return self.longest
        if field is HeaderField.ALL:
            return 0 if self.prefix_len is None else MOST_COMPANIONS
        variation = VARIATIONS[field]
        if variation.needs_prefix and self.prefix_len is None:
            return 0
        return variation.values(self.first, self._neighbours)

    def _varied(self, plain: FlowHeaders, field: HeaderField, number: int) -> FlowHeaders:
        """`plain` with another value in `field`; ALL changes each field that has enough values."""
        if field is not HeaderField.ALL:
            return VARIATIONS[field].varied(plain, self._neighbours, number)
        for single in VARIATIONS:
            most = 0 if single in SCARCE else self.values(single)
            if most:
                plain = self._varied(plain, single, (number - 1) % most + 1)
        return plain


def _recorded(taken: Mapping[int, Way]) -> Ways:
    from paris.packets.ways import Ways  # most machines have one way

    return Ways(taken)
