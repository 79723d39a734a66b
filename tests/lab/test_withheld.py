"""Probes that the source's own system refuses to send: reported, replaced, and nobody's loss."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode
from tests.lab import netlab
from tests.lab.command import run_at, trace
from tests.lab.netlab import TARGET
from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab

SURE = ("--mda", "-c", "99.9", "--seed", "1", "--sport", "20000")
OUTPUT = "type filter hook output priority 0"
WIRES = ("raw", "bulk", "unprivileged")


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("verdict", ["drop", "reject"])
def test_flows_that_the_firewall_refuses_are_replaced_and_counted(wire: str, verdict: str) -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        # Of a SYN that it dropped the kernel says nothing, and counters only once another has left.
        lowest = (wire, verdict) == ("unprivileged", "drop")
        ports = f"{20000 + lowest}, 20003-20005, 20009"
        lab.rules("src", OUTPUT, f"th sport {{ {ports} }} {verdict}")
        for version in (4, 6):
            for protocol in ("-U", "-T"):
                options = (*SURE, protocol, "--wire", wire)
                found = trace(lab, version, *options, privileged=wire != "unprivileged")
                assert found.exit_code in (0, ExitCode.PORT_CLOSED)
                assert found.stderr == ""
                assert found.truth == lab.truth(version)
                run, certainty = found.document["run"], found.document["certainty"]
                assert run["answered"] == run["probes_sent"]
                (withheld,) = run["wire"]["withheld"]
                assert withheld["reason"] == "Operation not permitted"
                assert withheld["flows"] == 5
                assert certainty["obstacles"] == []
                flows = {outcome["flow"] for outcome in found.document["outcomes"]}
                assert not flows & {int(lowest), 3, 4, 5, 9}


@pytest.mark.parametrize(
    ("kind", "wire"), list(zip(("prohibit", "blackhole", "unreachable"), WIRES, strict=True))
)
def test_flows_that_a_routing_rule_refuses_are_replaced_and_counted(kind: str, wire: str) -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        for version in (4, 6):
            for sport in (20000, 20003, 20004):
                rule = ("rule", "add", "sport", str(sport), kind)
                assert lab.run("ip", f"-{version}", *rule).returncode == 0
            for protocol in ("-U", "-T"):
                options = (*SURE, protocol, "--wire", wire)
                found = trace(lab, version, *options, privileged=wire != "unprivileged")
                assert (found.exit_code in (0, ExitCode.PORT_CLOSED), found.stderr) == (True, "")
                assert found.truth == lab.truth(version)
                (withheld,) = found.document["run"]["wire"]["withheld"]
                assert withheld["flows"] == 3
                assert found.document["run"]["answered"] == found.document["run"]["probes_sent"]


@pytest.mark.parametrize("wire", WIRES)
def test_a_system_that_refuses_every_probe_ends_the_trace_with_one_line(wire: str) -> None:
    with netlab.lab(netlab.plain(2)) as lab:
        lab.rules("src", OUTPUT, "udp dport 33434 drop")
        for options in (("--mda",), ("--numeric",)):
            found = trace(lab, 4, *options, "--wire", wire, privileged=wire != "unprivileged")
            assert found.exit_code == ExitCode.LOCAL_NETWORK
            assert found.stderr == (
                "paris-trace: cannot send to 203.0.113.9: Operation not permitted\n"
            )


@pytest.mark.parametrize("wire", WIRES)
def test_nothing_is_drawn_or_promised_of_a_hop_to_which_no_probe_may_leave(wire: str) -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        lab.rules("src", OUTPUT, "ip ttl 3 drop")
        for algorithm in ("--mda", "--mda-lite", "--numeric"):
            found = trace(lab, 4, algorithm, "--wire", wire, privileged=wire != "unprivileged")
            assert (found.exit_code, found.stderr) == (0, "")
            true = lab.truth(4)
            assert found.truth.vertices == {seen for seen in true.vertices if seen[0] != 3}
            assert (
                found.document["certainty"]["miss_probability"] is None or algorithm == "--numeric"
            )
            assert found.document["run"]["answered"] == found.document["run"]["probes_sent"]
            assert found.document["run"]["wire"]["withheld"]


@pytest.mark.parametrize("suffix", ["json", "pcapng"])
def test_text_verbose_and_replay_say_what_was_withheld(suffix: str, tmp_path: Path) -> None:
    kept = tmp_path / f"kept.{suffix}"
    with netlab.lab(netlab.diamond(2)) as lab:
        lab.rules("src", OUTPUT, "udp sport { 20000, 20002 } drop")
        outputs = ("-n", "-v", "-o", str(kept), "-o", "-")
        ran = run_at(lab.namespace("src"), str(TARGET[4]), *SURE, *outputs)
    said = "this system refused to send 2 probes of 2 flows (Operation not permitted)"
    assert said in ran.stdout
    assert "not sent, because the system refused to: 2 probes of 2 flows" in ran.stderr
    replayed = run("--replay", str(kept), "-o", "-", "--format", "json")
    assert json.loads(replayed.stdout)["run"]["wire"]["withheld"] == [
        {"reason": "Operation not permitted", "probes": 2, "flows": 2}
    ]
    assert run("--replay", str(kept), "-v").stdout == ran.stdout


def test_studies_go_on_without_the_flows_that_are_withheld() -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        lab.rules("src", OUTPUT, "udp sport { 20000, 20002 } drop; ")
        for study in ("--classify", "--paths", "--metrics", "--classic"):
            found = trace(lab, 4, study, *SURE[1:])
            assert (found.exit_code, found.stderr) == (0, "")
            assert found.truth == lab.truth(4)


def test_a_protocol_that_the_firewall_refuses_leaves_the_others_of_a_comparison() -> None:
    with netlab.lab(netlab.diamond(2)) as lab:
        lab.rules("src", OUTPUT, "meta l4proto tcp drop")
        compared = ("--compare", "udp,tcp", "-n", "--seed", "1")
        ran = run_at(lab.namespace("src"), str(TARGET[4]), *compared)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "udp: reached in 5 hops: 7 vertices" in ran.stdout
    assert "tcp: not reached" in ran.stdout
    assert "this system refused to send" in ran.stdout


@pytest.mark.parametrize("wire", [*WIRES, "bulk --link"])
def test_that_no_route_leads_to_a_service_is_a_verdict_in_every_format(
    wire: str, tmp_path: Path
) -> None:
    files = [tmp_path / f"found.{suffix}" for suffix in ("json", "svg", "pcapng")]
    outputs = [word for file in files for word in ("-o", str(file))]
    with netlab.lab(netlab.plain(1)) as lab:
        for version in (4, 6):
            lab.run("ip", f"-{version}", "route", "flush", "table", "main")
            options = ("-n", "-T", "-p", "443", "--wire", *wire.split(), *outputs, "-o", "-")
            ran = run_at(lab.namespace("src"), str(TARGET[version]), *options)
            reason = "Network is unreachable"
            line = f"this machine has no route for tcp/443: {reason}"
            assert ran.returncode == ExitCode.LOCAL_NETWORK
            assert ran.stderr == f"paris-trace: no route to {TARGET[version]}: {reason}\n"
            assert f"LOCAL  {line}\n  network   HERE  the routes of this machine" in ran.stdout
            document, picture, _ = (file.read_text(errors="replace") for file in files)
            assert json.loads(document)["verdict"]["word"] == "LOCAL"
            (withheld,) = json.loads(document)["run"]["wire"]["withheld"]
            assert withheld["is_route"]
            assert line in picture
            for file in (files[0], files[2]):
                replayed = run("--replay", str(file))
                assert (replayed.returncode, replayed.stdout) == (ran.returncode, ran.stdout)


@pytest.mark.parametrize("wire", WIRES)
def test_services_of_which_none_can_be_asked_have_local_verdicts(wire: str) -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        lab.rules("src", OUTPUT, "tcp dport { 80, 443 } reject")
        for options in ((), ("--mda",)):
            options = (*options, "--ports", "80,443", "-n", "--wire", wire)
            ran = run_at(lab.namespace("src"), str(TARGET[4]), *options)
            assert ran.returncode == ExitCode.LOCAL_NETWORK
            assert (
                ran.stderr == "paris-trace: cannot send to 203.0.113.9: Operation not permitted\n"
            )
            assert ran.stdout.count("LOCAL") == 2
