"""What takes time in a lab: a queue in front of a link, and a router whose own answers are late.

The queue is the kernel's, filled by packets of others. Late answers go through a program of the
router, as through a busy processor; what it forwards does not.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import signal
import socket
import struct
import subprocess
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

from tests.lab.namespaces import inside_namespace
from tests.support.forks import fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.netlab import Lab

_TUNSETIFF: Final = 0x400454CA  # from linux/if_tun.h
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_LONGEST: Final = 65535
_LATE: Final = "late0"
_MARK: Final = 77  # of what is late, and the number of its table of routes
_TTL: Final = 65  # of what has been late: the router forwards it, as if it had sent it

_LINK: Final = "20mbit"  # others would fill it, if they did not rest now and then
_MOST_QUEUED: Final = 2_000_000  # bytes: nothing is dropped, others wait for room
_BURST_EVERY_S: Final = 0.02
_LARGEST_BURST: Final = 100  # packets of _LENGTH bytes
_LENGTH: Final = 1200
_BESIDE_TARGET: Final = ("203.0.113.77", 9)  # where packets vanish


@contextmanager
def busy(lab: Lab, near: str, far: str) -> Iterator[None]:
    """Packets from `near` to `far` wait in a queue of up to some 50 ms during the block."""
    _tc(lab, near, f"add dev {lab.interface(near, far)} root tbf rate {_LINK} burst 3000"
        f" limit {_MOST_QUEUED}")  # fmt: skip
    with inside_namespace(lab.namespace(near)):
        others = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def work() -> NoReturn:
        chance = random.Random(1)
        while True:
            for _ in range(chance.randrange(_LARGEST_BURST)):
                others.sendto(bytes(_LENGTH), _BESIDE_TARGET)
            time.sleep(_BURST_EVERY_S)

    with others, _worker(work):
        yield
    _tc(lab, near, f"del dev {lab.interface(near, far)} root")


@contextmanager
def slow_to_answer(lab: Lab, node: str, late_s: float) -> Iterator[None]:
    """What `node` says of expired packets leaves it `late_s` later during the block."""
    lab.set(node, {"net/ipv4/conf/all/accept_local": 1})
    with inside_namespace(lab.namespace(node)):
        tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH", _LATE.encode(), _IFF_TUN | _IFF_NO_PI))
    lab.ip(node, f"link set {_LATE} up")
    for version in (4, 6):
        lab.ip(node, f"route add default dev {_LATE} table {_MARK}",
               f"rule add fwmark {_MARK} table {_MARK}", version=version)  # fmt: skip
    for family, icmp in (("ip", "icmp"), ("ip6", "icmpv6")):
        lab.rules(node, "type route hook output priority -150",
                  f"{icmp} type time-exceeded meta mark set {_MARK}")  # fmt: skip
        field = {"ip": "ttl", "ip6": "hoplimit"}[family]
        lab.rules(node, "type filter hook prerouting priority -150",
                  f"iifname {_LATE} {family} {field} set {_TTL}")  # fmt: skip
    try:
        with _worker(lambda: _give_back(tun, late_s)):
            yield
    finally:
        os.close(tun)


def _give_back(tun: int, late_s: float) -> NoReturn:
    """Write what a tun interface is given to it again, later."""
    held: deque[tuple[float, bytes]] = deque()
    while True:
        wait_s = max(0.0, held[0][0] - time.monotonic()) if held else None
        if select.select([tun], [], [], wait_s)[0]:
            held.append((time.monotonic() + late_s, os.read(tun, _LONGEST)))
        while held and held[0][0] <= time.monotonic():
            os.write(tun, held.popleft()[1])


@contextmanager
def _worker(work: Callable[[], NoReturn]) -> Iterator[None]:
    """A fork that works during the block."""
    process_id = fork(work)
    try:
        yield
    finally:
        os.kill(process_id, signal.SIGKILL)
        os.waitpid(process_id, 0)


def _tc(lab: Lab, node: str, command: str) -> None:
    subprocess.run(
        ["tc", "-n", lab.namespace(node), "qdisc", *command.split()],
        check=True, capture_output=True,
    )  # fmt: skip
