"""The header values of one flow that routers may hash."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paris.packets import numbers
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from mda.model import HeaderField, IPAddress

_MESSAGE_HEADER_BYTES: Final = 8  # of UDP and of an echo request
_TCP_BYTES: Final = 20  # of a SYN without options


class FlowHeaders(NamedTuple):
    """The header values of one flow that routers may hash.

    Ports are None for ICMP; `icmp_checksum` is None for UDP and TCP; `flow_label` is 0 in IPv4.
    UDP and ICMP probes carry `payload`, in which each writes its tag.
    """

    source: IPAddress
    destination: IPAddress
    protocol: Protocol
    sport: int | None
    dport: int | None
    icmp_checksum: int | None
    traffic_class: int
    flow_label: int
    payload: bytes = b""

    def value(self, field: HeaderField) -> int:
        """The value of a field that numbers flows."""
        number: int = getattr(self, field.attribute)
        return number

    def having(self, field: HeaderField, value: object) -> FlowHeaders:
        """The same headers with another value in a field."""
        changed: dict[str, Any] = {field.attribute: value}
        return self._replace(**changed)

    @property
    def message_bytes(self) -> int:
        """The length of a probe behind its IP header."""
        if self.protocol is Protocol.TCP:
            return _TCP_BYTES
        return _MESSAGE_HEADER_BYTES + len(self.payload)

    @property
    def key(self) -> bytes:
        """The bytes of `key_of`, which all probes of this flow have in common."""
        version = self.source.version
        number = self.protocol.number(version)
        if self.icmp_checksum is None:
            first = struct.pack("!HH", self.sport or 0, self.dport or 0)
        else:
            first = struct.pack("!BBH", numbers.ECHO_REQUEST[version], 0, self.icmp_checksum)
        if version == 4:
            start = bytes((self.traffic_class, number))
        else:
            word = version << 28 | self.traffic_class << 20 | self.flow_label
            start = struct.pack("!IB", word, number)
        return start + self.source.packed + self.destination.packed + first


def key_of(probe: bytes) -> bytes:
    """The bytes of a probe, which starts at its IP header, that only probes of its flow have."""
    if probe[0] >> 4 == 4:
        return probe[1:2] + probe[9:10] + probe[12:24]
    return probe[:4] + probe[6:7] + probe[8:44]
