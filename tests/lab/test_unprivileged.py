"""Tracing as nobody, without any capability: the same graph as with root, and what is not seen."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest
from paris.errors import ExitCode
from paris.packets import probes
from paris.packets.flows import Flows
from paris.packets.protocols import Protocol
from paris.wire.base import WireOptions
from paris.wire.linux import counters
from paris.wire.linux.counters import may_have_been_full
from paris.wire.unprivileged.udp_icmp import DatagramWire
from tests.lab import netlab
from tests.lab.command import Found, as_nobody, command_line, open_to_all, run_at, trace
from tests.lab.emulator import emulated
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET
from tests.support.commands import run
from tests.support.waiting import LONGEST_S, wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab

SURE = ("--mda", "-c", "99.9", "--seed", "1")
HIDDEN = ["changed", "quoted_ttl", "reply_ip_id"]
_IP_RECVERR = 11
PING_SOCKETS = "net/ipv4/ping_group_range"


@pytest.mark.parametrize("name", netlab.TOPOLOGIES)
def test_the_graph_without_privilege_is_complete_and_true(name: str) -> None:
    with netlab.lab(netlab.TOPOLOGIES[name]) as lab:
        for version in (4, 6):
            for protocol, exit_code in (("-U", 0), ("-T", ExitCode.PORT_CLOSED)):
                found = trace(lab, version, *SURE, protocol, privileged=False)
                assert (found.exit_code, found.stderr) == (exit_code, "")
                assert found.truth == lab.truth(version), (version, protocol)
                run = found.document["run"]
                assert (run["wire"]["wire"], run["wire"]["hidden"]) == ("unprivileged", HIDDEN)
                assert run["answered"] == run["probes_sent"]


def test_destination_port_and_flow_label_can_number_flows() -> None:
    with netlab.lab(netlab.diamond(4), hash_flow_label=True) as lab:
        for version, protocol, field in (
            (4, "-U", "dport"),
            (6, "-U", "dport"),
            (4, "-T", "dport"),
            (6, "-T", "dport"),
            (6, "-U", "flow-label"),
        ):
            found = trace(lab, version, *SURE, protocol, "--flow-field", field, privileged=False)
            assert found.truth == lab.truth(version), (version, protocol, field)
        found = trace(lab, 6, *SURE, "-T", "--flow-field", "flow-label", privileged=False)
        assert found.exit_code == ExitCode.USAGE
        assert "use --flow-field sport" in found.stderr


def test_the_syns_of_a_flow_have_one_flow_label() -> None:
    # Left alone, the kernel gives every connection another label.
    with netlab.lab(netlab.diamond(4), hash_flow_label=True) as lab:
        found = trace(lab, 6, *SURE, "-T", privileged=False)
        assert found.truth == lab.truth(6)
        assert found.document["graph"]["per_packet"] == []


def test_icmp_without_privilege_needs_ping_sockets() -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        lab.set("src", {PING_SOCKETS: "1 0"})
        found = trace(lab, 4, "-I", privileged=False)
        assert found.exit_code == ExitCode.NO_PRIVILEGE
        assert "net.ipv4.ping_group_range" in found.stderr
        assert found.stderr.count("\n") == 1
        lab.set("src", {PING_SOCKETS: "0 2147483647"})
        for version in (4, 6):
            found = trace(lab, version, *SURE, "-I", privileged=False)
            assert (found.exit_code, found.stderr) == (0, "")
            assert found.truth == trace(lab, version, *SURE, "-I").truth
            kinds = {outcome["kind"] for outcome in found.document["outcomes"]}
            assert kinds == {"time-exceeded", "echo-reply"}


def test_times_are_from_the_kernel_except_for_tcp_probes() -> None:
    with netlab.lab(netlab.plain(2)) as lab:
        for protocol, sent in (("-U", "kernel"), ("-T", "user")):
            wire = trace(lab, 4, protocol, privileged=False).document["run"]["wire"]
            assert (wire["sent"], wire["received"]) == (sent, "kernel")
            assert wire["sent_otherwise"] == 0


def test_the_text_lists_the_fields_that_cannot_be_seen() -> None:
    with netlab.lab(netlab.plain(2)) as lab:
        shown = run_at(lab.namespace("src"), str(TARGET[4]), "-n", privileged=False).stdout
    assert "unprivileged sockets: rewritten headers, quoted TTLs" in shown


def test_an_open_port_is_reported_as_open() -> None:
    serve = (
        "import socket; s = socket.create_server(('::', 443), family=socket.AF_INET6, "
        "dualstack_ipv6=True); print('ready', flush=True)\n"
        "while True: s.accept()"
    )
    with netlab.lab(netlab.plain(2)) as lab, lab.background("dst", "python3", "-c", serve):
        for version in (4, 6):
            found = trace(lab, version, "-T", "-p", "443", privileged=False)
            assert found.exit_code == 0
            assert "syn-ack" in {record.get("kind") for record in found.document["outcomes"]}


@pytest.mark.parametrize("version", [4, 6])
def test_a_port_of_another_program_is_replaced_unless_it_is_the_one_that_was_asked_for(
    version: int,
) -> None:
    hold = (
        f"import socket; s = socket.socket(socket.AF_INET{'6' * (version == 6)}, "
        "socket.SOCK_DGRAM); s.bind(('', 23457)); print('ready', flush=True); s.recv(1)"
    )
    with netlab.lab(netlab.diamond(4)) as lab, lab.background("src", "python3", "-c", hold):
        # Flow 0 has port 23456, and flow 1 the one that is taken.
        found = trace(lab, version, *SURE, "--sport", "23456", privileged=False)
        assert (found.exit_code, found.stderr) == (0, "")
        assert found.truth == lab.truth(version)
        (withheld,) = found.document["run"]["wire"]["withheld"]
        assert (withheld["reason"], withheld["flows"]) == ("Address already in use", 1)
        found = trace(lab, version, *SURE, "--sport", "23457", privileged=False)
        assert (found.exit_code, found.document) == (ExitCode.LOCAL_NETWORK, None)
        assert "source port 23457 is taken by another program" in found.stderr


def test_the_error_for_a_reserved_port_names_it() -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        found = trace(lab, 4, "--sport", "53", privileged=False)
    assert found.exit_code == ExitCode.NO_PRIVILEGE
    assert "source port 53 is reserved for root; use --sport 1024 or above" in found.stderr


@pytest.mark.parametrize("protocol", ["-U", "-T"])
def test_root_may_use_reserved_ports_for_every_flow(protocol: str) -> None:
    with netlab.lab(netlab.diamond(2)) as lab:
        found = trace(lab, 4, protocol, *SURE, "--sport", "80", "--wire", "unprivileged")
        assert found.stderr == ""
        assert found.truth == lab.truth(4)


@pytest.mark.parametrize("silent", ["lb", "a2", "joint"])
@pytest.mark.parametrize("protocol", ["-U", "-T"])
def test_a_silent_router_is_a_star_at_its_hop(silent: str, protocol: str) -> None:
    with netlab.lab(netlab.diamond(2), silent=[silent]) as lab:
        found = trace(lab, 4, *SURE, protocol, privileged=False)
        assert found.truth == lab.truth(4)


@pytest.mark.xdist_group("timing")
def test_a_full_interface_slows_sending_and_loses_nothing() -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        shaped = ("rate", "600kbit", "burst", "1600", "limit", "600")
        lab.run("tc", "qdisc", "add", "dev", "v0n", "root", "tbf", *shaped)
        found = trace(lab, 4, *SURE, "--rate", "20000", privileged=False)
        assert found.truth == lab.truth(4)
        run = found.document["run"]
        assert run["wire"]["waits"] > 0
        assert run["answered"] == run["probes_sent"]


@pytest.mark.parametrize("version", [4, 6])
def test_replies_for_which_there_is_no_room_are_counted_and_do_not_stop_the_wire(
    version: int,
) -> None:
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        flows = Flows(
            source=lab.source(version), destination=TARGET[version], protocol=Protocol.UDP,
            field=HeaderField.SPORT, sport=20000, dport=33434,
        )  # fmt: skip
        with closing(DatagramWire(flows, WireOptions())) as wire:
            batch = [probes.build(flows, ProbeRequest(0, 1), 1 + n) for n in range(8)]
            wire.send(batch[:1])
            assert len(wire.receive(wire.now_s() + LONGEST_S)) == 1
            # What a service of the destination says to our port fills the queue.
            (port,) = wire._ports.values()
            port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            family = socket.AF_INET if version == 4 else socket.AF_INET6
            with inside_namespace(lab.namespace("dst")):
                talker = socket.socket(family, socket.SOCK_DGRAM)
            with closing(talker):
                talker.bind((str(TARGET[version]), 33434))
                for _ in range(30):
                    talker.sendto(bytes(500), (str(lab.source(version)), 20000))
            wire.send(batch)
            began_s = wire.now_s()
            while wire.receive(wire.now_s() + 0.2):
                pass
            assert wire.now_s() - began_s < 5  # it does not spin over an error that is not queued

            def has_dropped() -> bool:
                wire.receive(wire.now_s())
                return wire.report().dropped > 0

            wait_until(has_dropped)  # a busy machine delivers late
            wire.send([probes.build(flows, ProbeRequest(0, 1), 99)])
            assert len(wire.receive(wire.now_s() + LONGEST_S)) == 1


def test_an_error_that_is_not_queued_does_not_count_as_dropped_while_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The kernel queues an error, then marks the socket: whoever reads in between finds the mark
    # alone. Without IP_RECVERR, which a wire always asks for, there is never more than the mark.
    judged: list[bool] = []

    def judge(sock: socket.socket, count: int) -> bool:
        judged.append(may_have_been_full(sock, count))
        return judged[-1]

    monkeypatch.setattr(counters, "may_have_been_full", judge)
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        flows = Flows(
            source=lab.source(4), destination=TARGET[4], protocol=Protocol.UDP,
            field=HeaderField.SPORT, sport=20000, dport=33434,
        )  # fmt: skip
        with closing(DatagramWire(flows, WireOptions())) as wire:
            wire.open_first()
            (port,) = wire._ports.values()
            port.socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 0)
            wire.send([probes.build(flows, ProbeRequest(0, 30), 1)])
            wait_until(lambda: bool(wire.receive(wire.now_s()) or judged))
            assert (judged, wire.report().dropped) == ([False], 0)


def test_with_few_open_files_fewer_probes_are_in_flight_and_none_is_lost() -> None:
    with emulated("sixteen-way") as network:
        for protocol, closed in (("-U", 0), ("-T", ExitCode.PORT_CLOSED)):
            target = str(network.topology.destination)
            command = command_line(target, *SURE, protocol, "-n", "-j")
            limited = [*command[:2], "prlimit", "--nofile=64:64", *as_nobody(command)[2:]]
            ran = subprocess.run(
                network.at_source(*limited), capture_output=True, text=True, check=False
            )
            assert (ran.returncode, ran.stderr) == (closed, ""), protocol
            found = Found(json.loads(ran.stdout), ran.returncode, ran.stderr)
            assert [each for each in found.document["outcomes"] if "kind" not in each] == []
            assert len(found.truth.vertices) == len(network.topology.routers) + 1


SHORT_QUOTES = """\
source: 192.0.2.1
destination: {address: 203.0.113.9, delay_ms: 2}
routers:
  gateway: {interfaces: [192.0.2.254], delay_ms: 1, quote_bytes: 28}
  balancer: {interfaces: [198.51.100.1], delay_ms: 3, quote_bytes: 28}
  left: {interfaces: [198.51.100.11], delay_ms: 4, quote_bytes: 28}
  right: {interfaces: [198.51.100.12], delay_ms: 4, quote_bytes: 28}
  joint: {interfaces: [198.51.100.2], delay_ms: 1, JOINT}
paths:
  - source -> gateway -> balancer -> [left, right] -> joint -> destination
"""


@pytest.mark.parametrize(("joint", "edges"), [("quote_bytes: 28", 7), ("silent: true", 8)])
def test_quotes_without_a_payload_are_matched_by_probing_one_at_a_time(
    joint: str, edges: int, tmp_path: Path
) -> None:
    # The quoted ports are all that comes back: which of a flow's probes it was is not said.
    file = tmp_path / "short.yaml"
    file.write_text(SHORT_QUOTES.replace("JOINT", joint))
    packets = tmp_path / "short.pcapng"
    packets.touch()
    packets.chmod(0o666)
    open_to_all(tmp_path)
    outputs = ("-o", "-", "--format", "json")
    command = ("203.0.113.9", *SURE, "-n", *outputs, "-o", str(packets))
    with emulated(str(file)) as network:
        ran = run_at(network.namespace, *command, privileged=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    document = json.loads(ran.stdout)
    assert len(document["graph"]["edges"]) == edges
    # The first probes are of different flows, so quotes are known to be short before it matters.
    assert document["run"]["unmatched"] == {}
    # Nothing of that is held against the routers.
    answering = document["graph"]["answering"]
    assert [entry["lost"] for entry in answering] == [0] * len(answering)
    assert run("--replay", str(packets), *outputs).stdout == ran.stdout
