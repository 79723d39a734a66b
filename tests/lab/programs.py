"""What an ordinary program's packets do: a plain socket sends one, and a capture shows its way."""

from __future__ import annotations

import json
import select
import socket
import struct
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET, Lab
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import IPAddress, Way

_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_KIND = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}
_EVERYTHING, _OUTGOING = 0x0003, 4  # ETH_P_ALL, PACKET_OUTGOING
# By IP version, where source, destination and ports lie in a frame.
_FIELDS = {4: (slice(26, 30), slice(30, 34), 34), 6: (slice(22, 38), slice(38, 54), 54)}


class Seen(NamedTuple):
    """A packet that left: its source, its interface, and the addresses of the next station."""

    source: IPAddress
    interface: str
    neighbours: frozenset[IPAddress]

    def took(self, way: Way) -> bool:
        """Whether the packet left by this way."""
        is_there = way.gateway is None or way.gateway in self.neighbours
        return is_there and (self.source, self.interface) == (way.source, way.interface)


class Programs:
    """Programs at a lab's source that connect to its target."""

    def __init__(self, lab: Lab, capture: socket.socket) -> None:
        self._lab = lab
        self._capture = capture
        self._known: dict[tuple[int, str, str], frozenset[IPAddress]] = {}

    def connect(
        self,
        version: int,
        protocol: str,
        ports: tuple[int, int],
        source: str = "",
        mark: int = 0,
    ) -> Seen:
        """What a connection between these ports sends; the kernel chooses the source if ""."""
        with socket.socket(_FAMILY[version], _KIND[protocol] | socket.SOCK_NONBLOCK) as program:
            program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            program.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
            program.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
            program.bind((source, ports[0]))
            program.connect_ex((str(TARGET[version]), ports[1]))
            if protocol == "udp":
                program.send(b"x")
            return self._seen(version, ports)

    def _seen(self, version: int, ports: tuple[int, int]) -> Seen:
        source, destination, at = _FIELDS[version]
        while select.select([self._capture], [], [], LONGEST_S)[0]:
            frame, (interface, _, kind, *_) = self._capture.recvfrom(1 << 16)
            is_theirs = frame[destination] == TARGET[version].packed
            if kind == _OUTGOING and is_theirs and frame[at : at + 4] == struct.pack("!HH", *ports):
                neighbours = self._neighbours(version, interface, frame[:6].hex(":"))
                return Seen(ip_address(frame[source]), interface, neighbours)
        raise AssertionError(f"no packet between ports {ports}")

    def _neighbours(self, version: int, interface: str, hardware: str) -> frozenset[IPAddress]:
        key = version, interface, hardware
        if key not in self._known:
            listed = self._lab.run("ip", f"-{version}", "-j", "neigh", "show", "dev", interface)
            self._known[key] = frozenset(
                ip_address(known["dst"])
                for known in json.loads(listed.stdout)
                if known.get("lladdr") == hardware
            )
        return self._known[key]


@contextmanager
def programs(lab: Lab) -> Iterator[Programs]:
    """Programs in the source's namespace; so is this thread during the block."""
    with (
        inside_namespace(lab.namespace("src")),
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING)) as capture,
    ):
        yield Programs(lab, capture)
