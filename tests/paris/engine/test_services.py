"""Destinations that answer by UDP: reached, each answer taken for one to its own probe, or none."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from mda.model import Reply, ReplyKind, StopReason
from paris.engine import setup
from paris.engine.loop import Engine
from paris.engine.pacing import Pacing
from paris.errors import ExitCode
from paris.packets import probes
from paris.packets.payloads import PAYLOADS
from paris.settings import Budget, Settings
from paris.sim.network import Network
from paris.sim.topology import Service
from paris.sim.topology_file import load
from paris.sim.truth import truth
from paris.wire.sim import SimWire
from tests.support.commands import run
from tests.support.drive import graph_of
from tests.support.probes import reply_to

if TYPE_CHECKING:
    from pathlib import Path

    from paris.engine.record import RawRecord
    from paris.packets.flows import Flows
    from paris.sim.topology import Topology

# The destination is at two distances, and the longer way is the quicker one.
TEXT = """\
source: 192.0.2.1
destination: {address: 203.0.113.9, delay_ms: 2, udp: SERVICE, loss: LOSS}
routers:
  gateway: {interfaces: [192.0.2.254], delay_ms: FIRST, loss: LOSS}
  balancer: {interfaces: [198.51.100.1], delay_ms: 3, loss: LOSS}
  slow: {interfaces: [198.51.100.2], delay_ms: 24, loss: LOSS}
  near: {interfaces: [198.51.100.3], delay_ms: 4, loss: LOSS}
  far: {interfaces: [198.51.100.4], delay_ms: 1, loss: LOSS}
paths:
  - source -> gateway -> balancer -> slow -> destination
  - source -> gateway -> balancer -> near -> far -> destination
"""
SEED = 1
SERVICES = [service.value for service in Service]


def network(folder: Path, service: str, *, loss: float = 0, first_ms: float = 1) -> Path:
    """A file of this network."""
    text = TEXT.replace("SERVICE", service).replace("FIRST", f"{first_ms}")
    file = folder / f"{service}.yaml"
    file.write_text(text.replace("LOSS", f"{loss}"))
    return file


def recorded(file: Path, **options: Any) -> tuple[RawRecord, Flows]:
    topology, settings = load(file), Settings.of(network=str(file), **options)
    flows = setup.flows_for(settings, topology.source, topology.destination, Random(SEED))
    engine = Engine(
        procedure=setup.procedure_for(settings, flows, sends_whole=True),
        wire=SimWire(Network(topology, SEED)),
        flows=flows,
        pacing=Pacing(1000, 64),
        wait_s=settings.pace.wait_s,
        budget=Budget(),
    )
    return engine.run(), flows


def assert_true(record: RawRecord, flows: Flows, topology: Topology) -> None:
    """Every answer is what its probe meets in the network when nothing is lost, and as late."""
    routers = {name: router.replace(loss=0.0) for name, router in topology.routers.items()}
    lossless = Network(topology.replace(routers=routers), SEED)
    for reply in record.outcomes:
        if isinstance(reply, Reply):
            answer = reply_to(lossless, probes.build(flows, reply.request, 7), 0.0)
            assert answer is not None
            source = answer[1][12:16]
            assert (reply.request, reply.responder.packed) == (reply.request, source)
            assert reply.rtt_s == pytest.approx(answer[0], abs=1e-6)
            assert reply.ends_path == (reply.responder == topology.destination)


@pytest.mark.parametrize("loss", [0, 0.1])
@pytest.mark.parametrize("lite", [False, True])
@pytest.mark.parametrize("service", SERVICES)
def test_every_path_to_a_udp_service_is_found_and_every_reply_is_matched_to_its_probe(
    service: str, loss: float, tmp_path: Path, *, lite: bool
) -> None:
    file = network(tmp_path, service, loss=loss)
    record, flows = recorded(file, multipath=True, lite=lite, failure_probability=0.001)
    topology = load(file)
    assert record.stopped is StopReason.COMPLETE
    assert_true(record, flows, topology)
    true, graph = truth(topology), graph_of(record.outcomes)
    assert {(vertex.ttl, vertex.address) for vertex in graph} == true.vertices
    edges = {((a.ttl, a.address), (b.ttl, b.address)) for a, b in graph.edges}
    assert edges == true.edges


@pytest.mark.parametrize("loss", [0, 0.1])
@pytest.mark.parametrize("service", SERVICES)
def test_one_flow_reaches_a_udp_service(service: str, loss: float, tmp_path: Path) -> None:
    file = network(tmp_path, service, loss=loss)
    record, flows = recorded(file)
    assert_true(record, flows, load(file))
    ends = [
        outcome for outcome in record.outcomes if isinstance(outcome, Reply) and outcome.ends_path
    ]
    assert {end.kind for end in ends} == {ReplyKind.UDP_ANSWER}
    assert record.ended_at_s < 0.1 if service != "other" and not loss else 6


def test_replies_of_a_slow_udp_service_are_matched_to_their_probes(tmp_path: Path) -> None:
    # All of the first wave is answered after more than the second that a pause takes at least.
    file = network(tmp_path, "other", first_ms=1400)
    record, flows = recorded(file, multipath=True)
    assert_true(record, flows, load(file))
    assert any(isinstance(outcome, Reply) and outcome.ends_path for outcome in record.outcomes)


@pytest.mark.parametrize("payload", [*(row.name for row in PAYLOADS), "hex:c0ffee"])
def test_a_replay_of_any_payload_matches_the_same_answers(payload: str, tmp_path: Path) -> None:
    file = network(tmp_path, "echo")
    record, flows = recorded(file, multipath=True, payload=payload)
    assert_true(record, flows, load(file))
    assert not record.unmatched
    packets, live, again = (tmp_path / name for name in ("live.pcapng", "live.json", "again.json"))
    run("--sim", str(file), "--mda", "--payload", payload, "-o", str(packets), "-o", str(live))
    assert '"kind": "udp"' in live.read_text()
    run("--replay", str(packets), "-o", str(again))
    assert again.read_bytes() == live.read_bytes()


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
@pytest.mark.parametrize("service", SERVICES)
def test_studies_work_on_paths_to_a_udp_service(
    service: str, protocol: str, tmp_path: Path
) -> None:
    measured = tmp_path / "measured.json"
    file = network(tmp_path, service)
    arguments = ("--classify", "--classic", "--paths", "--rounds", "3", f"--{protocol}")
    exit_code = run("--sim", str(file), *arguments, "-o", str(measured)).returncode
    assert exit_code == (0 if protocol == "udp" else ExitCode.PORT_CLOSED)
    document = json.loads(measured.read_text())
    (balancer,) = document["balancers"]
    assert balancer["kind"] == "per flow"


def test_protocols_are_compared_on_paths_to_a_udp_service(tmp_path: Path) -> None:
    for service in SERVICES:
        file = network(tmp_path, service)
        ran = run("--sim", str(file), "--compare", "udp,udp/53,tcp/443,icmp")
        assert ran.returncode == 0
        assert "not reached" not in ran.stdout


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--mda",),
        ("--mda-lite", "--flow-field", "dport"),
        ("--classify",),
        ("--mda", "--max-probes", "40"),
        ("--mda", "--deadline", "7"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("service", SERVICES)
def test_a_replay_of_a_trace_to_a_udp_service_gives_the_same_json(
    service: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    file = network(tmp_path, service, loss=0.1)
    live, again = tmp_path / "live.json", tmp_path / "again.json"
    packets = tmp_path / "live.pcapng"
    run("--sim", str(file), *options, "-o", str(packets), "-o", str(live))
    run("--replay", str(packets), "-o", str(again))
    assert again.read_bytes() == live.read_bytes()
    assert '"kind": "udp"' in live.read_text()


def test_text_and_picture_say_that_a_service_answers_by_udp(tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.dot"
    for service in SERVICES:
        file = network(tmp_path, service)
        ran = run("--sim", str(file), "--mda", "-o", str(drawn))
        assert ran.returncode == ExitCode.REACHED
        assert "; destination: answers by UDP)" in " ".join(ran.stdout.split())
        assert "answers by UDP" in drawn.read_text()


OTHER = "203.0.113.77"


@pytest.mark.parametrize("protocol", ["udp", "tcp", "icmp"])
@pytest.mark.parametrize("mode", [(), ("--mda",)], ids=["one flow", "multipath"])
def test_a_destination_that_answers_from_another_address_is_reached_there(
    protocol: str, mode: tuple[str, ...], tmp_path: Path
) -> None:
    file = network(tmp_path, "dns")
    file.write_text(file.read_text().replace("udp: dns", f"udp: dns, answers_from: {OTHER}"))
    ran = run("--sim", str(file), f"--{protocol}", *mode)
    assert ran.returncode == (ExitCode.PORT_CLOSED if protocol == "tcp" else ExitCode.REACHED)
    assert f" {OTHER} " in ran.stdout
    assert "destination: " in " ".join(ran.stdout.split())
    hops = "4 to 5 hops" if mode else "hops"
    assert f"{hops}, from {OTHER}" in ran.stdout
    assert "ignored" not in ran.stdout
    assert ("at most 5 %" in ran.stdout) == bool(mode)


def test_routers_that_quote_probes_on_their_way_to_a_segment_are_found(tmp_path: Path) -> None:
    file = tmp_path / "segments.yaml"
    file.write_text("""\
source: 2001:db8::1
destination: 2001:db8:9::9
routers:
  A: {interfaces: ["2001:db8:1::1"], segments: ["2001:db8:5::1", "2001:db8:5::2"]}
  B1..B4: {interfaces: "2001:db8:2::1+", segments: ["2001:db8:5::2"]}
paths:
  - source -> A -> [B1..B4] -> destination
""")
    true = truth(load(file))
    for protocol in ("udp", "tcp", "icmp"):
        measured = tmp_path / "measured.json"
        run("--sim", str(file), f"--{protocol}", "--mda", "-c", "99.9", "-o", str(measured))
        graph = json.loads(measured.read_text())["graph"]
        found = {(vertex["ttl"], vertex["address"]) for vertex in graph["vertices"]}
        assert found == {(ttl, str(address)) for ttl, address in true.vertices}, protocol
