"""The samples in real time, through the kernel's sockets, as any host would be traced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from paris.formats import native
from paris.sim.topology_file import load, samples
from tests.lab.command import run_at
from tests.lab.emulator import emulated
from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab

REAL = ("long-path", "several-addresses", "per-packet", "silent-branch", "lossy", "rate-limited",
        "loop", "prohibited-branch", "mpls", "named-interfaces", "ipv6-label")  # fmt: skip
# What these show depends on how fast they are asked.
TIMED = ("rate-limited", "loop")
WIRES = ("raw", "unprivileged", "bulk")


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.xdist_group("timing") if name in TIMED else ())
        for name in REAL
    ],
)
def test_a_sample_traced_in_real_time_agrees_with_its_file_and_its_replay(
    name: str, wire: str, tmp_path: Path
) -> None:
    topology = load(samples()[name])
    expect = topology.expect
    options = ("--mda", "-c", "99.99", "-n", "--seed", "1", *expect.get("options", ()))
    outputs = ("-o", "-", "--format", "json")
    packets = () if wire == "unprivileged" else ("-o", str(tmp_path / "packets.pcapng"))
    command = (str(topology.destination), *options, *outputs, *packets, "--wire", wire)
    with emulated(name) as network:
        ran = run_at(network.namespace, *command, privileged=wire != "unprivileged")
    assert (ran.returncode, ran.stderr) == (expect.get("exit", 0), "")
    if packets:
        assert run("--replay", packets[1], *outputs).stdout == ran.stdout
    graph = json.loads(ran.stdout)["graph"]
    vertices, edges = graph["vertices"], graph["edges"]
    if "loops" in expect:
        # Where replies come late, probes that go round the loop more often are under way.
        ids = {vertex["id"] for vertex in vertices if vertex["ttl"] < expect["vertices"]}
        vertices = [vertex for vertex in vertices if vertex["id"] in ids]
        edges = [edge for edge in edges if edge["to"] in ids]
    assert len(vertices) == expect["vertices"]
    assert len(edges) == expect["edges"] - expect.get("unproven", 0)
    limited = [entry["vertex"] for entry in graph["answering"] if entry["limit"] is not None]
    assert [entry.partition("@")[0] for entry in limited] == expect.get("limited", [])


@pytest.mark.parametrize("wire", WIRES)
def test_every_wire_brings_the_interfaces_that_routers_describe(wire: str) -> None:
    topology = load(samples()["named-interfaces"])
    command = (
        str(topology.destination),
        "--mda",
        "-c",
        "99.99",
        "--seed",
        "1",
        "-n",
        "-j",
        "--wire",
        wire,
    )
    with emulated(topology.name) as network:
        ran = run_at(network.namespace, *command, privileged=wire != "unprivileged")
    assert (ran.returncode, ran.stderr) == (0, "")
    trace = native.read(ran.stdout, wire)
    described = {reply.interfaces for reply in trace.replies if reply.request.ttl == 4}
    assert described == {(interface,) for interface in topology.routers["joint"].describes}
    assert not any(reply.unread for reply in trace.replies)


@pytest.mark.parametrize("wire", WIRES)
def test_every_wire_sees_by_a_reply_that_its_host_copies_ttls(wire: str, tmp_path: Path) -> None:
    file = tmp_path / "copied-ttl.yaml"
    file.write_text("""
source: 2001:db8::1
destination: {address: 2001:db8:9::9, copies_ttl: true}
routers:
  r1: {interfaces: ['2001:db8:1::1']}
  r2: {interfaces: ['2001:db8:2::1']}
paths:
  - source -> r1 -> r2 -> destination
""")
    with emulated(str(file)) as network:
        command = ("2001:db8:9::9", "-n", "-w", "0.3", "--wire", wire)
        ran = run_at(network.namespace, *command, privileged=wire != "unprivileged")
    assert (ran.returncode, ran.stderr) == (0, "")
    text = " ".join(ran.stdout.split())
    assert "! a reply arrived with a TTL of 1" in text
    assert "reached in at most 5 hops" in text
    known = (
        "if replies take the way of the probes" if wire == "unprivileged" else "by what it quotes"
    )
    assert f"it is 3 hops away {known}" in text
