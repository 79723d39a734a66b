"""What others do: tunnels, translators, hosts of one address, descriptions, next-hop groups."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from benchmarks import kernel_networks as networks
from benchmarks import views
from mda.model import NOBODYS
from paris.formats.extensions_json import interface_json
from paris.sim.truth import truth
from tests.lab import netlab
from tests.lab.emulator import emulated
from tests.lab.netlab import TARGET, TARGETS, Truth
from tests.lab.test_described import described
from tests.lab.test_segments import steer
from tests.lab.test_services import OTHER, answer_from_elsewhere, serving
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.views import Look
    from tests.lab.command import Found
    from tests.lab.netlab import Lab

_PREROUTING: Final = "type nat hook prerouting priority -100"
_BRANCHES: Final = ("a1", "a2")
_UNNUMBERED: Final = """
source: 192.0.2.1
destination: {address: 203.0.113.9, delay_ms: 1}
routers:
  r1: {interfaces: [198.51.100.1], delay_ms: 1}
  lb: {interfaces: [198.51.100.2], delay_ms: 1}
  a1: {interfaces: [192.0.0.8], describes: [{name: eth0, ifindex: 2}]}
  a2: {interfaces: [192.0.0.8], describes: [{name: eth0, ifindex: 512}]}
  joint: {interfaces: [198.51.100.3], delay_ms: 1}
paths:
  - source -> r1 -> lb -> [a1, a2] -> joint -> destination
"""
_POSTROUTING: Final = "type nat hook postrouting priority 100"


@contextmanager
def inserted(version: int, protocol: str) -> Iterator[Look]:
    """A router inserts SRv6 segments."""
    with networks.diamond() as lab:
        steer(lab, "inline", entry="r1", end="joint")
        yield views.of_lab(lab, version, protocol)


@contextmanager
def tunnelled(version: int, protocol: str) -> Iterator[Look]:
    """A tunnel from here, whose end drops its TTL: behind it the probe has too much to expire."""
    with networks.row() as lab:
        steer(lab, "encap", entry="src", end="r3")
        shown = [lab.shown(*pair, version) for pair in (("src", "r1"), ("r1", "r2"))]
        view = views.of_lab(lab, version, protocol, "-w", "0.5")
        yield views.without_privilege(
            replace(view, truth=views.path(None, None, TARGET[version])),
            replace(view, truth=views.path(*shown, TARGET[version])),
        )


@contextmanager
def elsewhere(version: int, protocol: str) -> Iterator[Look]:
    """The destination answers from another address."""
    with networks.diamond() as lab, serving(lab, "dns"):
        answer_from_elsewhere(lab)
        view = views.of_lab(lab, version, protocol)
        new = {TARGET[version]: OTHER[version]}
        yield replace(view, truth=views.renamed(view.truth, new))


@contextmanager
def anycast(version: int, protocol: str) -> Iterator[Look]:
    """Two hosts with the destination's address, one of them farther away."""
    with netlab.lab(("src r1 lb a1 dst", "src r1 lb a2 b2 dst2")) as lab:
        yield views.of_lab(lab, version, protocol)


@contextmanager
def translated(version: int, protocol: str, *, node: str, hop: int) -> Iterator[Look]:
    """The host has another address than the one that is traced, which a node at a hop replaces.

    Linux gives errors from there on the address that was traced, so routers cannot be told apart.
    """
    six = "6" * (version == 6)
    with networks.diamond() as lab:
        rule = f"ip{six} daddr {OTHER[version]} dnat ip{six} to {TARGET[version]}"
        lab.rules(node, _PREROUTING, rule)
        view = views.of_lab(lab, version, protocol)
        behind = {address for ttl, address in view.truth.vertices if ttl >= hop and address}
        yield replace(
            view,
            host=str(OTHER[version]),
            truth=views.renamed(view.truth, dict.fromkeys(behind, OTHER[version])),
            further=views.promises_nothing,
        )


@contextmanager
def masqueraded(version: int, protocol: str) -> Iterator[Look]:
    """The first router gives probes its own source address."""
    with networks.diamond() as lab:
        lab.rules("r1", _POSTROUTING, "masquerade")
        yield views.of_lab(lab, version, protocol)


@contextmanager
def describing(version: int, protocol: str) -> Iterator[Look]:
    """Routers describe the interface that a probe came in by (RFC 5837)."""
    with networks.describing() as lab:
        shown = described(lab, version)
        true = {
            (ttl, _key(interface_json(own))) for ttl, several in shown.items() for own in several
        }

        def further(found: Found) -> str:
            # Not every wire sees that an answer of the target is to a probe with TTL to spare.
            seen = {
                (min(outcome["ttl"], max(shown)), _key(own))
                for outcome in found.document["outcomes"]
                for own in outcome.get("interfaces", ())
            }
            return "" if seen == true else f"{len(seen & true)} of {len(true)} interfaces"

        yield replace(views.of_lab(lab, version, protocol), further=further)


def _key(member: Any) -> str:
    return json.dumps(member, sort_keys=True)


@contextmanager
def parallel(version: int, protocol: str) -> Iterator[Look]:
    """Two links between two routers; the second has no addresses for it alone."""
    with networks.row() as lab:
        near, far = lab.namespace("r1"), lab.namespace("r2")
        subprocess.run(
            ["ip", "link", "add", "p1", "netns", near, "type", "veth", "peer", "p2", "netns", far],
            check=True, capture_output=True,
        )  # fmt: skip
        lab.ip("r2", "link set p2 up", "addr add fe80::b/64 dev p2 nodad")
        ways = (
            f"nexthop {networks.towards(lab, 'r1', 'r2', version)} nexthop via inet6 fe80::b dev p1"
        )
        lab.ip(
            "r1",
            "link set p1 up",
            "addr add fe80::a/64 dev p1 nodad",
            f"route replace {TARGETS[version]} {ways}",
        )
        networks.describe(lab)
        devices = {lab.interface("r2", "r1"), "p2"}

        def further(found: Found) -> str:
            edges = [edge for edge in found.document["graph"]["edges"] if "links" in edge]
            names = [{link["interfaces"][0]["name"] for link in edge["links"]} for edge in edges]
            return "" if names == [devices] else f"parallel links {names}"

        yield replace(views.of_lab(lab, version, protocol), further=further)


@contextmanager
def unnumbered(version: int, protocol: str, *, describe: bool) -> Iterator[Look]:
    """The branches' routers have no IPv4 address, and describe their interfaces or do not."""
    with networks.diamond() as lab:
        for node in _BRANCHES:
            _unnumber(lab, node)
        ways = [f"nexthop via inet6 fe80::b dev {lab.interface('lb', node)}" for node in _BRANCHES]
        lab.ip("lb", f"route replace {TARGETS[4]} {' '.join(ways)}")
        back = lab.interface("joint", _BRANCHES[0])
        lab.ip("joint", f"route replace 0.0.0.0/0 via inet6 fe80::b dev {back}")
        if describe:
            networks.describe(lab)
        view = views.of_lab(lab, version, protocol)
        usual = dict.fromkeys((lab.address(node, "lb", version) for node in _BRANCHES), NOBODYS)
        ends = {_end(lab, node) for node in _BRANCHES}
        yield replace(
            view,
            truth=views.renamed(view.truth, usual),
            further=_are_apart(ends) if describe else views.promises_nothing,
        )


def _unnumber(lab: Lab, node: str) -> None:
    """Have a branch's router forward by addresses that are of its links alone."""
    for other in ("lb", "joint"):
        own = lab.interface(node, other)
        lab.ip(other, f"addr add fe80::a/64 dev {lab.interface(other, node)} nodad")
        lab.ip(
            node,
            f"addr del {lab.address(node, other, 4)}/31 dev {own}",
            f"addr add fe80::b/64 dev {own} nodad",
            f"route replace {TARGETS[4] if other == 'joint' else '0.0.0.0/0'} via inet6 fe80::a"
            f" dev {own}",
        )


def _end(lab: Lab, node: str) -> str:
    """How the interface that a branch's router gets probes by is shown."""
    (own,) = networks.listed(lab, node, "link", "show", "dev", lab.interface(node, "lb"))
    return f"{own['ifname']}/{own['ifindex']}"


def _are_apart(ends: set[str]) -> Callable[[Found], str]:
    """The routers without addresses are different vertices, with two edges each."""
    ids = {f"{NOBODYS}%{end}@3" for end in ends}

    def fault(found: Found) -> str:
        graph = found.document["graph"]
        seen = {vertex["id"] for vertex in graph["vertices"] if vertex["ttl"] == 3}
        edges = [edge for edge in graph["edges"] if {edge["from"], edge["to"]} & ids]
        is_right = seen == ids and len(edges) == 2 * len(ids)
        return "" if is_right else f"vertices {sorted(seen)}, {len(edges)} edges"

    return fault


@contextmanager
def simulated(_: int, protocol: str) -> Iterator[Look]:
    """Simulated routers without addresses, which describe their interfaces."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "unnumbered.yaml"
        file.write_text(_UNNUMBERED)
        with emulated(str(file)) as network:
            true = truth(network.topology)
            yield views.View(
                network.namespace,
                str(network.topology.destination),
                views.behind_source(Truth(true.vertices, true.edges)),
                (protocol,),
                further=_are_apart({"eth0/2", "eth0/512"}),
            )


@contextmanager
def grouped(
    version: int, protocol: str, *, kind: str = "", weights: tuple[int, int] = (1, 1)
) -> Iterator[Look]:
    """A balancer with its branches in a next-hop group."""
    with networks.grouped(weights, kind) as lab:
        yield views.of_lab(lab, version, protocol, "--min-share", "20")


@contextmanager
def moving(version: int, protocol: str) -> Iterator[Look]:
    """All buckets of a resilient group move to the other branch during a trace.

    It is slow, so that they move early in it: 10 seconds by IPv4 and 17 by IPv6, so 20 runs by all
    wires take 27 minutes. By IPv6 the router behind the branches has an address for each, and flows
    are searched that still meet the one left.
    """
    with networks.grouped(kind=networks.RESILIENT) as lab:
        true = views.behind_source(lab.truth(version))
        balancer = f"{lab.shown('r1', 'lb', version)}@2"
        view = views.of_lab(lab, version, protocol, "--rate", "40")

        def look(wire: str, seed: int) -> str:
            networks.weigh(lab, (255, 1), networks.RESILIENT)
            before = networks.forwarded(lab)
            running = view.start(wire, seed)
            wait_until(lambda: networks.forwarded(lab) > before + 10)
            networks.weigh(lab, (1, 255), networks.RESILIENT)
            found = views.read(running.finish())
            graph, shown = found.document["graph"], views.behind_source(found.truth)
            if shown.vertices - true.vertices or shown.edges - true.edges:
                return "false vertices or edges"
            said = graph["route_changed"], graph["per_packet"]
            return "" if said == ([balancer], []) else f"changed {said[0]}, per packet {said[1]}"

        yield look
