"""Wires at a lab's source, and what its first router forges for them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from mda.model import HeaderField
from paris.packets import headers
from paris.packets.flows import Flows
from paris.packets.headers import IPHeader
from paris.packets.protocols import Protocol
from paris.wire.base import WireOptions
from paris.wire.bulk.wire import BulkWire
from paris.wire.raw import RawWire
from paris.wire.unprivileged.udp_icmp import DatagramWire
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from paris.wire.base import Received, Wire
    from tests.lab.netlab import Lab


def plan(lab: Lab, version: int, protocol: Protocol = Protocol.UDP) -> Flows:
    """Flows from the source to the target."""
    return Flows(
        source=lab.source(version), destination=TARGET[version], protocol=protocol,
        field=HeaderField.ICMP_CHECKSUM if protocol is Protocol.ICMP else HeaderField.SPORT,
        sport=20000, dport=33434,
    )  # fmt: skip


def opened(lab: Lab, wire: str, flows: Flows) -> Wire:
    """A wire of that kind at the source; by ordinary sockets all but TCP."""
    with inside_namespace(lab.namespace("src")):
        match wire:
            case "raw":
                return RawWire.open(flows, None)
            case "bulk":
                return BulkWire.open(flows, None)
            case _:
                return DatagramWire(flows, WireOptions())


def collect(wire: Wire, count: int) -> list[Received]:
    """What arrives until there are `count` datagrams."""
    received: list[Received] = []
    while len(received) < count and (more := wire.receive(wire.now_s() + LONGEST_S)):
        received += more
    return received


class Forger:
    """Sends answers to the source from where the first router stands, whoever seems to answer."""

    def __init__(self, lab: Lab, version: int) -> None:
        router = lab.shown("src", "r1", version)
        assert router is not None
        self.router = IPHeader(
            source=router, destination=lab.source(version), ttl=64, protocol=(1, 58)[version == 6]
        )
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        with inside_namespace(lab.namespace("r1")):
            self._socket = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def refuse(self, kind: int, code: int, quote: bytes) -> None:
        """Send an ICMP error of this type and code to the source."""
        self.send(headers.icmp_error(self.router, kind, code, quote))

    def send(self, datagram: bytes) -> None:
        """Send a whole datagram to the source."""
        self._socket.sendto(datagram, (str(self.router.destination), 0))

    def close(self) -> None:
        """Stop."""
        self._socket.close()
