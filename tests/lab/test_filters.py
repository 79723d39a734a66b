"""Simulated filters against the kernel's: for the same rules and probes, the same replies."""

from __future__ import annotations

import select
import socket
from contextlib import ExitStack
from itertools import pairwise, product
from typing import TYPE_CHECKING, NamedTuple

import pytest

from mda.model import HeaderField, ProbeRequest
from paris.errors import WithheldError
from paris.packets import replies
from paris.packets.flows import Flows
from paris.packets.probes import build
from paris.packets.protocols import Protocol
from paris.sim.filters import Action, Rule
from paris.sim.network import Network
from paris.sim.topology import Router, Topology
from tests.lab import netlab
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET, Lab
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from mda.model import IPAddress, ReplyKind

pytestmark = pytest.mark.lab

# What nftables calls the codes, and our names of them.
CODES = {
    4: {
        "icmp type net-unreachable": Action.NETWORK_UNREACHABLE,
        "icmp type host-unreachable": Action.HOST_UNREACHABLE,
        "icmp type prot-unreachable": Action.PROTOCOL_UNREACHABLE,
        "icmp type port-unreachable": Action.PORT_UNREACHABLE,
        "icmp type net-prohibited": Action.NETWORK_PROHIBITED,
        "icmp type host-prohibited": Action.HOST_PROHIBITED,
        "icmp type admin-prohibited": Action.ADMIN_PROHIBITED,
    },
    6: {
        "icmpv6 type no-route": Action.NETWORK_UNREACHABLE,
        "icmpv6 type addr-unreachable": Action.HOST_UNREACHABLE,
        "icmpv6 type port-unreachable": Action.PORT_UNREACHABLE,
        "icmpv6 type admin-prohibited": Action.ADMIN_PROHIBITED,
        "icmpv6 type policy-fail": Action.SOURCE_REFUSED,
        "icmpv6 type reject-route": Action.ROUTE_REJECTED,
    },
}
PROXIED, OPEN, CLOSED, WITHHELD = 80, 443, 22, 25
FILTERING = {"r2": 1000, "dst": 2000}  # the first of the ports about which each has rules
HOOKS = {"r2": "forward", "dst": "input"}
LINUX_TTL = 64
ETHER_TYPE = {4: 0x0800, 6: 0x86DD}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


Ports = tuple[int | None, int | None]  # of a probe, from and to


class Seen(NamedTuple):
    """What a reply to a probe shows: also how far it came, and the TTL that the probe had there."""

    kind: ReplyKind
    code: int | None
    responder: IPAddress
    ttl: int | None
    quoted_ttl: int | None


def only(port: int) -> tuple[range, ...]:
    """The ports of a rule about one of them."""
    return (range(port, port + 1),)


def rules_from(first: int, version: int) -> dict[str, Rule]:
    """Rules about the ports from `first` on, by what nftables calls them."""
    actions = {"drop": Action.DROP}
    actions |= {f"reject with {how}": action for how, action in CODES[version].items()}
    rules = {
        f"meta l4proto {{ tcp, udp }} th dport {dport} {how}": Rule(action, dport=only(dport))
        for dport, (how, action) in enumerate(actions.items(), start=first)
    }
    last = first + len(rules)
    reset = Rule(Action.RESET, Protocol.TCP, dport=only(last))
    return {**rules, f"tcp dport {last} reject with tcp reset": reset}


def simulated(lab: Lab, version: int) -> Network:
    """The lab's network, simulated."""
    names = {"r1": "R1", "r2": "R2", "dst": "destination"}
    routers = []
    for before, node in pairwise(("src", *names)):
        address = lab.shown(before, node, version)
        assert address is not None
        first = FILTERING.get(node)
        rules = () if first is None else tuple(rules_from(first, version).values())
        if node == "r1":
            rules = (Rule(Action.ANSWER, Protocol.TCP, dport=only(PROXIED)),)
        routers.append(
            Router(name=names[node], interfaces=(address,), rules=rules, initial_ttl=LINUX_TTL)
        )
    steps = pairwise(("source", *names.values()))
    topology = Topology.of("lab", lab.source(version), routers, steps)
    own = (Rule(Action.DROP, dport=only(WITHHELD)),)
    return Network(topology.replace(open_ports=frozenset({OPEN}), rules=own), 1)


def probes_of(network: Network, version: int) -> list[bytes]:
    """A probe of each port, protocol and TTL, each of another flow.

    Those that are dropped come first: had they a reply, it would be there before the last one.
    """
    dropped = tuple(FILTERING.values())
    refused = (
        first + more for first in dropped for more in range(1, len(rules_from(first, version)))
    )
    ports = (*dropped, *refused, PROXIED, OPEN, CLOSED)
    probes = []
    for flow, (dport, protocol, ttl) in enumerate(
        product(ports, (Protocol.TCP, Protocol.UDP), range(1, 6))
    ):
        flows = Flows(
            source=network.source, destination=network.destination, protocol=protocol,
            field=HeaderField.SPORT, sport=20_000, dport=dport,
        )  # fmt: skip
        probes.append(build(flows, ProbeRequest(flow, ttl), flow + 1))
    return probes


def seen(datagram: bytes) -> tuple[Ports, Seen] | None:
    """The ports of the probe that a datagram replies to, and what it shows; None for no reply."""
    parsed = replies.parse(datagram)
    if not isinstance(parsed, replies.ParsedReply):
        return None
    shown = Seen(
        parsed.kind, parsed.icmp_code, parsed.responder, parsed.reply_ttl, parsed.quoted_ttl
    )
    return (parsed.quoted.sport, parsed.quoted.dport), shown


@pytest.mark.parametrize("version", [4, 6])
def test_a_simulated_filter_replies_as_the_kernel_does(version: int) -> None:
    with netlab.lab(netlab.plain(2)) as lab, ExitStack() as sockets:
        for node, hook in HOOKS.items():
            for rule in rules_from(FILTERING[node], version):
                lab.rules(node, f"type filter hook {hook} priority 0", rule)
        lab.rules("src", "type filter hook output priority 0", f"th dport {WITHHELD} drop")
        redirected = f"tcp dport {PROXIED} redirect to :{PROXIED}"
        lab.rules("r1", "type nat hook prerouting priority -100", redirected)
        for node, port in (("r1", PROXIED), ("dst", OPEN)):
            with inside_namespace(lab.namespace(node)):
                listening = sockets.enter_context(socket.socket(FAMILY[version]))
                listening.bind(("", port))
                listening.listen(64)
        with inside_namespace(lab.namespace("src")):
            raw = socket.socket(FAMILY[version], socket.SOCK_RAW, socket.IPPROTO_RAW)
            sender = sockets.enter_context(raw)
            frames = socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETHER_TYPE[version])
            )
            receiver = sockets.enter_context(frames)
        network = simulated(lab, version)
        expected: dict[Ports, Seen] = {}
        found: dict[Ports, Seen] = {}
        for probe in probes_of(network, version):
            for _, answer in network.answers(probe, 0.0):
                told = seen(answer)
                assert told is not None
                expected[told[0]] = told[1]
            sender.sendto(probe, (str(TARGET[version]), 0))
        while len(found) < len(expected) and select.select([receiver], [], [], LONGEST_S)[0]:
            datagram, where = receiver.recvfrom(65_535)
            if where[2] != socket.PACKET_OUTGOING and (told := seen(datagram)) is not None:
                found[told[0]] = told[1]
        assert found == expected
        flows = Flows(
            source=network.source, destination=network.destination, protocol=Protocol.TCP,
            field=HeaderField.SPORT, sport=20_000, dport=WITHHELD,
        )  # fmt: skip
        refused = build(flows, ProbeRequest(0, 1), 1)
        with pytest.raises(PermissionError) as kernels:
            sender.sendto(refused, (str(TARGET[version]), 0))
        with pytest.raises(WithheldError) as ours:
            network.answers(refused, 0.0)
        assert ours.value.reason == kernels.value.strerror
