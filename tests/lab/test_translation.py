"""NATs of the kernel before the source: every router behind them is still seen."""

from __future__ import annotations

import json

import pytest

from paris.errors import ExitCode
from tests.lab import netlab
from tests.lab.command import run_at, trace
from tests.lab.netlab import TARGET
from tests.lab.translating import translate_statelessly

pytestmark = pytest.mark.lab

WIRES = ("raw", "bulk", "unprivileged")
OPEN_PING_SOCKETS = {"net/ipv4/ping_group_range": "0 2147483647"}
POSTROUTING = "hook postrouting priority 100"
REACHED = (ExitCode.REACHED, ExitCode.PORT_CLOSED)
ASKED = {4: "203.0.113.77", 6: "2001:db8:ffff::77"}
FAMILY = {4: "ip", 6: "ip6"}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("rule", ["masquerade", "masquerade random"])
@pytest.mark.parametrize("version", [4, 6])
def test_the_graph_behind_a_masquerading_router_is_true(version: int, rule: str, wire: str) -> None:
    with netlab.lab(netlab.diamond(2)) as lab:
        lab.set("src", OPEN_PING_SOCKETS)
        lab.rules("r1", f"type nat {POSTROUTING}", rule)
        for protocol in ("-U", "-I", "-T"):
            options = (protocol, "--mda", "-c", "99.9", "--wire", wire)
            found = trace(lab, version, *options, privileged=wire != "unprivileged")
            assert (found.exit_code in REACHED, found.stderr) == (True, ""), protocol
            if protocol != "-I" and rule == "masquerade":  # Linux does not balance pings
                assert found.truth == lab.truth(version), protocol


@pytest.mark.parametrize("version", [4, 6])
def test_nothing_is_promised_behind_a_router_that_replies_as_the_destination(version: int) -> None:
    family, asked = FAMILY[version], ASKED[version]
    with netlab.lab(netlab.diamond(2)) as lab:
        rule = f"{family} daddr {asked} dnat {family} to {TARGET[version]}"
        lab.rules("joint", "type nat hook prerouting priority -100", rule)
        for wire in WIRES:
            for protocol in ("-U", "-T"):
                ran = run_at(
                    lab.namespace("src"), asked, "-n", "-j", "--mda", "--seed", "1", protocol,
                    "--wire", wire, privileged=wire != "unprivileged",
                )  # fmt: skip
                assert (ran.returncode in REACHED, ran.stderr) == (True, "")
                certainty = json.loads(ran.stdout)["certainty"]
                assert certainty["miss_probability"] is None, (wire, protocol)


@pytest.mark.parametrize("wire", ["raw", "bulk"])
@pytest.mark.parametrize("version", [4, 6])
def test_routers_behind_a_stateless_translator_match_and_show_what_it_rewrites(
    version: int, wire: str
) -> None:
    with netlab.lab(netlab.plain(4)) as lab:
        translate_statelessly(lab, "r1", version)
        for protocol in ("-U", "-I", "-T"):
            found = trace(lab, version, protocol, "--mda", "--wire", wire)
            assert (found.exit_code, found.stderr) in (
                (ExitCode.REACHED, ""), (ExitCode.PORT_CLOSED, ""),
            )  # fmt: skip
            assert found.truth == lab.truth(version), protocol
            outcomes = found.document["outcomes"]
            assert any("source" in outcome.get("changed", ()) for outcome in outcomes), protocol
