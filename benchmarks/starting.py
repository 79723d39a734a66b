"""The time from the start of the process to its first probe, here and in another checkout.

    python -m benchmarks.starting [RUNS [CHECKOUT]]

Needs root. The commands run in turn, so that a change of the machine's speed affects all of them.
The table gives medians; with another CHECKOUT also the median of the ratios to its time in the same
turn. Both checkouts run in the same Python, from bytecode that is compiled before.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.checkouts import environment, prepare
from paris.wire.registry import names
from tests.lab import netlab
from tests.lab.command import CHECKOUT
from tests.lab.namespaces import inside_namespace


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    checkouts = [CHECKOUT, *map(Path, sys.argv[2:3])]
    for checkout in checkouts:
        prepare(checkout)
    print("from the start of the process to its first probe, s")
    with netlab.lab(netlab.diamond(4)) as lab:
        for wire in names():
            turns = [
                [_first_probe_s(lab.namespace("src"), checkout, wire) for checkout in checkouts]
                for _ in range(runs + 1)
            ][1:]  # the first turn warms caches up
            medians = "  ".join(f"{statistics.median(own):.4f}" for own in zip(*turns, strict=True))
            ratio = statistics.median(turn[0] / turn[-1] for turn in turns)
            print(f"  {wire:14}{medians}" + (f"  ratio {ratio:.3f}" if len(checkouts) > 1 else ""))


def _first_probe_s(namespace: str, checkout: Path, wire: str) -> float:
    """Seconds until the command of a checkout sends its first probe."""
    options = (str(netlab.TARGET[4]), "--mda", "-n", "--wire", wire)
    with (
        inside_namespace(namespace),
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as tap,
    ):
        tap.settimeout(10)
        began_s = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "paris", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=checkout, env=environment(checkout),
        ):  # fmt: skip
            while True:
                datagram, address = tap.recvfrom(2048)
                taken_s = time.perf_counter() - began_s
                is_sent = address[2] == socket.PACKET_OUTGOING
                if is_sent and len(datagram) > 28 and datagram[9] == socket.IPPROTO_UDP:
                    return taken_s


if __name__ == "__main__":
    main()
