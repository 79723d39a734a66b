"""A far part of the path, in real time, on every wire: the destination is reached all the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lab.command import start_at
from tests.lab.emulator import emulated

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab

NETWORK = """\
source: {near}1
destination: {{address: {far}9}}
routers:
  r1: {{interfaces: [{near}101]}}
  r2: {{interfaces: [{near}102]}}
  r3..r4: {{interfaces: {far}103+, delay_ms: 600}}
  r5: {{interfaces: [{far}105]}}
paths:
  - source -> r1 -> r2 -> [r3, r4] -> r5 -> destination
"""
ADDRESSES = {
    4: {"near": "192.0.2.", "far": "203.0.113."},
    6: {"near": "2001:db8:1::", "far": "2001:db8:2::"},
}
PROTOCOLS = ("-U", "-T", "-I")


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("wire", ["raw", "bulk", "unprivileged"])
@pytest.mark.parametrize("mode", ["single", "mda"])
def test_a_far_destination_is_reached(mode: str, wire: str, version: int, tmp_path: Path) -> None:
    file = tmp_path / "far.yaml"
    file.write_text(NETWORK.format(**ADDRESSES[version]))
    with emulated(str(file)) as network:
        sure = ("--mda", "-c", "99.99", "--seed", "1") if mode == "mda" else ()
        options = (str(network.topology.destination), "-n", "-j", "--wire", wire, *sure)
        # They wait more than they work, so they run side by side.
        running = [
            start_at(network.namespace, *options, protocol, privileged=wire != "unprivileged")
            for protocol in PROTOCOLS
        ]
        ran = [command.finish() for command in running]
    for protocol, found in zip(PROTOCOLS, ran, strict=True):
        if wire == "unprivileged" and protocol == "-I" and found.returncode == 4:
            continue  # ping sockets are the system's to allow
        assert (found.stderr, found.returncode) == ("", 6 if protocol == "-T" else 0), protocol
        graph = json.loads(found.stdout)["graph"]
        # What hashes no field of ICMP is not to be seen by it, and one flow sees one branch.
        assert len(graph["vertices"]) == (7 if mode == "mda" else 6), protocol
        assert None not in {vertex["address"] for vertex in graph["vertices"]}, protocol
