"""Forged answers by the hundred thousand per second: sent at a router, aimed at the source.

The kind is what is forged: "elsewhere" answers probes to another host, "tags" answers our probes
that never were, from spoofed routers; "noise" is ICMP with random bytes.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, suppress
from functools import cache
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from mda.model import HeaderField, ProbeRequest
from paris.packets import headers, probes
from paris.packets.flows import Flows
from paris.packets.headers import IPHeader
from paris.packets.protocols import Protocol
from paris.wire.bulk import ethernet
from paris.wire.bulk.sendmmsg import MOST_AT_ONCE, Sender, Target
from tests.lab.namespaces import enter_namespace
from tests.support.forks import fork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mda.model import IPAddress
    from tests.lab.netlab import Lab

_VARIANTS = 2000


def _forged(kind: str, source: IPAddress, destination: IPAddress, random: Random) -> bytes:
    if source.version == 4:
        spoofed = ip_address(f"198.18.{random.randrange(256)}.{random.randrange(256)}")
        other, icmp, expired = ip_address("203.0.113.200"), 1, 11
    else:
        spoofed = ip_address(f"2001:db8:bad::{random.randrange(1, 1 << 16):x}")
        other, icmp, expired = ip_address("2001:db8:bad::ffff"), 58, 3
    header = IPHeader(source=spoofed, destination=source, protocol=icmp, ttl=60)
    if kind == "noise":
        return headers.icmp_error(header, expired, 0, random.randbytes(70))
    flows = Flows(
        source=source, destination=other if kind == "elsewhere" else destination,
        protocol=Protocol.UDP, field=HeaderField.SPORT, sport=random.randrange(10_000, 30_000),
        dport=33434,
    )  # fmt: skip
    request = ProbeRequest(0, random.randint(1, 30))
    quote = probes.build(flows, request, random.randint(1, 0xFFFE))
    return headers.icmp_error(header, expired, 0, quote)


@cache
def _datagrams(kind: str, source: IPAddress, destination: IPAddress) -> NDArray[np.uint8]:
    """Forged datagrams of one length, a row each."""
    random = Random(1)
    built = [_forged(kind, source, destination, random) for _ in range(_VARIANTS)]
    length = max(map(len, built))
    return np.stack(
        [np.frombuffer(datagram, np.uint8) for datagram in built if len(datagram) == length]
    )


@contextmanager
def flooding(
    lab: Lab, node: str, kind: str, ends: tuple[IPAddress, IPAddress], rate_pps: float
) -> Iterator[None]:
    """Forge answers to probes between these ends at a node during the block."""
    rows = _datagrams(kind, *ends)
    reading, writing = os.pipe()

    def work() -> NoReturn:
        enter_namespace(lab.namespace(node))
        target = ethernet.target(ends[0], None, None)
        with ethernet.open_sender() as sock:
            os.write(writing, b"ready")
            _send(Sender(sock), target, rows, rate_pps)

    process_id = fork(work)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as sign:
            assert sign.read(5) == b"ready"
        yield
    finally:
        os.kill(process_id, signal.SIGKILL)
        os.waitpid(process_id, 0)


def _send(sender: Sender, target: Target, rows: NDArray[np.uint8], rate_pps: float) -> NoReturn:
    """Send until killed."""
    began_s, sent = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began_s) * rate_pps) - sent
        if due <= 0:
            time.sleep(0.0002)
            continue
        at = sent % len(rows)
        part = rows[at : at + min(due, MOST_AT_ONCE)]
        sent += len(part)
        with suppress(OSError):  # what finds no room is lost, as in any flood
            sender.send(part, target)
