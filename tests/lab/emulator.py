"""A simulated topology in real time: one end of a link of the kernel leads into it.

What a namespace sends reaches the simulated network, and what comes back arrives after its delay,
so that any program can trace a network with its delays, loss and rate limits.
"""

from __future__ import annotations

import heapq
import os
import select
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, NoReturn, Protocol

from paris.sim.network import Network
from paris.sim.topology_file import find, load
from tests.lab.namespaces import enter_namespace
from tests.support.forks import fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paris.sim.topology import Topology

_ETHER_TYPE = {4: 0x0800, 6: 0x86DD}
_NEAR, _FAR = "near0", "far0"
# The first hop's address on the link itself: who resolves it finds the emulator's interface.
_GATEWAY = {4: "169.254.0.1", 6: "fe80::1"}
_NEAR_ADDRESS, _FAR_ADDRESS = "02:00:00:00:00:01", "02:00:00:00:00:02"
_LONGEST = 65535
_READY = b"."


@dataclass(frozen=True)
class Emulator:
    """A namespace whose only way out is the simulated network."""

    namespace: str
    topology: Topology

    def at_source(self, *command: str) -> list[str]:
        """The command line that runs `command` at the source."""
        return ["ip", "netns", "exec", self.namespace, *command]


class Answering(Protocol):
    """What answers datagrams."""

    def answers(self, datagram: bytes, at_s: float, /) -> list[tuple[float, bytes]]:
        """What arrives for a datagram sent at `at_s`, each with the moment at which it does."""


@contextmanager
def emulated(
    network: str, seed: int = 1, through: Callable[[Network], Answering] = lambda own: own
) -> Iterator[Emulator]:
    """The simulated network `network` (a sample's name or a file) in real time, until left.

    What answers is the network, or what `through` makes of it.
    """
    topology = load(find(network))
    near, far = f"pt{os.getpid()}n", f"pt{os.getpid()}f"
    source, gateway = topology.source, _GATEWAY[topology.source.version]
    length = source.max_prefixlen
    try:
        for command in (
            f"netns add {near}",
            f"netns add {far}",
            f"link add {_NEAR} netns {near} address {_NEAR_ADDRESS} type veth"
            f" peer name {_FAR} netns {far} address {_FAR_ADDRESS}",
            f"-n {far} link set {_FAR} up",
            f"-n {far} addr add {gateway}/{length} dev {_FAR}{' nodad' * (length > 32)}",
            f"-n {near} link set lo up",
            f"-n {near} link set {_NEAR} up",
            f"-n {near} addr add {source}/{length} dev {_NEAR}{' nodad' * (length > 32)}",
            f"-n {near} route add default via {gateway} dev {_NEAR} onlink src {source}",
        ):
            subprocess.run(["ip", *command.split()], check=True)
        ready, is_ready = os.pipe()

        def work() -> int:
            enter_namespace(far)
            ether_type = _ETHER_TYPE[source.version]
            _serve((_FAR, ether_type), through(Network(topology, seed)), is_ready)
            return 0

        process_id = fork(work)
        try:
            os.close(is_ready)
            assert os.read(ready, 1) == _READY
            yield Emulator(near, topology)
        finally:
            os.close(ready)
            os.kill(process_id, signal.SIGKILL)
            os.waitpid(process_id, 0)
    finally:
        for namespace in (near, far):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


def _serve(where: tuple[str, int], network: Answering, is_ready: int) -> NoReturn:
    """Answer what arrives at an interface by an Ethernet type, each answer when it is due.

    Say when that begins.
    """
    interface, ether_type = where
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ether_type)) as wire:
        wire.bind((interface, ether_type))
        to = (interface, ether_type, 0, 0, bytes.fromhex(_NEAR_ADDRESS.replace(":", "")))
        os.write(is_ready, _READY)
        due: list[tuple[float, int, bytes]] = []
        order = count()
        while True:
            wait_s = max(0.0, due[0][0] - time.monotonic()) if due else None
            if select.select([wire], [], [], wait_s)[0]:
                datagram, seen = wire.recvfrom(_LONGEST)
                if seen[2] != socket.PACKET_OUTGOING:
                    for at_s, reply in network.answers(datagram, time.monotonic()):
                        heapq.heappush(due, (at_s, next(order), reply))
            while due and due[0][0] <= time.monotonic():
                with suppress(OSError):  # what finds no room is lost, as in any flood
                    wire.sendto(heapq.heappop(due)[2], to)
