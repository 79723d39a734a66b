"""Services at the destination that answer UDP, over kernel routers: reached, on every wire."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import closing, contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest, ReplyKind
from paris.packets import probes, replies
from paris.packets.flows import Flows
from paris.packets.payloads import PAYLOADS
from paris.packets.protocols import Protocol
from paris.packets.replies import ParsedReply
from paris.settings import Settings
from paris.survey.sweep import sweep
from paris.wire.bulk.wire import BulkWire
from paris.wire.raw import RawWire
from tests.lab import netlab
from tests.lab.command import CHECKOUT, run_at, trace, traces
from tests.lab.forging import collect
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

SURE = ("--mda", "-c", "99.9", "--seed", "1")
WIRES = ("raw", "unprivileged", "bulk")
PORT = 33434


@contextmanager
def serving(lab: Lab, *services: str) -> Iterator[None]:
    """Services at the destination's addresses, during the block: kinds, and ports but for PORT."""
    command = ("env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "tests.lab.service")
    placed = (service if ":" in service else f"{service}:{PORT}" for service in services)
    with lab.background("dst", *command, ",".join(placed), *map(str, TARGET.values())):
        yield


@pytest.mark.parametrize("kind", ["echo", "dns", "other"])
@pytest.mark.parametrize("wire", WIRES)
def test_every_path_to_a_udp_service_is_found(wire: str, kind: str) -> None:
    with netlab.lab(netlab.unequal_length()) as lab, serving(lab, kind):
        for options in ((), SURE):
            both = traces(lab, (4, 6), *options, "--wire", wire, privileged=wire != "unprivileged")
            for version, found in both.items():
                assert (found.exit_code, found.stderr) == (0, "")
                run, outcomes = found.document["run"], found.document["outcomes"]
                kinds = {outcome["kind"] for outcome in outcomes if "kind" in outcome}
                assert kinds == {"time-exceeded", "udp"}
                assert run["reached"]
                assert all(
                    outcome.get("kind") != "udp" or outcome["ttl"] >= 5 for outcome in outcomes
                )
                # Only what does not say to which probe it is may go uncounted.
                assert run["unmatched"] == {} or kind == "other"
                assert not options or found.truth == lab.truth(version)


@pytest.mark.parametrize("wire", WIRES)
def test_strict_services_answer_what_suits_their_ports_and_every_answer_finds_its_probe(
    wire: str,
) -> None:
    services = [f"strict-{payload.name}:{payload.ports[0]}" for payload in PAYLOADS[1:]]
    with netlab.lab(netlab.unequal_length()) as lab, serving(lab, *services):
        for payload in PAYLOADS[1:]:
            for version in (4, 6):
                found = trace(
                    lab, version, *SURE, "-p", str(payload.ports[0]), "--wire", wire,
                    privileged=wire != "unprivileged",
                )  # fmt: skip
                assert (found.exit_code, found.stderr) == (0, "")
                run, outcomes = found.document["run"], found.document["outcomes"]
                assert found.document["plan"]["payload"] == payload.name
                # No answer is stray, and none is found by its ports alone.
                assert (run["reached"], run["unmatched"]) == (True, {})
                told = [outcome for outcome in outcomes if "kind" in outcome]
                assert {outcome["kind"] for outcome in told} == {"time-exceeded", "udp"}
                assert all(own["kind"] != "udp" or own["ttl"] >= 5 for own in told)
                assert found.truth == lab.truth(version)


@pytest.mark.parametrize("wire", ["raw", "bulk"])
def test_each_lane_of_a_comparison_asks_what_its_service_answers(wire: str) -> None:
    lanes = {"udp/53": "dns", "udp/123": "ntp", "udp/161": "snmp"}
    services = [f"strict-{kind}:{name.removeprefix('udp/')}" for name, kind in lanes.items()]
    with netlab.lab(netlab.plain(2)) as lab, serving(lab, *services):
        for version in (4, 6):
            ran = run_at(
                lab.namespace("src"), str(TARGET[version]), "-n", "-j", "--wire", wire,
                "--compare", ",".join(lanes),
            )  # fmt: skip
            assert (ran.returncode, ran.stderr) == (0, "")
            views = {view["name"]: view["trace"] for view in json.loads(ran.stdout)["views"]}
            assert {name: view["plan"]["payload"] for name, view in views.items()} == lanes
            for view in views.values():
                assert (view["run"]["reached"], view["run"]["unmatched"]) == (True, {})
                told = [own for own in view["outcomes"] if "kind" in own]
                assert all((own["kind"] == "udp") == (own["ttl"] > 2) for own in told)


@pytest.mark.parametrize("wire", WIRES)
def test_flows_by_flow_label_reach_a_udp_service(wire: str) -> None:
    hashing = {"lb": netlab.Hashing(policy=3, fields=0x38)}  # labels and ports
    with netlab.lab(netlab.diamond(2), hashing=hashing) as lab, serving(lab, "echo"):
        found = trace(
            lab, 6, *SURE, "--flow-field", "flow-label", "--wire", wire,
            privileged=wire != "unprivileged",
        )  # fmt: skip
        assert (found.exit_code, found.stderr) == (0, "")
        assert found.truth == lab.truth(6)
        assert {outcome["kind"] for outcome in found.document["outcomes"]} == {
            "time-exceeded",
            "udp",
        }


@pytest.mark.parametrize("version", [4, 6])
def test_a_sweep_counts_udp_replies_that_name_their_probe(version: int) -> None:
    settings = Settings.of(host=str(TARGET[version]), rate_pps=10_000, wait_s=0.5)
    for kind in ("dns", "other"):
        with (
            netlab.lab(netlab.diamond(4)) as lab,
            serving(lab, kind),
            inside_namespace(lab.namespace("src")),
        ):
            swept = sweep(settings, flows=100, ttls=range(1, 7))
        at_end = swept.ttls >= 5
        assert swept.is_answered[~at_end].all()
        names_probe = kind == "dns"
        assert (swept.is_answered[at_end] == names_probe).all()
        assert swept.unmatched == (0 if names_probe else at_end.sum())
        assert (swept.ends_path == (at_end & swept.is_answered)).all()


@pytest.mark.parametrize("opened", [RawWire.open, BulkWire.open])
@pytest.mark.parametrize("version", [4, 6])
def test_udp_packets_of_other_programs_are_filtered_out(version: int, opened: type) -> None:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with netlab.lab(netlab.plain(1)) as lab:
        flows = Flows(
            source=lab.source(version), destination=TARGET[version], protocol=Protocol.UDP,
            field=HeaderField.SPORT, sport=20000, dport=PORT,
        )  # fmt: skip
        with inside_namespace(lab.namespace("src")):
            wire = opened(flows, None)
            # Until something is sent, nothing can be an answer.
            wire.send([probes.build(flows, ProbeRequest(0, 1), 7)])
            collect(wire, 1)
        with closing(wire), inside_namespace(lab.namespace("dst")):
            # From another port, from another address, and at last from where probes go.
            for ends in (
                (str(TARGET[version]), PORT + 1),
                ("", PORT),
                (str(TARGET[version]), PORT),
            ):
                with closing(socket.socket(family, socket.SOCK_DGRAM)) as talker:
                    talker.bind(ends)
                    for _ in range(20):
                        talker.sendto(str(ends).encode(), (str(lab.source(version)), 20000))
            received = collect(wire, 20)
            assert wire.receive(wire.now_s()) == []
        assert len(received) == 20
        for arrival in received:
            parsed = replies.parse(arrival.datagram)
            assert isinstance(parsed, ParsedReply)
            quoted = parsed.quoted
            assert (parsed.kind, parsed.responder) == (ReplyKind.UDP_ANSWER, TARGET[version])
            assert (quoted.sport, quoted.dport, quoted.carrier_tag) == (20000, PORT, 0)
            assert quoted.source == lab.source(version).packed


OTHER = {4: ip_address("203.0.113.77"), 6: ip_address("2001:db8:ffff::77")}
# A connected socket gets nothing from elsewhere; a ping socket looks only at the identifier.
ANSWERED = {
    "raw": ("-U", "-T", "-I"),
    "bulk": ("-U", "-T", "-I"),
    "unprivileged": ("-I",),
}


def answer_from_elsewhere(lab: Lab) -> None:
    """From now on what the destination sends comes from OTHER."""
    for version, six in ((4, ""), (6, "6")):
        rule = f"ip{six} saddr {TARGET[version]} ip{six} saddr set {OTHER[version]}"
        lab.rules("dst", "type filter hook output priority 0", rule)


@pytest.mark.parametrize("wire", WIRES)
def test_a_destination_that_answers_from_another_address_is_reached(wire: str) -> None:
    with netlab.lab(netlab.plain(2)) as lab, serving(lab, "dns"):
        lab.set("src", {"net/ipv4/ping_group_range": "0 2147483647"})
        answer_from_elsewhere(lab)
        for version in (4, 6):
            end = {(3, OTHER[version])}
            near = lab.truth(version).vertices - {(3, TARGET[version])}
            for protocol in ("-U", "-T", "-I"):
                is_seen = protocol in ANSWERED[wire]
                options = *(SURE if is_seen else ()), protocol, "-m", "4", "-w", "0.2"
                found = trace(
                    lab, version, *options, "--wire", wire, privileged=wire != "unprivileged"
                )
                assert found.stderr == "", protocol
                assert found.document["run"]["reached"] == is_seen, protocol
                assert found.document["run"]["unmatched"] == {}, protocol
                if is_seen:
                    assert found.truth.vertices == near | end, protocol
                    assert found.document["certainty"]["obstacles"] == [], protocol
