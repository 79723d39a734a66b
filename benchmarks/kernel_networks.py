"""Networks that need more of a kernel than routing: tunnels, VRFs, labels, next-hop groups."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from tests.lab import netlab
from tests.lab.netlab import TARGETS, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DESCRIBE: Final = ("net/ipv4/icmp_errors_extension_mask", "net/ipv6/icmp/errors_extension_mask")
_OPEN_PING_SOCKETS: Final = {"net/ipv4/ping_group_range": "0 2147483647"}
RESILIENT: Final = "type resilient buckets 8 idle_timer 0"
_TABLE: Final = 10
_TUNNEL: Final = {4: ("10.9.0.0", "10.9.0.1"), 6: ("2001:db8:9::1", "2001:db8:9::2")}
_LABELS: Final = 1000


@contextmanager
def row() -> Iterator[Lab]:
    """Four routers in a row."""
    with netlab.lab(netlab.plain(4)) as lab:
        lab.set("src", _OPEN_PING_SOCKETS)
        yield lab


@contextmanager
def diamond(first_link: str | None = None) -> Iterator[Lab]:
    """Two branches, behind a first link of a kind."""
    kinds = {("src", "r1"): first_link} if first_link else None
    with netlab.lab(netlab.diamond(2), kinds=kinds) as lab:
        lab.set("src", _OPEN_PING_SOCKETS)
        yield lab


@contextmanager
def source_in_vrf() -> Iterator[Lab]:
    """A diamond whose source has its only way out in a VRF."""
    with diamond() as lab:
        _move_to_vrf(lab, "src", {"r1": TARGETS})
        yield lab


@contextmanager
def router_in_vrf() -> Iterator[Lab]:
    """A diamond whose first router forwards in a VRF."""
    with diamond() as lab:
        _move_to_vrf(lab, "r1", {"lb": TARGETS, "src": {4: "default", 6: "default"}})
        yield lab


def _move_to_vrf(lab: Lab, node: str, routes: dict[str, dict[int, str]]) -> None:
    """Put a node's interfaces into a VRF, and by neighbour what they lead to."""
    # Without this an interface that enters a VRF loses its IPv6 addresses.
    lab.set(node, {"net/ipv6/conf/all/keep_addr_on_down": 1})
    lab.ip(node, f"link add vrf0 type vrf table {_TABLE}", "link set vrf0 up")
    for other, prefixes in routes.items():
        interface = lab.interface(node, other)
        lab.ip(
            node,
            f"link set {interface} master vrf0",
            *(
                f"route replace {prefix} {towards(lab, node, other, version)} table {_TABLE}"
                for version, prefix in prefixes.items()
            ),
        )


@contextmanager
def tunnel(kind: str, ttl: str) -> Iterator[Lab]:
    """A row in which a tunnel leads from r1 to r4, below which r2 and r3 forward.

    Its `ttl` is a number, or "inherit" for that of the packet inside.
    """
    with row() as lab:
        ends = ("r1", "r2"), ("r4", "r3")
        outer = [lab.address(*end, 4) for end in ends]
        lab.ip("r1", f"route add {outer[1]} via {lab.address('r2', 'r1', 4)}")
        lab.ip("r2", f"route add {outer[1]} via {lab.address('r3', 'r2', 4)}")
        lab.ip("r4", f"route add {outer[0]} via {lab.address('r3', 'r4', 4)}")
        for number, (node, _) in enumerate(ends):
            lab.ip(
                node,
                f"link add tunnel0 type {kind} local {outer[number]} remote {outer[1 - number]}"
                f" ttl {ttl}",
                f"addr add {_TUNNEL[4][number]}/31 dev tunnel0",
                f"addr add {_TUNNEL[6][number]}/64 dev tunnel0 nodad",
                "link set tunnel0 up",
            )
        for version in (4, 6):
            near, far = _TUNNEL[version]
            lab.ip("r1", f"route replace {TARGETS[version]} via {far} dev tunnel0")
            lab.ip("r4", f"route replace default via {near} dev tunnel0")
        yield lab


@contextmanager
def labels(without_ttl: Sequence[str] = ()) -> Iterator[Lab]:
    """A row in which r1 pushes a label, r2 swaps it and r3 pops it.

    All copy the TTL from the packet to its label and back, but for those `without_ttl`.
    """
    with row() as lab:
        for node, before in (("r1", "src"), ("r2", "r1"), ("r3", "r2")):
            lab.set(node, {"net/mpls/platform_labels": _LABELS})
            lab.set(node, {"net/mpls/ip_ttl_propagate": int(node not in without_ttl)})
            lab.set(node, {f"net/mpls/conf/{lab.interface(node, before)}/input": 1})
        for version in (4, 6):
            first, second = 100 + version, 200 + version
            way = towards(lab, "r1", "r2", version)
            lab.ip("r1", f"route replace {TARGETS[version]} encap mpls {first} {way}")
            _add_label(lab, "r2", "r3", version, f"{first} as {second}")
            _add_label(lab, "r3", "r4", version, f"{second}")
        yield lab


def _add_label(lab: Lab, node: str, other: str, version: int, label: str) -> None:
    """Have a node send what comes with a label to its neighbour `other`."""
    way = towards(lab, node, other, version).replace("via", f"via inet{'6' * (version == 6)}")
    # A line of a batch of ip cannot name its family.
    command = ["ip", "-n", lab.namespace(node), "-f", "mpls", "route", "add"]
    subprocess.run(
        [*command, *f"{label} {way}".split()], check=True, capture_output=True, text=True
    )


def towards(lab: Lab, node: str, other: str, version: int) -> str:
    """How a route at `node` says that it leads to its neighbour `other`."""
    return f"via {lab.address(other, node, version)} dev {lab.interface(node, other)}"


@contextmanager
def describing() -> Iterator[Lab]:
    """A diamond whose routers describe the interface that a probe came in by (RFC 5837)."""
    with diamond() as lab:
        describe(lab)
        yield lab


def describe(lab: Lab) -> None:
    """From now on all routers describe the interface that a probe came in by."""
    for node in {node for link in lab.links for node in link}:
        lab.set(node, dict.fromkeys(_DESCRIBE, 1))


@contextmanager
def grouped(weights: tuple[int, int] = (1, 1), kind: str = "") -> Iterator[Lab]:
    """A diamond whose balancer has its branches in a next-hop group of a kind."""
    with diamond() as lab:
        for version in (4, 6):
            for number, branch in enumerate(("a1", "a2"), start=1):
                way = towards(lab, "lb", branch, version)
                lab.ip("lb", f"nexthop add id {10 * version + number} {way}")
            lab.ip(
                "lb",
                f"nexthop add {_group(version, weights, kind)}",
                f"route del {TARGETS[version]}",
                f"route add {TARGETS[version]} nhid {10 * version}",
            )
        yield lab


def _group(version: int, weights: tuple[int, int], kind: str) -> str:
    members = (f"{10 * version + n},{weight}" for n, weight in enumerate(weights, start=1))
    return f"id {10 * version} group {'/'.join(members)} {kind}"


def weigh(lab: Lab, weights: tuple[int, int], kind: str) -> None:
    """Give the branches of `grouped` other weights."""
    for version in (4, 6):
        lab.ip("lb", f"nexthop replace {_group(version, weights, kind)}")


def forwarded(lab: Lab) -> int:
    """How many packets have reached the balancer."""
    (interface,) = listed(lab, "lb", "-s", "link", "show", "dev", lab.interface("lb", "r1"))
    return int(interface["stats64"]["rx"]["packets"])


def listed(lab: Lab, node: str, *arguments: str) -> Any:
    """What ip lists at a node."""
    command = ["ip", "-n", lab.namespace(node), "-j", *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
