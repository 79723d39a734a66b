"""What each wire sees of tunnels, VRFs, labels and next-hop groups of the running kernel.

    python -m benchmarks.kernels

Needs root, iproute2, and wg (wireguard-tools) for WireGuard. Works in network namespaces. Prints a
table in Markdown: for each network what the raw, the unprivileged and the bulk wire find in it, in
IPv4 and IPv6. "right" is every vertex and edge, and nothing else. A path is written as who replies
at each hop, `*` for nobody. Where the kernel cannot make a network, the row says why; modules that
it does not load by itself must be loaded before.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks import kernel_networks as networks
from paris.formats import native
from tests.lab.command import Found, as_nobody, command_line, run_at, start_at, trace
from tests.lab.netlab import TARGET, Lab
from tests.lab.test_described import described
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_WIRES: Final = ("raw", "unprivileged", "bulk")
_SURE: Final = ("--mda", "-c", "99.9", "--seed", "1")


class Row(NamedTuple):
    """A network, and how to `look` at it with a wire: the phrase for what the wire finds."""

    name: str
    network: Callable[[], AbstractContextManager[Lab]]
    look: Callable[[Lab, int, str], str]


def _graph(lab: Lab, version: int, wire: str, *options: str) -> str:
    """Whether the graph is the lab's."""
    options = (*_SURE, *options, "--wire", wire)
    return _verdict(lab, version, trace(lab, version, *options, privileged=_is_privileged(wire)))


def _graph_by(interface: str) -> Callable[[Lab, int, str], str]:
    """The same, by an interface."""
    return lambda lab, version, wire: _graph(lab, version, wire, "-i", interface)


def _verdict(lab: Lab, version: int, found: Found) -> str:
    if found.document is None:
        return found.stderr.strip()
    true = lab.truth(version)
    missing, false = len(true.edges - found.truth.edges), len(found.truth.edges - true.edges)
    return f"{missing} edges missing, {false} false" if missing or false else "right"


def _graph_inside_vrf(lab: Lab, version: int, wire: str) -> str:
    """The same, of a command that `ip vrf exec` starts."""
    command = command_line(str(TARGET[version]), "-n", "-j", *_SURE, "--wire", wire)
    command = command if _is_privileged(wire) else as_nobody(command)
    ran = lab.run("ip", "vrf", "exec", "vrf0", *command)
    document = json.loads(ran.stdout) if ran.stdout else None
    return _verdict(lab, version, Found(document, ran.returncode, ran.stderr))


def _path(lab: Lab, version: int, wire: str) -> str:
    """Who replies at each hop."""
    found = trace(lab, version, "--wire", wire, privileged=_is_privileged(wire))
    names = _names(lab)
    seen = sorted((ttl, str(address or "*")) for ttl, address in found.truth.vertices if ttl)
    return " ".join(names.get(address, address) for _, address in seen)


def _names(lab: Lab) -> dict[str, str]:
    """The nodes, by their addresses."""
    names: dict[str, str] = {}
    for node in {node for link in lab.links for node in link}:
        for interface in networks.listed(lab, node, "addr"):
            names |= {known["local"]: node for known in interface["addr_info"]}
    return names


def _interfaces(lab: Lab, version: int, wire: str) -> str:
    """How many of the interfaces that probes came in by are shown, and as they are."""
    command = (str(TARGET[version]), "-n", "-j", *_SURE, "--wire", wire)
    ran = run_at(lab.namespace("src"), *command, privileged=_is_privileged(wire))
    shown = {
        interface
        for reply in native.read(ran.stdout, wire).replies
        for interface in reply.interfaces
    }
    true = set().union(*described(lab, version).values())
    return "right" if shown == true else f"{len(shown & true)} of {len(true)} interfaces"


def _weights(lab: Lab, version: int, wire: str) -> str:
    """The likely weights of the balancer's branches."""
    options = ("--classify", "-c", "99.9", "--seed", "1", "--flows", "1000", "--wire", wire)
    found = trace(lab, version, *options, privileged=_is_privileged(wire))
    (balancer,) = found.document["balancers"]
    return f"likely {':'.join(map(str, balancer['split']['weights'] or ('unknown',)))}"


def _move(lab: Lab, version: int, wire: str) -> str:
    """Where the trace reports changes, when all flows move to the other branch during the trace."""
    networks.weigh(lab, (255, 1), networks.RESILIENT)
    before = networks.forwarded(lab)
    command = (str(TARGET[version]), "-n", "-j", *_SURE, "--rate", "20", "--wire", wire)
    running = start_at(lab.namespace("src"), *command, privileged=_is_privileged(wire))
    wait_until(lambda: networks.forwarded(lab) > before + 10)
    networks.weigh(lab, (1, 255), networks.RESILIENT)
    graph = json.loads(running.finish().stdout)["graph"]
    names = _names(lab)
    nodes = {vertex["id"]: names[str(vertex["address"])] for vertex in graph["vertices"]}
    said = {"route changed": graph["route_changed"], "per packet": graph["per_packet"]}
    return (
        ", ".join(
            f"{words} behind {' '.join(nodes[vertex] for vertex in where)}"
            for words, where in said.items()
            if where
        )
        or "no change seen"
    )


def _is_privileged(wire: str) -> bool:
    return wire != "unprivileged"


_FIRST_LINKS: Final = (None, "bridge", "VLAN", "VXLAN", "tun", "GRE", "IPIP", "WireGuard")
_TUNNELS: Final = {
    "GRE": "gre", "IPIP": "sit mode any", "VXLAN": "vxlan id 7 dstport 4789",
}  # fmt: skip
_ROWS: Final = (
    *(
        Row(f"first link: {kind or 'veth'}", partial(networks.diamond, kind), _graph)
        for kind in _FIRST_LINKS
    ),
    Row("source in a VRF, `-i` VRF", networks.source_in_vrf, _graph_by("vrf0")),
    Row("source in a VRF, `-i` INTERFACE", networks.source_in_vrf, _graph_by("v0n")),
    Row("source in a VRF, `ip vrf exec`", networks.source_in_vrf, _graph_inside_vrf),
    Row("r1 forwards in a VRF", networks.router_in_vrf, _graph),
    *(
        Row(f"{name} from r1 to r4, TTL {words}", partial(networks.tunnel, kind, ttl), _path)
        for name, kind in _TUNNELS.items()
        for words, ttl in (("64", "64"), ("inherited", "inherit"))
    ),
    *(
        Row(f"MPLS from r1 to r3, TTL {words}", partial(networks.labels, without_ttl), _path)
        for words, without_ttl in (
            ("propagated", ()),
            ("not propagated", ("r1", "r2", "r3")),
            ("not propagated at r1 alone", ("r1",)),
        )
    ),
    Row("interfaces described (RFC 5837)", networks.describing, _interfaces),
    Row("next-hop group", networks.grouped, _graph),
    Row("resilient group", partial(networks.grouped, kind=networks.RESILIENT), _graph),
    Row(
        "resilient group, all buckets move",
        partial(networks.grouped, kind=networks.RESILIENT),
        _move,
    ),
    Row("group of weights 3:1", partial(networks.grouped, (3, 1)), _weights),
    Row(
        "resilient group of weights 3:1",
        partial(networks.grouped, (3, 1), networks.RESILIENT),
        _weights,
    ),
)


def main() -> int:
    """Run and print."""
    print(f"| Linux {platform.release()} | IPv4 | IPv6 |\n|---|---|---|")
    for row in _ROWS:
        print(f"| {row.name} | {' | '.join(_cells(row))} |", flush=True)
    return 0


def _cells(row: Row) -> list[str]:
    """What all wires find in a network, in IPv4 and in IPv6."""
    with ExitStack() as stack:
        try:
            lab = stack.enter_context(row.network())
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            return [f"cannot: {reason(error)}"] * 2
        return [
            _cell({wire: row.look(lab, version, wire) for wire in _WIRES}) for version in (4, 6)
        ]


def reason(error: subprocess.CalledProcessError | FileNotFoundError) -> str:
    """Why the kernel cannot make a network."""
    if isinstance(error, FileNotFoundError):
        return f"no `{error.filename}`"
    return str(error.stderr).partition("\n")[0].removeprefix("Error: ")


def _cell(said: dict[str, str]) -> str:
    """What the wires found, once where they agree."""
    wires = defaultdict(list)
    for wire, phrase in said.items():
        wires[phrase].append(wire)
    if len(wires) == 1:
        return next(iter(wires))
    return "; ".join(f"{', '.join(own)}: {phrase}" for phrase, own in wires.items())


if __name__ == "__main__":
    sys.exit(main())
