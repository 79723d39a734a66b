"""Interfaces that routers of the kernel describe, where it can (RFC 5837; Linux 6.19 and later)."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections import defaultdict
from ipaddress import ip_address
from pathlib import Path

import pytest

from mda.model import InterfaceInfo, InterfaceRole
from paris.formats import native
from tests.lab import netlab
from tests.lab.command import run_at
from tests.lab.netlab import TARGET, Lab

_MASKS = ("net/ipv4/icmp_errors_extension_mask", "net/ipv6/icmp/errors_extension_mask")
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        not all((Path("/proc/sys") / mask).exists() for mask in _MASKS),
        reason="this kernel describes no interfaces",
    ),
]
PATHS = netlab.diamond(2)


def described(lab: Lab, version: int) -> dict[int, set[InterfaceInfo]]:
    """By TTL, the interfaces at which probes arrive, as their own machine shows them."""
    found: dict[int, set[InterfaceInfo]] = defaultdict(set)
    for path in PATHS:
        for ttl, link in enumerate(itertools.pairwise(path.split()), start=1):
            device = f"v{lab.links.index(link)}f"
            shown = subprocess.run(
                ["ip", "-n", lab.namespace(link[1]), "-j", f"-{version}", "addr", "show", "dev",
                 device], check=True, capture_output=True,
            )  # fmt: skip
            (own,) = json.loads(shown.stdout)
            address = next(a["local"] for a in own["addr_info"] if a["scope"] == "global")
            found[ttl].add(
                InterfaceInfo(
                    InterfaceRole.INCOMING, own["ifindex"], ip_address(address), device, own["mtu"]
                )
            )
    return found


@pytest.mark.parametrize("wire", ["raw", "unprivileged", "bulk"])
@pytest.mark.parametrize("version", [4, 6])
def test_every_wire_shows_what_the_kernel_describes(version: int, wire: str) -> None:
    with netlab.lab(PATHS) as lab:
        for node in {node for link in lab.links for node in link}:
            lab.set(node, dict.fromkeys(_MASKS, 1))
        expected = described(lab, version)
        command = (str(TARGET[version]), "--mda", "-c", "99.99", "-n", "-j", "--wire", wire)
        ran = run_at(lab.namespace("src"), *command, privileged=wire != "unprivileged")
    trace = native.read(ran.stdout, wire)
    found: dict[int, set[InterfaceInfo]] = defaultdict(set)
    for reply in trace.replies:
        assert not reply.unread
        # Not every wire sees that an answer of the target is to a probe with TTL to spare.
        found[min(trace.vertex_of(reply).ttl, max(expected))] |= set(reply.interfaces)
    assert found == expected
