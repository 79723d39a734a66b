"""Kernel routers with an MTU of 1400 on one of four branches, which say so, or say nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab import netlab
from tests.lab.command import trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.netlab import Lab

pytestmark = pytest.mark.lab

SURE = ("--mda", "-c", "99.9", "--mtu", "-w", "0.05")
OPEN_PING_SOCKETS = {"net/ipv4/ping_group_range": "0 2147483647"}
OUTPUT = "type filter hook output priority 0"
NEITHER_SAYS = (
    "icmp type destination-unreachable icmp code frag-needed drop",
    "icmpv6 type packet-too-big drop",
)


@contextmanager
def narrow_branch() -> Iterator[Lab]:
    """Four branches, of which one takes no more than 1400 bytes."""
    with netlab.lab(netlab.diamond(4), hash_flow_label=True) as lab:
        lab.set("src", OPEN_PING_SOCKETS)
        lab.ip("a2", f"link set {lab.interface('a2', 'joint')} mtu 1400")
        yield lab


def silence(lab: Lab) -> None:
    """Have the router with the narrow link say nothing of it."""
    for rule in NEITHER_SAYS:
        lab.rules("a2", OUTPUT, rule)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with narrow_branch() as built:
        yield built


def narrow(lab: Lab, version: int, *options: str, privileged: bool) -> Any:
    """The one link that takes less than others; every other path takes 1500 bytes."""
    wire = "raw" if privileged else "unprivileged"
    found = trace(lab, version, *SURE, "--wire", wire, *options, privileged=privileged)
    assert (found.exit_code, found.stderr) == (0, "")
    mtu = found.document["mtu"]
    assert mtu["longest"] == 1500
    assert sorted(path["mtu"] for path in mtu["paths"]) == [1400, 1500, 1500, 1500]
    (link,) = mtu["links"]
    assert link["from"] == f"{lab.shown('lb', 'a2', version)}@3"
    assert link["to"] == f"{lab.shown('a2', 'joint', version)}@4"
    assert (link["mtu"], link["before"], link["partial"]) == (1400, 1500, False)
    return link


# Linux balances pings by their flow label, but not by their checksum.
@pytest.mark.parametrize("privileged", [True, False], ids=["raw", "unprivileged"])
@pytest.mark.parametrize(
    ("version", "options"),
    [(4, ()), (6, ()), (6, ("-I", "--flow-field", "flow-label"))],
    ids=["IPv4", "IPv6", "IPv6 by ping"],
)
def test_the_branch_that_takes_no_longer_packet_is_found(
    lab: Lab, version: int, options: tuple[str, ...], privileged: bool
) -> None:
    link = narrow(lab, version, *options, privileged=privileged)
    said_by = lab.shown("lb", "a2", version)
    assert (link["said_by"], link["stated"]) == ([str(said_by)], [])
    assert link["black_hole_probability"] is None


@pytest.mark.parametrize("privileged", [True, False], ids=["raw", "unprivileged"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_branch_that_drops_long_packets_without_a_word_is_a_black_hole(
    version: int, privileged: bool, silenced: Lab
) -> None:
    link = narrow(silenced, version, privileged=privileged)
    assert link["said_by"] == []
    assert link["black_hole_probability"] < 0.001


@pytest.fixture(scope="module")
def silenced(lab: Lab) -> Lab:
    """The same network, whose narrow router says nothing any more."""
    silence(lab)
    return lab
