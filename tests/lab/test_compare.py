"""Several protocols at once through kernel routers: each sees what it sees alone."""

from __future__ import annotations

import json
import re

import pytest

from paris.errors import ExitCode
from tests.lab import netlab
from tests.lab.command import Found, run_at
from tests.lab.netlab import TARGET

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("version", [4, 6])
def test_compare_finds_the_paths_of_each_protocol(version: int) -> None:
    # Linux hashes no field of ICMP here, so every echo request takes the same branch.
    with netlab.lab(netlab.diamond(4)) as lab:
        run = run_at(
            lab.namespace("src"), str(TARGET[version]), "-n", "-c", "99.9",
            "--compare", "udp,tcp/443,icmp",
            "--seed", "1", "-o", "-", "--format", "json",
        )  # fmt: skip
        assert (run.returncode, run.stderr) == (0, "")
        document = json.loads(run.stdout)
        views = {view["name"]: Found(view["trace"], 0, "").truth for view in document["views"]}
        assert views["udp"] == views["tcp/443"] == lab.truth(version)
        assert views["icmp"].edges < views["udp"].edges
        branches = [address for ttl, address in views["icmp"].vertices if ttl == 3]
        assert len(branches) == 1
        by_number = {len(edge["seen_by"]) for edge in document["graph"]["edges"]}
        assert by_number == {2, 3}


LISTEN = (
    "import socket; s = socket.create_server(('::', 443), family=socket.AF_INET6, "
    "dualstack_ipv6=True, backlog=64); print('ready', flush=True)\n"
    "while True: s.accept()"
)
RULES = (
    "tcp dport 23 drop", "tcp dport 8080 reject with icmpx type admin-prohibited",
)  # fmt: skip


@pytest.mark.parametrize("version", [4, 6])
def test_the_states_of_several_services_are_those_of_the_kernel(version: int) -> None:
    """A server, no server, and a router that drops, or prohibits, a port."""
    with netlab.lab(netlab.plain(4)) as lab, lab.background("dst", "python3", "-c", LISTEN):
        for rule in RULES:
            lab.rules("r3", "type filter hook forward priority 0", rule)
        last, to = lab.address("r3", "r2", version), str(TARGET[version])
        for privileged in (True, False):
            ran = run_at(
                lab.namespace("src"), to, "-n", "-m", "8", "-w", "0.3",
                "--ports", "https,22,23,8080", privileged=privileged,
            )  # fmt: skip
            assert ran.returncode == 0
            states = re.findall(r"^(tcp/\d+) [ \d.-]*([A-Z].*)$", ran.stdout, re.MULTILINE)
            assert [name for name, _ in states] == ["tcp/443", "tcp/22", "tcp/23", "tcp/8080"]
            said = [" ".join(state.split()) for _, state in states]
            assert said[:2] == ["OPEN port open", "CLOSED port closed"]
            assert said[2] == f"SILENT no reply after {last} (hop 3)"
            assert re.fullmatch(rf"FILTERED !X .*prohibited, from {last} \(hop 3\)", said[3])


@pytest.mark.parametrize("version", [4, 6])
def test_a_service_is_traced_by_its_protocol_alone(version: int) -> None:
    host = {4: str(TARGET[4]), 6: f"[{TARGET[6]}]"}[version]
    with netlab.lab(netlab.plain(2)) as lab, lab.background("dst", "python3", "-c", LISTEN):
        for service, protocol, exit_code in (
            ("443", "tcp", ExitCode.REACHED),
            ("ssh", "tcp", ExitCode.PORT_CLOSED),
            ("ntp", "udp", ExitCode.PORT_CLOSED),
        ):
            ran = run_at(lab.namespace("src"), "-n", f"{host}:{service}")
            assert (ran.returncode, ran.stderr) == (exit_code, "")
            first = ran.stdout.splitlines()[0]
            assert re.match(rf"{re.escape(str(TARGET[version]))}  {protocol} \d+ -> \d+,", first)


def test_without_privilege_compare_is_refused_in_one_line() -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        source = lab.namespace("src")
        found = run_at(source, str(TARGET[4]), "--compare", "udp,icmp", privileged=False)
        assert (found.returncode, found.stderr.count("\n")) == (4, 1)
        assert "in one run need raw sockets; without them trace each by itself" in found.stderr
        assert "CAP_NET_RAW" in found.stderr
