"""A machine with several ways out: each flow takes that of a program's connection.

    src ==( p1 | p2 )== joint --- dst

p1 and p2 are providers that drop packets with another provider's source, and bring the answers.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from mda.model import Way
from paris.cli import privileges
from paris.errors import ExitCode
from paris.settings import Settings
from paris.survey.sweep import sweep
from tests.lab import netlab
from tests.lab.command import run_at, trace
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET, TARGETS, Hashing, Lab
from tests.lab.programs import programs
from tests.support.commands import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mda.model import IPAddress
    from tests.lab.command import Found
    from tests.lab.netlab import Edge

pytestmark = pytest.mark.lab

BY_PORTS, BY_CHOSEN_FIELDS = Hashing(policy=1), Hashing(policy=3)
WIRES = ["raw", "unprivileged", "bulk", "bulk --link"]
PROVIDERS = {"p1": "v0", "p2": "v3"}
HOSTS = range(2, 2 + len(PROVIDERS))  # on the link that both providers share
LAN, BITS = {4: "10.9.0.", 6: "2001:db8:9::"}, {4: 24, 6: 64}
NODAD = {4: "", 6: "nodad"}
GATEWAYS = {4: "10.9.0.", 6: "fe80::"}


@contextmanager
def providers(hashing: Hashing = BY_PORTS) -> Iterator[Lab]:
    """The lab; the source spreads connections over both providers."""
    paths = [f"src {provider} joint dst" for provider in PROVIDERS]
    with netlab.lab(paths, hashing={"src": hashing}) as lab:
        lab.set("src", {"net/ipv4/ping_group_range": "0 2147483647"})
        for provider, link in PROVIDERS.items():
            for version, word in ((4, "ip"), (6, "ip6")):
                own = of(lab, provider, version).source
                others = f"{word} daddr {TARGETS[version]} {word} saddr != {own}"
                rule = f'iifname "{link}f" {others} drop'
                lab.rules(provider, "type filter hook prerouting priority 0", rule)
        for version in (4, 6):
            by, _ = lab.ends("p2", "joint", version)
            at_node(
                lab, "joint", f"ip -{version} route add {of(lab, 'p2', version).source} via {by}"
            )
        yield lab


def skip_where_sources_leave_elsewhere(version: int) -> None:
    """Before Linux 6.16, IPv4 connections may leave with the source of another way."""
    release = tuple(map(int, os.uname().release.split(".")[:2]))
    if version == 4 and release < (6, 16):
        pytest.skip("this kernel sends by one provider with the other's source")


def of(lab: Lab, provider: str, version: int) -> Way:
    """The way by a provider."""
    near, far = lab.ends("src", provider, version)
    return Way(near, f"{PROVIDERS[provider]}n", far)


def ip(lab: Lab, version: int, *commands: str) -> None:
    for command in commands:
        done = lab.run("ip", f"-{version}", *command.split())
        assert done.returncode == 0, (command, done.stderr)


def ways(document: Any) -> dict[int, Way]:
    """The way of each flow, as the JSON of a trace has it."""
    return {
        flow: Way(
            ip_address(way["source"]),
            way["interface"],
            way["gateway"] and ip_address(way["gateway"]),
        )
        for way in document.get("ways", ())
        for flow in way["flows"]
    }


def paths(lab: Lab, version: int) -> set[Edge]:
    """The edges beyond the source: answers come back the way that their probes went."""
    joint = dict(zip(PROVIDERS, lab.far_ends("joint", version), strict=True))
    gateways = {provider: of(lab, provider, version).gateway for provider in PROVIDERS}
    return {
        edge
        for provider in PROVIDERS
        for edge in (
            ((1, gateways[provider]), (2, joint[provider])),
            ((2, joint[provider]), (3, TARGET[version])),
        )
    }


def beyond_source(found: Found) -> set[Edge]:
    return {(near, far) for near, far in found.truth.edges if near[0]}


def traced(lab: Lab, version: int, wire: str, *options: str) -> Found:
    """A trace by a wire, as nobody where that needs no right."""
    is_root = wire != "unprivileged" or "--mark" in options
    found = trace(lab, version, *options, "--wire", *wire.split(), privileged=is_root)
    assert found.stderr == "", (wire, options)
    return found


def first_hops(found: Found) -> set[IPAddress | None]:
    return {address for ttl, address in found.truth.vertices if ttl == 1}


def first_replies(found: Found) -> list[tuple[int, IPAddress]]:
    """The flows that were answered at the first hop, and from where."""
    return [
        (outcome["flow"], ip_address(outcome["responder"]))
        for outcome in found.document["outcomes"]
        if outcome["ttl"] == 1 and "responder" in outcome
    ]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("protocol", ["udp", "tcp"])
@pytest.mark.parametrize("hashing", [BY_PORTS, BY_CHOSEN_FIELDS], ids=["ports", "chosen fields"])
def test_every_flow_takes_the_way_of_a_programs_connection(
    hashing: Hashing, protocol: str, version: int
) -> None:
    skip_where_sources_leave_elsewhere(version)
    with providers(hashing) as lab:
        taken: dict[int, Way] = {}
        for wire in WIRES:
            options = f"-{protocol[0].upper()}", "--mda", "--sport", "20000"
            found = traced(lab, version, wire, *options)
            assert beyond_source(found) == paths(lab, version), wire
            assert found.document["certainty"]["miss_probability"] <= 0.05, wire
            of_wire = ways(found.document)
            assert set(of_wire.values()) == {of(lab, name, version) for name in PROVIDERS}
            for flow, responder in first_replies(found):
                assert responder == of_wire[flow].gateway, (wire, flow)
            assert all(taken.setdefault(flow, way) == way for flow, way in of_wire.items())
        with programs(lab) as program:
            for flow, way in taken.items():
                ports = 20000 + flow, found.document["plan"]["dport"]
                assert program.connect(version, protocol, ports).took(way), flow


@pytest.mark.parametrize("version", [4, 6])
def test_gateways_of_one_link_are_different_ways(version: int) -> None:
    with providers() as lab:
        shared_link(lab, version)
        taken: dict[int, Way] = {}
        for wire in WIRES:
            found = traced(lab, version, wire, "--mda", "--sport", "20000")
            assert first_hops(found) == {ip_address(f"{LAN[version]}{host}") for host in HOSTS}
            of_wire = ways(found.document)
            gateways = {ip_address(f"{GATEWAYS[version]}{host}") for host in HOSTS}
            assert {way.gateway for way in of_wire.values()} == gateways, wire
            assert all(taken.setdefault(flow, way) == way for flow, way in of_wire.items())
        with programs(lab) as program:
            for flow, way in taken.items():
                assert program.connect(version, "udp", (20000 + flow, 33434)).took(way), flow


def shared_link(lab: Lab, version: int) -> None:
    """Join both providers to one link of the source, and spread connections over them."""
    nets = dict.fromkeys((LAN[version], GATEWAYS[version]))
    ip(lab, version, "link add lan type bridge", "link set lan up")
    ip(lab, version, f"addr add {LAN[version]}1/{BITS[version]} dev lan {NODAD[version]}")
    for host, (provider, link) in zip(HOSTS, PROVIDERS.items(), strict=True):
        ip(lab, version, f"link set {link}n master lan")
        at_node(lab, provider, "nft flush ruleset")
        for net in nets:
            address = f"{net}{host}/{BITS[version]} dev {link}f {NODAD[version]}"
            at_node(lab, provider, f"ip -{version} addr add {address}")
    gateways = " ".join(f"nexthop via {GATEWAYS[version]}{host} dev lan" for host in HOSTS)
    ip(lab, version, f"route replace {TARGETS[version]} {gateways}")


def at_node(lab: Lab, node: str, command: str) -> None:
    subprocess.run(
        ["ip", "netns", "exec", lab.namespace(node), *command.split()],
        check=True, capture_output=True,
    )  # fmt: skip


@pytest.mark.parametrize("version", [4, 6])
def test_a_rule_may_spread_over_links(version: int) -> None:
    with providers() as lab:
        by_rule(lab, version, {of(lab, provider, version) for provider in PROVIDERS})
        for wire in WIRES:
            found = traced(lab, version, wire, "--mda")
            assert beyond_source(found) == paths(lab, version), wire
            for flow, responder in first_replies(found):
                assert responder == ways(found.document)[flow].gateway, (wire, flow)


@pytest.mark.parametrize("version", [4, 6])
def test_a_rule_may_lead_to_gateways_that_no_other_rule_knows(version: int) -> None:
    with providers() as lab:
        shared_link(lab, version)
        source = ip_address(f"{LAN[version]}1")
        gateways = {ip_address(f"{GATEWAYS[version]}{host}") for host in HOSTS}
        by_rule(lab, version, {Way(source, "lan", gateway) for gateway in gateways})
        for wire in WIRES:
            if version == 6 and wire in ("raw", "bulk"):
                found = trace(lab, version, "--mda", "--wire", wire)
                assert found.exit_code == ExitCode.LOCAL_NETWORK, wire
                assert "rules lead raw datagrams elsewhere; use --wire unpriv" in found.stderr
                continue
            found = traced(lab, version, wire, "--mda")
            assert {way.gateway for way in ways(found.document).values()} == gateways, wire
            assert len(first_hops(found)) == len(gateways), wire


def by_rule(lab: Lab, version: int, several: set[Way]) -> None:
    """Spread what leaves over these ways by a rule, and by it alone."""
    hops = " ".join(f"nexthop via {way.gateway} dev {way.interface}" for way in several)
    ip(lab, version, f"route del {TARGETS[version]}")
    ip(lab, version, f"route add default table 100 {hops}")
    ip(lab, version, "rule add uidrange 0-65534 lookup 100")


@pytest.mark.parametrize("version", [4, 6])
def test_packets_follow_the_rules_for_a_programs_packets(version: int) -> None:
    with providers() as lab:
        usual, other = (of(lab, provider, version) for provider in PROVIDERS)
        ip(lab, version, f"route replace {TARGETS[version]} via {usual.gateway}")
        ip(lab, version, f"route add {TARGETS[version]} via {other.gateway} table 100")
        cases: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
            (f"from {other.source}", ("-s", str(other.source)), ()),
            ("ipproto udp dport 33434", (), ("-T",)),
            ("sport 20000-20003", ("--sport", "20001"), ("--sport", "20004")),
            ("fwmark 7", ("--mark", "7", "--mda"), ("--mark", "8")),
            ("fwmark 7", ("--mark", "7", "-T"), ("-T",)),
            ("uidrange 0-65534", (), ("-i", usual.interface)),
        ]
        for rule, followed, not_followed in cases:
            ip(lab, version, f"rule add {rule} lookup 100")
            runs = [(wire, followed, other) for wire in WIRES] + [("raw", not_followed, usual)]
            for wire, options, way in runs:
                found = traced(lab, version, wire, *options)
                assert first_hops(found) == {way.gateway}, (rule, wire, options)
                assert found.document["run"]["reached"], (rule, wire, options)
                assert found.document["plan"]["source"] == str(way.source)
                assert "ways" not in found.document
            ip(lab, version, f"rule del {rule} lookup 100")


@pytest.mark.parametrize("version", [4, 6])
def test_under_sudo_packets_follow_the_rules_for_the_calling_user(
    version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with providers() as lab:
        usual, other = (of(lab, provider, version) for provider in PROVIDERS)
        ip(lab, version, f"route replace {TARGETS[version]} via {usual.gateway}")
        ip(lab, version, f"route add {TARGETS[version]} via {other.gateway} table 100")
        ip(lab, version, "rule add uidrange 65534-65534 ipproto udp lookup 100")
        for wire in WIRES:
            if wire != "unprivileged":
                assert first_hops(traced(lab, version, wire)) == {usual.gateway}, wire
        for name in ("SUDO_UID", "SUDO_GID"):
            monkeypatch.setenv(name, "65534")
        # The interpreter may lie where only root can go, but all of it is loaded.
        monkeypatch.setattr(privileges, "_can_read_program", lambda *_: True)
        for wire in WIRES:
            assert first_hops(traced(lab, version, wire)) == {other.gateway}, wire


@pytest.mark.parametrize("version", [4, 6])
def test_rules_for_some_ports_make_several_ways(version: int) -> None:
    with providers() as lab:
        usual, other = (of(lab, provider, version) for provider in PROVIDERS)
        ip(lab, version, f"route replace {TARGETS[version]} via {usual.gateway}")
        ip(lab, version, f"route add {TARGETS[version]} via {other.gateway} table 100")
        ip(lab, version, "rule add ipproto udp sport 20000-20003 lookup 100")
        for wire in WIRES:
            found = traced(lab, version, wire, "--mda", "--sport", "20000")
            assert first_hops(found) == {usual.gateway, other.gateway}, wire
            for flow, way in ways(found.document).items():
                assert way == (other if flow < 4 else usual), (wire, flow)


@pytest.mark.parametrize("version", [4, 6])
def test_a_rule_may_be_all_that_leads_to_the_destination(version: int) -> None:
    with providers() as lab:
        way = of(lab, "p2", version)
        ip(lab, version, f"route del {TARGETS[version]}")
        ip(lab, version, f"route add {TARGETS[version]} via {way.gateway} table 100")
        ip(lab, version, "rule add ipproto udp dport 33434 lookup 100")
        for wire in WIRES:
            found = traced(lab, version, wire)
            assert (found.exit_code, first_hops(found)) == (ExitCode.REACHED, {way.gateway}), wire
        found = trace(lab, version, "-T")
    assert found.exit_code == ExitCode.LOCAL_NETWORK
    assert found.stderr == f"paris-trace: no route to {TARGET[version]}\n"


@pytest.mark.parametrize("version", [4, 6])
def test_echo_requests_leave_by_one_way_with_its_source(version: int) -> None:
    with providers() as lab:
        for wire in WIRES:
            found = traced(lab, version, wire, "-I", "--mda")
            (way,) = (
                way
                for way in (of(lab, name, version) for name in PROVIDERS)
                if str(way.source) == found.document["plan"]["source"]
            )
            assert first_hops(found) == {way.gateway}, wire
            assert found.exit_code == ExitCode.REACHED


@pytest.mark.parametrize("version", [4, 6])
def test_a_chosen_interface_or_source_is_kept(version: int) -> None:
    with providers() as lab:
        for provider in PROVIDERS:
            way = of(lab, provider, version)
            for wire in WIRES:
                found = traced(lab, version, wire, "-i", way.interface, "-s", str(way.source))
                assert first_hops(found) == {way.gateway}, (wire, provider)
                assert found.exit_code == ExitCode.REACHED


def test_nothing_is_promised_of_a_way_that_the_firewall_closes() -> None:
    with providers() as lab:
        closed = of(lab, "p2", 4).interface
        lab.rules("src", "type filter hook output priority 0", f'oifname "{closed}" drop')
        for wire in WIRES[:3]:  # frames pass no firewall
            found = traced(lab, 4, wire, "--mda")
            assert found.document["certainty"]["obstacles"] == [
                "this system refuses all that leaves by one of its ways"
            ]
            (withheld,) = found.document["run"]["wire"]["withheld"]
            assert withheld["closed_ways"] == 1
            assert found.document["run"]["answered"] == found.document["run"]["probes_sent"]
            assert first_hops(found) == {of(lab, "p1", 4).gateway}
            assert found.document["run"]["unmatched"] == {}


@pytest.mark.parametrize("version", [4, 6])
def test_replays_of_several_ways_give_the_same_outputs(version: int, tmp_path: Path) -> None:
    skip_where_sources_leave_elsewhere(version)
    with providers() as lab:
        live = [tmp_path / f"live.{suffix}" for suffix in ("json", "txt", "pcapng")]
        outputs = [part for file in live for part in ("-o", str(file))]
        ran = run_at(
            lab.namespace("src"), str(TARGET[version]), "-n", "--mda", "--seed", "1", *outputs
        )
        assert (ran.returncode, ran.stderr) == (ExitCode.REACHED, "")
    assert "flows left this machine by 2 ways: v" in " ".join(live[1].read_text().split())
    for file in (live[0], live[2]):
        again = [tmp_path / f"again.{suffix}" for suffix in ("json", "txt")]
        outputs = [part for made in again for part in ("-o", str(made))]
        assert run("--replay", str(file), "-n", *outputs).returncode == ExitCode.REACHED
        for written, made in zip(live, again, strict=False):
            assert made.read_bytes() == written.read_bytes()


@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize("version", [4, 6])
def test_a_sweep_takes_every_way(version: int, *, by_link: bool) -> None:
    skip_where_sources_leave_elsewhere(version)
    with providers() as lab, inside_namespace(lab.namespace("src")):
        settings = Settings.of(host=str(TARGET[version]), rate_pps=20_000)
        swept = sweep(settings, flows=100, ttls=range(1, 4), by_link=by_link)
    assert swept.is_answered.all()
    assert swept.unmatched == 0
    for flow, ttl, responder in zip(swept.flows, swept.ttls, swept.responders, strict=True):
        if ttl == 1:
            way = swept.headers.way(int(flow))
            assert way is not None
            assert ip_address(responder.tobytes()) == way.gateway
    assert len(swept.interfaces(1)) == len(PROVIDERS)


@pytest.mark.parametrize("version", [4, 6])
def test_compared_protocols_have_ways_of_their_own(version: int) -> None:
    skip_where_sources_leave_elsewhere(version)
    with providers() as lab:
        options = "--compare", "udp,tcp", "--sport", "20000", "-j", "-n", "--seed", "1"
        ran = run_at(lab.namespace("src"), str(TARGET[version]), *options)
        views = [view["trace"] for view in json.loads(ran.stdout)["views"]]
        assert len({view["plan"]["source"] for view in views}) == 1
        taken = {
            (view["plan"]["protocol"], flow): way
            for view in views
            for flow, way in ways(view).items()
        }
        with programs(lab) as program:
            for (protocol, flow), way in taken.items():
                ports = 20000 + flow, 33434 if protocol == "udp" else 80
                assert program.connect(version, protocol, ports).took(way)
        assert len({protocol for protocol, _ in taken}) == 2


def test_a_mark_without_the_right_to_it_is_refused_in_one_line() -> None:
    with providers() as lab:
        found = trace(lab, 4, "--mark", "7", privileged=False)
    assert found.exit_code == ExitCode.NO_PRIVILEGE
    assert found.stderr == (
        "paris-trace: --mark 0x7: Operation not permitted; it needs CAP_NET_ADMIN, run it with "
        "sudo\n"
    )
