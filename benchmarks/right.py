"""In how many of N runs each wire is right, wherever this machine or the way is not a plain one.

    python -m benchmarks.right [RUNS [WORD...]]

Needs root, and what `benchmarks.kernels` needs. Works in network namespaces. Each wire traces each
network RUNS times (20 unless given) in IPv4 and IPv6, each time with another seed and so with other
ports and flows, at `-c 99.999`. A run is right if every vertex and edge is shown and no other, with
what else the case is about: the way of each flow beside that of a plain socket with its ports, the
source, interfaces, nothing lost. With WORDs, only cases whose names have one of them run. Prints a
table in Markdown, and below it what was wrong, and why the kernel cannot make a network, if so.
Exits with 1 if anything was wrong.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks import kernel_networks as networks
from benchmarks import views_beyond as beyond
from benchmarks import views_changing as changing
from benchmarks import views_here as here
from benchmarks.kernels import reason
from tests.lab.test_links import smallest_mtu, unnumbered, without_resolution

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from benchmarks.views import Look

WIRES: Final = ("raw", "bulk", "unprivileged")
_VERSIONS: Final = (4, 6)
_UDP, _TCP, _ICMP = "-U", "-T", "-I"
_NAMES: Final = {_UDP: "UDP", _TCP: "TCP", _ICMP: "ICMP"}


class Case(NamedTuple):
    """A row for each protocol: its network, and how to look at it."""

    about: str
    views: Callable[[int, str], AbstractContextManager[Look]]
    protocols: tuple[str, ...] = (_UDP,)
    ip_versions: tuple[int, ...] = _VERSIONS
    wires: tuple[str, ...] = WIRES


_BOTH: Final = (_UDP, _TCP)
_ALL: Final = (_UDP, _TCP, _ICMP)
CASES: Final = (
    Case("equal default routes, providers that filter sources", here.two_links, _BOTH),
    Case("two gateways on one link", here.two_gateways, _BOTH),
    Case("rule by source", here.Rule("from {source}", ("-s", "{source}")), _ALL),
    Case("rule by protocol and port", here.Rule("ipproto udp dport 33434")),
    Case("rule by protocol and port", here.Rule("ipproto tcp dport 80"), (_TCP,)),
    Case("rule by protocol", here.Rule("ipproto icmp"), (_ICMP,), (4,)),
    Case("rule by protocol", here.Rule("ipproto ipv6-icmp"), (_ICMP,), (6,)),
    Case("rule by source ports of some flows", here.by_source_ports, _BOTH),
    Case("rule by mark", here.marked, _BOTH),
    Case("rule by user", here.of_nobody, _BOTH),
    Case("link-local destination", partial(here.one_hop_away, whose="link-local"), _ALL, (6,)),
    Case("destination on this machine", partial(here.one_hop_away, whose="own"), _ALL),
    Case("destination on the link", partial(here.one_hop_away, whose="neighbour"), _ALL),
    Case("destinations to refuse", here.refused_forms),
    Case("firewall drops one flow of 8", partial(here.firewalled, verdict="drop"), _BOTH),
    Case("firewall rejects one flow of 8", partial(here.firewalled, verdict="reject"), _BOTH),
    Case("64 open files", here.few_files, _BOTH),
    Case("first link: veth without ARP", partial(here.first_link, arrange=without_resolution)),
    Case("first link: MTU 1280", partial(here.first_link, arrange=smallest_mtu)),
    Case("first link: unnumbered", partial(here.first_link, arrange=unnumbered)),
    Case("no IPv4 address", partial(here.first_link, arrange=here.without_ipv4), ip_versions=(6,)),
    *(
        Case(f"first link: {kind}", partial(here.first_link, kind=kind))
        for kind in ("bridge", "VLAN", "VXLAN", "tun", "GRE", "IPIP", "WireGuard")
    ),
    *(
        Case(
            f"source in a VRF, -i {name}",
            partial(here.in_vrf, network=networks.source_in_vrf, options=("-i", name)),
        )
        for name in ("vrf0", "v0n")
    ),
    Case("r1 forwards in a VRF", partial(here.in_vrf, network=networks.router_in_vrf)),
    Case("SRv6 inserted on the way", beyond.inserted, ip_versions=(6,)),
    Case("SRv6 tunnel from here", beyond.tunnelled, ip_versions=(6,)),
    Case("destination answers from elsewhere", beyond.elsewhere, _BOTH, wires=WIRES[:2]),
    Case("anycast, two hosts", beyond.anycast, _BOTH),
    Case("DNAT before the balancer", partial(beyond.translated, node="r1", hop=1), _BOTH),
    Case("DNAT behind the balancer", partial(beyond.translated, node="joint", hop=4), _BOTH),
    Case("masquerade before the balancer", beyond.masqueraded, _BOTH),
    Case("interfaces described (RFC 5837)", beyond.describing),
    Case("parallel links, interfaces described", beyond.parallel),
    Case("routers at 192.0.0.8", partial(beyond.unnumbered, describe=False), ip_versions=(4,)),
    Case(
        "routers at 192.0.0.8, interfaces described",
        partial(beyond.unnumbered, describe=True),
        ip_versions=(4,),
    ),
    Case("the same, simulated", beyond.simulated, _BOTH, (4,)),
    Case("next-hop group", beyond.grouped),
    Case("group of weights 3:1", partial(beyond.grouped, weights=(3, 1))),
    Case("resilient group", partial(beyond.grouped, kind=networks.RESILIENT)),
    Case(
        "resilient group of weights 3:1",
        partial(beyond.grouped, kind=networks.RESILIENT, weights=(3, 1)),
    ),
    Case("resilient group, all buckets move", beyond.moving),
    Case("nothing rewritten", changing.unchanged, _ALL),
    Case("source translated, quotes not", changing.translated_statelessly, wires=WIRES[:2]),
    Case("DSCP rewritten at hop 3", partial(changing.rewritten, rule="dscp set cs1"), _ALL),
    Case("ECN cleared at hop 3", partial(changing.rewritten, rule="ecn set not-ect"), _ALL),
    Case("MTU of 1400 on a branch", partial(changing.narrow, is_silent=False)),
    Case("MTU of 1400, black hole", partial(changing.narrow, is_silent=True)),
    Case("a path moves after 20 s of a watch", changing.moving),
)


def main() -> int:
    """Run and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    words = sys.argv[2:]
    columns = [f"{wire} {version}" for wire in WIRES for version in _VERSIONS]
    print(f"Linux {os.uname().release.partition('-')[0]}; right of {runs} runs\n")
    print(
        f"| case | protocol | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 2)}", flush=True
    )
    said, is_good = [], True
    for case in CASES:
        if not words or any(word in case.about for word in words):
            for protocol in case.protocols:
                row = _Row(case, protocol, runs)
                for version in case.ip_versions:
                    row.fill(version)
                print(f"| {case.about} | {_NAMES[protocol]} | {row.cells()} |", flush=True)
                said += row.said
                is_good &= row.is_good
    print("\n" + "\n".join(said))
    return 0 if is_good else 1


class _Row:
    """In how many runs each wire is right in a case, and what else is to say."""

    def __init__(self, case: Case, protocol: str, runs: int) -> None:
        self._case = case
        self._protocol = protocol
        self._runs = runs
        self._right: dict[tuple[str, int], int] = {}
        self.said: list[str] = []
        self.is_good = True

    def fill(self, version: int) -> None:
        """Make the runs of an IP version, if the kernel can make the network."""
        name = f"{self._case.about}, {_NAMES[self._protocol]}, IPv{version}"
        with ExitStack() as stack:
            try:
                look = stack.enter_context(self._case.views(version, self._protocol))
            except (subprocess.CalledProcessError, FileNotFoundError) as error:
                self.said.append(f"{name}: cannot be made: {reason(error)}")
                return
            for wire in self._case.wires:
                faults = {seed: look(wire, seed) for seed in range(1, self._runs + 1)}
                wrong = {seed: fault for seed, fault in faults.items() if fault}
                self.said += [f"{name}, {wire}, seed {seed}: {wrong[seed]}" for seed in wrong]
                self._right[wire, version] = self._runs - len(wrong)
                self.is_good &= not wrong

    def cells(self) -> str:
        """The cells, by wire and IP version."""
        keys = itertools.product(WIRES, _VERSIONS)
        return " | ".join(str(self._right.get(key, "–")) for key in keys)


if __name__ == "__main__":
    sys.exit(main())
