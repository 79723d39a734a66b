"""Destinations that no router leads to: on the link, on this machine, or not one host."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from paris.errors import ExitCode
from tests.lab import netlab
from tests.lab.command import run_at
from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.netlab import Lab
    from tests.support.commands import Ran

pytestmark = pytest.mark.lab

PING_SOCKETS = {"net/ipv4/ping_group_range": "0 2147483647"}
WIRES = ("raw", "unprivileged", "bulk", "bulk --link")


def trace_to(lab: Lab, host: str, wire: str, *options: str) -> Ran:
    arguments = (host, "-n", "--mda", "--wire", *wire.split(), *options)
    return run_at(lab.namespace("src"), *arguments, privileged=wire != "unprivileged")


def link_local(lab: Lab, node: str, interface: str) -> str:
    shown = lab.run("ip", "-n", lab.namespace(node), "-6", "-j", "addr", "show", "dev", interface)
    (device,) = json.loads(shown.stdout)
    (address,) = [own["local"] for own in device["addr_info"] if own["scope"] == "link"]
    return str(address)


def is_all_at_hop_one(document: dict[str, Any], address: str) -> bool:
    ends = [(0, document["plan"]["source"]), (1, str(ip_address(address)))]
    vertices = [(each["ttl"], each["address"]) for each in document["graph"]["vertices"]]
    run, certainty = document["run"], document["certainty"]
    # An error about a multicast report of this new link, behind its extension header, may come in.
    strays = run["unmatched"].keys() - {"answers no probe of this run"}
    is_answered = run["answered"] == run["probes_sent"] and not strays
    return vertices == ends and run["reached"] and is_answered and not certainty["obstacles"]


@pytest.mark.parametrize("wire", WIRES)
def test_a_link_local_destination_is_traced_in_its_zone(wire: str, tmp_path: Path) -> None:
    with netlab.lab(netlab.diamond(2)) as lab:
        lab.set("src", PING_SOCKETS)
        far = link_local(lab, "r1", "v0f")
        for protocol, code in (("-U", 0), ("-I", 0), ("-T", ExitCode.PORT_CLOSED)):
            for options in ([f"{far}%v0n"], [far, "-i", "v0n"]):
                ran = trace_to(lab, options[0], wire, protocol, "-j", *options[1:])
                assert (ran.returncode, ran.stderr) == (code, ""), (protocol, options)
                document = json.loads(ran.stdout)
                assert is_all_at_hop_one(document, far)
                assert document["plan"]["zone"] == "v0n"
                assert document["plan"]["source"] == link_local(lab, "src", "v0n")
        kept = tmp_path / "kept.json"
        kept.write_text(ran.stdout)
        replayed = run("--replay", str(kept), "-o", "-", "--format", "json")
        assert json.loads(replayed.stdout) == document
        assert f"{far}%v0n" in run("--replay", str(kept)).stdout
        for options, said in (
            ([far], f"{far} is a link-local address: say on which interface"),
            ([f"{far}%v7"], f"{far}%v7: this machine has no interface 'v7'"),
            ([f"{far}%v0n", "-i", "lo"], "-i lo and %v0n are different interfaces"),
        ):
            ran = trace_to(lab, options[0], wire, *options[1:])
            assert ran.returncode in (ExitCode.USAGE, ExitCode.NO_NAME)
            assert said in ran.stderr
            assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("wire", ["raw", "unprivileged", "bulk"])
def test_this_machine_and_its_neighbours_are_one_hop_away(wire: str) -> None:
    with netlab.lab(netlab.plain(2)) as lab:
        lab.set("src", PING_SOCKETS)
        own = [str(lab.source(4)), str(lab.source(6)), "127.0.0.1", "127.1.2.3", "::1"]
        own.append(f"{link_local(lab, 'src', 'v0n')}%v0n")
        neighbours = [str(lab.shown("src", "r1", version)) for version in (4, 6)]
        for host in (*own, *neighbours):
            for protocol, code in (("-U", 0), ("-I", 0), ("-T", ExitCode.PORT_CLOSED)):
                ran = trace_to(lab, host, wire, protocol, "-j")
                assert (ran.returncode, ran.stderr) == (code, ""), (host, protocol)
                assert is_all_at_hop_one(json.loads(ran.stdout), host.partition("%")[0])


def test_broadcast_and_multicast_addresses_are_refused_in_one_line() -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        lab.run("ip", "addr", "add", "10.7.0.1/24", "brd", "+", "dev", "v0n")
        for host, said in (
            ("10.7.0.255", "is the broadcast address of a link, not that of one host"),
            ("255.255.255.255", "is not the address of one host"),
            ("224.0.0.5", "is not the address of one host"),
            ("ff02::1%v0n", "is not the address of one host"),
            ("0.0.0.0", "is not the address of one host"),
        ):
            ran = trace_to(lab, host, "raw")
            assert (ran.returncode, ran.stderr.count("\n")) == (ExitCode.NO_NAME, 1)
            assert said in ran.stderr
        # A rule that prohibits an address says the same error, and is none.
        lab.run("ip", "route", "add", "prohibit", "10.8.0.255/32")
        ran = trace_to(lab, "10.8.0.255", "raw")
        assert ran.returncode == ExitCode.LOCAL_NETWORK
        assert "no route to 10.8.0.255: Permission denied" in ran.stderr
