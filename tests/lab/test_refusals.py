"""What is refused on the way: every such message is an answer or noise, never the end."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from mda.model import ProbeRequest
from paris.errors import ExitCode
from paris.packets import probes, replies
from paris.packets.protocols import Protocol
from paris.packets.replies import ParsedReply
from tests.lab import netlab
from tests.lab.command import run_at, trace, traces
from tests.lab.forging import Forger, opened, plan
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paris.wire.base import Wire

pytestmark = pytest.mark.lab

WIRES = ("raw", "unprivileged", "bulk")
OPEN_PING_SOCKETS = {"net/ipv4/ping_group_range": "0 2147483647"}
# Every ICMP error that Linux reports to sockets: unreachable, quench, exceeded, too big, problem.
ERRORS = {
    4: [*((3, code) for code in range(16)), (4, 0), (11, 0), (11, 1), (12, 0), (12, 1)],
    6: [*((1, code) for code in range(8)), (2, 0), (3, 0), (3, 1), (4, 0), (4, 1), (4, 2)],
}
# Where one socket sends or receives for many probes.
SHARING = [
    *((wire, protocol) for wire in ("raw", "bulk") for protocol in Protocol),
    *(("unprivileged", protocol) for protocol in (Protocol.UDP, Protocol.ICMP)),
]
TAG = 4711
UNUSED_PROTOCOL = 255  # the number of the raw sockets that send


def quoting_nothing_of_ours(probe: bytes) -> bytes:
    """The probe with the number of the protocol that our sending socket is of."""
    at = 9 if probe[0] >> 4 == 4 else 6
    return probe[:at] + bytes([UNUSED_PROTOCOL]) + probe[at + 1 :]


def is_answered(wire: Wire, tag: int) -> bool:
    """Whether the first router has answered the probe with this tag."""
    until_s = wire.now_s() + 5
    while wire.now_s() < until_s:
        for received in wire.receive(until_s):
            parsed = replies.parse(received.datagram)
            if isinstance(parsed, ParsedReply) and parsed.quoted.carrier_tag == tag:
                return True
    return False


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("wire", "protocol"), SHARING)
def test_no_icmp_error_stops_a_wire(wire: str, version: int, protocol: Protocol) -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        lab.set("src", OPEN_PING_SOCKETS)
        flows = plan(lab, version, protocol)
        with (
            closing(opened(lab, wire, flows)) as opened_wire,
            closing(Forger(lab, version)) as forger,
        ):
            for number, (kind, code) in enumerate(ERRORS[version]):
                tag = TAG + 2 * number
                first, second = (
                    probes.build(flows, ProbeRequest(0, 1), tag + more) for more in (0, 1)
                )
                with inside_namespace(lab.namespace("src")):
                    opened_wire.send([first])
                    assert is_answered(opened_wire, tag)
                    for quote in (first, quoting_nothing_of_ours(first)):
                        forger.refuse(kind, code, quote)
                        forger.refuse(kind, code, quote)
                        opened_wire.send([second])
                        forger.refuse(kind, code, quote)
                        assert is_answered(opened_wire, tag + 1), (kind, code)


# How nftables refuses, and whether that says that the packet is prohibited, even of UDP: to other
# protocols only a firewall says that a port is unreachable.
REJECTED = {
    4: [("icmp type admin-prohibited", True), ("icmp type port-unreachable", False)],
    6: [("icmpv6 type admin-prohibited", True), ("icmpv6 type port-unreachable", False)],
}
HOOKS = {"r2": "forward", "dst": "input"}


@contextmanager
def firewall(lab: Lab, node: str, version: int, how: str) -> Iterator[None]:
    """Have a node refuse whatever goes to the target, in the way that nftables calls `how`."""
    what = f"ip{'6' * (version == 6)} daddr {TARGET[version]} reject with {how}"
    lab.rules(node, f"type filter hook {HOOKS[node]} priority 0", what)
    yield
    command = ["ip", "netns", "exec", lab.namespace(node), "nft", "delete table inet own"]
    subprocess.run(command, check=True)


@pytest.mark.parametrize("node", HOOKS)
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("wire", WIRES)
def test_a_firewall_that_refuses_probes_is_reported_and_ends_the_path(
    wire: str, version: int, node: str
) -> None:
    with netlab.lab(netlab.plain(2)) as lab:
        lab.set("src", OPEN_PING_SOCKETS)
        near = {(ttl, address) for ttl, address in lab.truth(version).vertices if ttl < 3}
        refuser = TARGET[version] if node == "dst" else lab.shown("r1", node, version)
        end = {(3, refuser)} if node == "dst" else set()  # or the router before it
        for rule, is_prohibited in REJECTED[version]:
            expected = ExitCode.REACHED if node == "dst" else ExitCode.NOT_REACHED
            with firewall(lab, node, version, rule):
                for protocol in ("-U", "-I", "-T"):
                    options = protocol, "--wire", wire
                    found = trace(lab, version, *options, privileged=wire != "unprivileged")
                    assert found.stderr == "", (rule, protocol)
                    is_refusal = is_prohibited or protocol != "-U"
                    assert found.exit_code == (ExitCode.FILTERED if is_refusal else expected)
                    refusals = found.document["run"]["refusals"]
                    how = "prohibited" if is_prohibited else "rejected"
                    told = [{"how": how, "by": str(refuser)}]
                    assert refusals == (told if is_refusal else []), protocol
                    assert found.truth.vertices == near | end, (rule, protocol)
        with firewall(lab, node, version, "tcp reset"):
            found = trace(lab, version, "-T", "--wire", wire, privileged=wire != "unprivileged")
            # The TTL of a reset shows that the router sent it, where the wire sees TTLs.
            is_seen = node == "r2" and wire != "unprivileged"
            expected = ExitCode.FILTERED if is_seen else ExitCode.PORT_CLOSED
            assert (found.exit_code, found.stderr) == (expected, "")
            assert found.truth.vertices == {*near, (3, TARGET[version])}


def down(lab: Lab, last: str) -> None:
    """Have the last router find that nobody owns the target on the last network."""
    namespace = lab.namespace(last)
    commands = [
        "link add lan type veth peer name lan-peer",
        "link set lan-peer up",
        "link set lan up",
        "address add 192.0.2.1/32 dev lan",
        "address add 2001:db8:2::1/64 dev lan nodad",
    ]
    for version, bits in ((4, 32), (6, 128)):
        commands += [
            f"-{version} address delete {TARGET[version]}/{bits} dev lo",
            f"-{version} route add {TARGET[version]}/{bits} dev lan",
        ]
    for command in commands:
        subprocess.run(["ip", "-n", namespace, *command.split()], check=True)


@pytest.mark.parametrize("wire", WIRES)
def test_the_last_router_reports_a_host_that_is_down(wire: str) -> None:
    with netlab.lab(netlab.unequal_length()) as lab:
        lab.set("src", OPEN_PING_SOCKETS)
        down(lab, "dst")
        modes = [(), ("--mda", "-c", "99.9", "-m", "7")]
        if wire == "raw":  # the procedure is the same on every wire, and takes its time
            modes.append(("--mda-lite", "-c", "99.9", "--gap-limit", "1", "-m", "7"))
        for mode in modes:
            options = *mode, "-w", "5", "--wire", wire
            both = traces(lab, (4, 6), *options, privileged=wire != "unprivileged")
            for version, found in both.items():
                case = version, mode
                assert found.exit_code == ExitCode.NOT_REACHED, case
                assert all(address is not None for _, address in found.truth.vertices), case
                outcomes = found.document["outcomes"]
                kinds = {(own.get("icmp_type"), own.get("icmp_code")) for own in outcomes}
                assert ((3, 1) if version == 4 else (1, 3)) in kinds, case


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("rule", [0, 1], ids=["prohibited", "rejected"])
def test_compare_reports_the_refusal_of_each_protocol(rule: int, version: int) -> None:
    with netlab.lab(netlab.plain(2)) as lab:
        how, is_prohibited = REJECTED[version][rule]
        options = ("-n", "--compare", "tcp/80,tcp/443,icmp", "-o", "-", "--format", "json")
        with firewall(lab, "r2", version, how):
            run = run_at(lab.namespace("src"), str(TARGET[version]), *options)
    assert (run.returncode, run.stderr) == (ExitCode.FILTERED, "")
    views = json.loads(run.stdout)["views"]
    assert [len(view["trace"]["graph"]["vertices"]) for view in views] == [3, 3, 3]
    refusal = "prohibited" if is_prohibited else "rejected"
    for view in views:
        assert [refused["how"] for refused in view["trace"]["run"]["refusals"]] == [refusal]
