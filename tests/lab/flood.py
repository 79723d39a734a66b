"""Forged answers by the hundred thousand a second: run at a router, aimed at the source.

    python -m tests.lab.flood KIND SOURCE DESTINATION RATE

KIND is what is forged: "elsewhere" answers probes to another host, "tags" answers our probes
that never were, from spoofed routers; "noise" is ICMP with random bytes.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from mda.model import HeaderField, ProbeRequest
from paris.packets import headers, probes
from paris.packets.flows import Flows
from paris.packets.headers import IPHeader
from paris.packets.protocols import Protocol
from paris.wire.bulk import ethernet
from paris.wire.bulk.sendmmsg import MOST_AT_ONCE, Sender

if TYPE_CHECKING:
    from mda.model import IPAddress

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


def main() -> None:
    """Send until killed."""
    kind, source, destination, rate = sys.argv[1:]
    random = Random(1)
    ends = ip_address(source), ip_address(destination)
    built = [_forged(kind, *ends, random) for _ in range(_VARIANTS)]
    length = max(map(len, built))
    rows = np.stack(
        [
            np.frombuffer(datagram.ljust(length, b"\0"), np.uint8)
            for datagram in built
            if len(datagram) == length
        ]
    )
    sock, target = ethernet.open_sender(ends[0], None)
    sender = Sender(sock, target)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    began_s, sent = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began_s) * float(rate)) - sent
        if due <= 0:
            time.sleep(0.0002)
            continue
        at = sent % len(rows)
        part = rows[at : at + min(due, MOST_AT_ONCE)]
        sent += len(part)
        with suppress(OSError):  # what finds no room is lost, as in any flood
            sender.send(part)


if __name__ == "__main__":
    main()
