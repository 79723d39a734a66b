"""The first link on interfaces of every kind: each wire finds the same true graph through it."""

from __future__ import annotations

import itertools
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode
from tests.lab import netlab
from tests.lab.command import trace
from tests.lab.netlab import TARGET, TARGETS, Lab

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.lab

WIRES = ("raw", "unprivileged", "bulk", "bulk --link")
FIRST = ("src", "r1")


def as_made(_: Lab) -> None:
    """The interfaces as they are."""


def without_resolution(lab: Lab) -> None:
    """Interfaces that ask nobody for link addresses: they take their own for the next hop's."""
    for node, device in (("src", "v0n"), ("r1", "v0f")):
        lab.ip(node, f"link set {device} address 02:00:00:00:00:01 arp off")


def smallest_mtu(lab: Lab) -> None:
    """The least MTU that IPv6 allows."""
    for node, device in (("src", "v0n"), ("r1", "v0f")):
        lab.ip(node, f"link set {device} mtu 1280")


def unnumbered(lab: Lab) -> None:
    """The source's own addresses are on lo; on the link it has only what IPv6 itself needs."""
    lab.ip(
        "src",
        "addr flush dev v0n",
        "addr add fe80::a/64 dev v0n nodad",
        f"addr add {lab.source(4)} dev lo",
        f"addr add {lab.source(6)} dev lo nodad",
        *(f"route replace {TARGETS[version]} via inet6 fe80::b dev v0n" for version in (4, 6)),
    )
    lab.ip(
        "r1",
        "addr add fe80::b/64 dev v0f nodad",
        *(f"route replace {lab.source(version)} via inet6 fe80::a dev v0f" for version in (4, 6)),
    )


@pytest.mark.parametrize(
    ("kind", "arrange", "is_ethernet"),
    [
        pytest.param(None, without_resolution, True, id="veth without ARP"),
        pytest.param(None, smallest_mtu, True, id="veth with an MTU of 1280"),
        pytest.param(None, unnumbered, True, id="veth without addresses of its own"),
        pytest.param("bridge", as_made, True, id="bridge"),
        pytest.param("VXLAN", as_made, True, id="VXLAN"),
        pytest.param("tun", as_made, False, id="tun"),
    ],  # benchmarks/kernels.py has those that need modules
)
def test_every_wire_finds_the_graph_behind_a_link_of_any_kind(
    kind: str | None, arrange: Callable[[Lab], None], *, is_ethernet: bool
) -> None:
    with netlab.lab(netlab.diamond(2), kinds={FIRST: kind} if kind else None) as lab:
        arrange(lab)
        for version, wire in itertools.product((4, 6), WIRES):
            options = ("--mda", "-c", "99.9", "--wire", *wire.split())
            found = trace(lab, version, *options, privileged=wire != "unprivileged")
            if is_ethernet or wire != "bulk --link":
                assert (found.exit_code, found.stderr) == (ExitCode.REACHED, ""), (version, wire)
                assert found.truth == lab.truth(version), (version, wire)
            else:
                assert found.exit_code == ExitCode.USAGE
                assert found.stderr == (
                    f"paris-trace: --link: v0n, the way to {TARGET[version]}, is not Ethernet: "
                    "its next hops have no link addresses; run without --link\n"
                )


def test_a_machine_with_no_address_for_the_way_says_so_at_once() -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        lab.ip("src", "link set v0n addrgenmode none", "addr flush dev v0n")
        for version, wire in itertools.product((4, 6), WIRES):
            lab.ip("src", f"route replace {TARGETS[version]} dev v0n")
            options = ("--wire", *wire.split())
            found = trace(lab, version, *options, privileged=wire != "unprivileged")
            assert (found.exit_code, found.stderr) == (
                ExitCode.LOCAL_NETWORK,
                f"paris-trace: cannot send to {TARGET[version]}: no interface has an "
                f"IPv{version} address for the way there\n",
            )


def test_every_wire_shows_the_router_that_refuses_a_link_local_source() -> None:
    with netlab.lab(netlab.plain(2)) as lab:
        lab.set("src", {"net/ipv4/ping_group_range": "0 2147483647"})
        lab.ip(
            "src",
            "addr flush dev v0n",
            "addr add fe80::a/64 dev v0n nodad",
            f"route replace {TARGETS[6]} via fe80::b dev v0n",
        )
        lab.ip("r1", "addr add fe80::b/64 dev v0f nodad")
        source, router = ip_address("fe80::a"), ip_address("fe80::b")
        for protocol, wire in itertools.product(("-U", "-I", "-T"), WIRES):
            options = (protocol, "--wire", *wire.split())
            found = trace(lab, 6, *options, privileged=wire != "unprivileged")
            assert (found.exit_code, found.stderr) == (ExitCode.NOT_REACHED, ""), (protocol, wire)
            assert found.truth.vertices == {(0, source), (1, router)}, (protocol, wire)
