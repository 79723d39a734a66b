"""Topology files: what they mean, and the message for every mistake."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, InterfaceInfo, InterfaceRole
from paris.errors import TopologyError
from paris.packets.protocols import Protocol
from paris.sim.balancers import DEFAULT_FIELDS, Balance
from paris.sim.filters import Action, Rule
from paris.sim.topology import Service
from paris.sim.topology_file import find, load, samples

if TYPE_CHECKING:
    from pathlib import Path

    from tests.paris.sim.conftest import FromText

ENDS = "source: 192.0.2.1\ndestination: 203.0.113.9\n"
ROUTERS = """routers:
  R1: {interfaces: [198.51.100.1]}
  R2: {interfaces: [198.51.100.2]}
"""
PATHS = "paths:\n  - source -> R1 -> R2 -> destination\n"
R1 = "R1: {interfaces: [198.51.100.1]}"


def filtered(rule: str) -> str:
    """A network whose first router, in line 4, filters by a rule."""
    return ENDS + ROUTERS.replace("1]}", f"1], filter: [{{{rule}}}]}}") + PATHS


@pytest.mark.parametrize("path", samples().values(), ids=samples())
def test_every_sample_loads_and_begins_with_a_comment(path: Path) -> None:
    assert load(path).name == path.stem
    assert path.read_text().startswith("# ")
    assert load(path).expect


def test_a_name_or_a_path_finds_a_file(tmp_path: Path) -> None:
    mine = tmp_path / "two-way.yaml"
    mine.write_text(ENDS)
    assert find("two-way") == find("two-way.yaml") == samples()["two-way"]
    assert find(str(mine)) == mine


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two-wy", "there is no sample network 'two-wy'; did you mean two-way? known: asymmetric,"),
        ("other", "there is no sample network 'other'; known: asymmetric,"),
        ("no/such", "there is no topology file no/such"),
        ("none.yaml", "there is no topology file none.yaml"),
    ],
)
def test_the_error_for_an_unknown_network_names_the_file_or_the_samples(
    name: str, said: str
) -> None:
    with pytest.raises(TopologyError) as raised:
        find(name)
    assert str(raised.value).startswith(said)


def test_groups_in_brackets_join_completely_and_path_lines_merge(topology: FromText) -> None:
    net = topology(
        ENDS
        + """
routers:
  A1..A2: {interfaces: 198.51.100.11+}
  B: {interfaces: [198.51.100.21]}
  C: {interfaces: [198.51.100.22]}
paths:
  - source -> [A1..A2] -> [B, C] -> destination
  - source -> B -> destination
"""
    )
    assert net.successors == {
        "source": ("A1", "A2", "B"),
        "A1": ("B", "C"),
        "A2": ("B", "C"),
        "B": ("destination",),
        "C": ("destination",),
    }
    assert net.predecessors["B"] == ("A1", "A2", "source")


def test_a_range_of_routers_takes_consecutive_addresses(topology: FromText) -> None:
    net = topology(
        ENDS
        + "routers:\n  A1..A48: {interfaces: 198.51.100.250+, delay_ms: 4}\n"
        + "paths:\n  - source -> [A1..A48] -> destination\n"
    )
    assert net.routers["A48"].interfaces == (ip_address("198.51.101.41"),)
    assert net.routers["A48"].delay_s == 0.004


def test_a_router_answers_from_the_interface_a_probe_came_in_by(topology: FromText) -> None:
    net = topology(
        ENDS
        + """
routers:
  A1..A3: {interfaces: 198.51.100.11+}
  J: {interfaces: [198.51.100.1, 198.51.100.2]}
paths:
  - source -> [A1..A3] -> J -> destination
"""
    )
    first, two = net.routers["J"].interfaces
    assert [net.interface("J", before) for before in ("A1", "A2", "A3")] == [first, two, first]


def test_every_key_of_a_topology_file_is_read(topology: FromText) -> None:
    net = topology(
        """
source: 2001:db8::1
destination: {address: "2001:db8::9", open: [80, 443], udp: echo, delay_ms: 2, loss: 0.5}
routers:
  R1:
    interfaces: ["2001:db8::2", "2001:db8::3"]
    balance: {by: flow, fields: [sport, flow-label], weights: {A: 3}, seed: 7}
    delay_ms: 1.5
    silent: true
  A: {interfaces: ["2001:db8::4"], loss: 0.25, rate_pps: 10, burst: 3, quote_bytes: 48}
  B: {interfaces: ["2001:db8::5"], mpls: [16, 17], prohibits: 1, balance: {by: packet}}
paths:
  - source -> R1 -> [A, B] -> destination
expect: {vertices: 5}
"""
    )
    r1, a, b, end = (net.routers[name] for name in ("R1", "A", "B", "destination"))
    assert (r1.fields, r1.weights, r1.seed) == (
        (HeaderField.SPORT, HeaderField.FLOW_LABEL),
        {"A": 3},
        7,
    )
    assert (r1.delay_s, r1.silent, len(r1.interfaces)) == (0.0015, True, 2)
    assert (a.loss, a.rate_pps, a.burst, a.quote_bytes) == (0.25, 10.0, 3, 48)
    assert (a.by, a.fields) == (Balance.FLOW, DEFAULT_FIELDS)
    assert (b.mpls, b.prohibits, b.by) == ((16, 17), 1, Balance.PACKET)
    assert (end.delay_s, end.loss) == (0.002, 0.5)
    assert net.open_ports == {80, 443}
    assert set(net.services.values()) == {Service.ECHO}
    assert len(net.services) == 65_536
    assert net.expect == {"vertices": 5}


def test_every_key_about_forwarding_is_read(topology: FromText) -> None:
    net = topology(
        """
source: 192.0.2.1
destination: {address: 203.0.113.9, down_after_ms: 3000, answers_from: 203.0.113.10,
              copies_ttl: true}
routers:
  R1: {interfaces: [198.51.100.1], loses: 0.2, rewrites_source: 198.51.100.99, masks: true}
  R2: {interfaces: [198.51.100.2], drops: true, passes_expired: true, counts_twice: true}
  R3: {interfaces: [198.51.100.3, 198.51.100.4], refuses: 13, way_back: flow, initial_ttl: 64}
paths:
  - source -> R1 -> [R2, R3] -> destination
"""
    )
    r1, r2, r3, end = (net.routers[name] for name in ("R1", "R2", "R3", "destination"))
    assert (r1.loses, str(r1.rewrites_source), r1.masks) == (0.2, "198.51.100.99", True)
    assert (r2.drops, r2.passes_expired, r2.refuses_all) == (True, True, False)
    assert r2.counts_twice
    assert (r3.way_back, r3.initial_ttl) == (Balance.FLOW, 64)
    assert (r3.refuses, r3.refuses_all, end.down_after_s) == (13, True, 3.0)
    assert (str(end.answers_from), end.copies_ttl) == ("203.0.113.10", True)


def test_every_key_about_services_and_filters_is_read(topology: FromText) -> None:
    net = topology(
        """
source: {address: 192.0.2.1, filter: [{action: drop, dport: 25}]}
destination:
  address: 203.0.113.9
  open: [22, 8000-8002]
  udp: {53: dns, 7-9: echo}
  filter: [{action: drop, protocol: icmp}]
routers:
  R1:
    interfaces: [198.51.100.1]
    filter:
      - {protocol: tcp, sport: 1024-65535, dport: [80, 443-445], action: host-prohibited}
      - {action: pass}
paths:
  - source -> R1 -> destination
"""
    )
    assert net.rules == (Rule(Action.DROP, dport=(range(25, 26),)),)
    assert net.open_ports == {22, 8000, 8001, 8002}
    echo = dict.fromkeys((7, 8, 9), Service.ECHO)
    assert net.services == {53: Service.DNS, **echo}
    assert net.routers["destination"].rules == (Rule(Action.DROP, Protocol.ICMP),)
    sport, dport = (range(1024, 65_536),), (range(80, 81), range(443, 446))
    assert net.routers["R1"].rules == (
        Rule(Action.HOST_PROHIBITED, Protocol.TCP, sport, dport),
        Rule(Action.PASS),
    )


def test_the_segments_of_a_router_are_read(topology: FromText) -> None:
    net = topology(
        """
source: 2001:db8::1
destination: 2001:db8::9
routers:
  R1: {interfaces: ["2001:db8:1::1"], segments: ["2001:db8:5::1", "2001:db8:5::2"]}
paths:
  - source -> R1 -> destination
"""
    )
    assert list(map(str, net.routers["R1"].segments)) == ["2001:db8:5::1", "2001:db8:5::2"]


def test_described_interfaces_are_read(topology: FromText) -> None:
    net = topology(
        ENDS
        + """
routers:
  R1:
    interfaces: [198.51.100.1]
    describes: [{name: eth3, ifindex: 9}, {role: next-hop, address: "2001:db8::1", mtu: 9000}]
  R2: {interfaces: [198.51.100.2], describes: []}
paths:
  - source -> R1 -> R2 -> destination
"""
    )
    assert net.routers["R1"].describes == (
        InterfaceInfo(InterfaceRole.INCOMING, 9, name="eth3"),
        InterfaceInfo(InterfaceRole.NEXT_HOP, address=ip_address("2001:db8::1"), mtu=9000),
    )
    assert net.routers["R2"].describes == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("hello", 1, "expected `key: value` pairs here"),
        ("source: 192.0.2.1\n" + PATHS, 1, "'destination' is missing; give it at the top level"),
        (ENDS + PATHS + "path: x", 5, "unknown key 'path'; did you mean paths? known: source,"),
        (ENDS + "source: 192.0.2.2\n" + PATHS, 3, "'source' is given twice; remove one"),
        (ENDS.replace("203.0.113.9", "2001:db8::9") + ROUTERS + PATHS, 2,
         "2001:db8::9 of destination is IPv6, the source is IPv4; use one version"),
        (ENDS.replace("203.0.113.9", "192.0.2.1") + ROUTERS + PATHS, 2,
         "192.0.2.1 belongs to both source and destination; give each its own"),
        (ENDS.replace("203.0.113.9", "{open: [80]}") + ROUTERS + PATHS, 2,
         "the destination has no address; give `address:`"),
        (ENDS.replace("203.0.113.9", "{address: 203.0.113.9, udp: ecco}") + ROUTERS + PATHS, 2,
         "unknown value 'ecco'; did you mean echo? known: echo, dns, other"),
        (ENDS.replace("203.0.113.9", "{address: 203.0.113.9, udp: {53: ntp}}") + ROUTERS + PATHS, 2,
         "unknown value 'ntp'; known: echo, dns, other"),
        (ENDS.replace("203.0.113.9", "{address: 203.0.113.9, open: [80, 443-80]}") + ROUTERS
         + PATHS, 2, "not a port: '443-80'; use 1 to 65535, or a range such as 8000-8999"),
        (ENDS.replace("192.0.2.1", "{filter: []}") + ROUTERS + PATHS, 1,
         "the source has no address; give `address:`"),
        (ENDS.replace("192.0.2.1", "{address: 192.0.2.1, filter: [{action: admin-prohibited}]}")
         + ROUTERS + PATHS, 1, "the source can only `pass` and `drop` what it sends"),
        (filtered("protocol: tcp"), 4, "a rule needs `action: drop`, or another"),
        (filtered("action: deny"), 4, "unknown value 'deny'; known: pass, drop, reset, answer,"),
        (filtered("action: admin-prohibitd"), 4, "unknown value 'admin-prohibitd'; did you mean "),
        (filtered("action: drop, port: 80"), 4, "unknown key 'port'; did you mean sport? known: "),
        (filtered("action: drop, dport: http"), 4, "not a port: 'http'; use 1 to 65535"),
        (filtered("action: drop, protocol: gre"), 4, "unknown value 'gre'; known: udp, icmp, tcp"),
        (filtered("action: reset"), 4, "only TCP has a reply for 'reset'; add `protocol: tcp`"),
        (filtered("action: drop, protocol: icmp, dport: 8"), 4,
         "ICMP has no ports; remove them from the rule"),
        (filtered("action: route-rejected"), 4,
         "R1 refuses by 'route-rejected'; IPv4 has network-unreachable, host-unreachable, "),
        (ENDS + ROUTERS.replace("100.2", "100.1") + PATHS, 5,
         "198.51.100.1 belongs to both R1 and R2; give each its own"),
        (ENDS + ROUTERS + f"  {R1}\n" + PATHS, 6, "'R1' is given twice; remove one"),
        (ENDS + ROUTERS + "  R0..R2: {interfaces: 198.51.100.3+}\n" + PATHS, 6,
         "router R1 is given twice; remove one"),
        (ENDS + ROUTERS + "  source: {interfaces: [198.51.100.3]}\n" + PATHS, 6,
         "'source' is not a router; give its values at the top level"),
        (ENDS + ROUTERS + "  R3: {interfaces: [198.51.100.3]}\n" + PATHS, 6,
         "router R3 is in no path; add it to one or remove it"),
        (ENDS + ROUTERS + "  R 3: {interfaces: [198.51.100.3]}\n" + PATHS, 6,
         "not a router name: 'R 3'; use letters, digits, - and _"),
        (ENDS + ROUTERS + "  R3: {interfaces: []}\n" + PATHS, 6,
         "R3 has no interfaces; give at least one address"),
        (ENDS + "routers:\n  " + R1 + "\npaths:\n  - source -> A" + "9" * 5000 + "..A1\n", 6,
         "not a router name: 'A999"),
        (ENDS + "routers:\n  A1..A2000: {interfaces: 10.0.0.0+}\npaths:\n"
         "  - source -> A1..A2000 -> A1..A2000 -> destination\n", 6,
         "there are more than 1,000,000 links"),
        (ENDS + ROUTERS + "  R3: {silent: true}\n" + PATHS, 6, "R3 has no interfaces; give `inter"),
        (ENDS + ROUTERS + "  R9..R3: {interfaces: 198.51.100.3+}\n" + PATHS, 6,
         "R9..R3 is not a range of 2 to 4096, lower number first"),
        (ENDS + ROUTERS + "  R3..R4: {interfaces: [198.51.100.3]}\n" + PATHS, 6,
         "routers given as a range need `interfaces: FIRST_ADDRESS+`"),
        (ENDS + ROUTERS + "  R3..R4: {interfaces: 255.255.255.255+}\n" + PATHS, 6,
         "2 routers from 255.255.255.255 on are beyond the last address"),
        (ENDS + ROUTERS.replace("1]}", f"1], describes: [{{name: {'x' * 64}}}]}}") + PATHS, 4,
         "a name has at most 63 bytes; shorten it"),
        (ENDS + ROUTERS.replace("1]}", "1], describes: [{index: 9}]}") + PATHS, 4,
         "unknown key 'index'; did you mean ifindex? known: "),
        (ENDS + ROUTERS.replace("1]}", "1], turns: {to: R9}}") + PATHS, 4,
         "R1 turns to 'R9', which is not a router; known: R1, R2, destination"),
        (ENDS + ROUTERS.replace("1]}", "1], turns: {at_ms: 5}}") + PATHS, 4,
         "a route that turns needs `to: ROUTER`"),
        (ENDS + ROUTERS.replace("1]}", "1], turns: {at_ms: 5, to: R2}}") + PATHS, 4,
         "R1 has no route before it turns to R2; give a path that takes another"),
        (ENDS + ROUTERS.replace("1]}", "1], loss: 2}") + PATHS, 4, "2.0 is out of range; use 0 to"),
        (ENDS + ROUTERS.replace("1]}", '1], rewrites_source: "2001:db8::5"}') + PATHS, 4,
         "R1 rewrites the source to IPv6; use the version of the source"),
        (ENDS + ROUTERS.replace("1]}", '1], segments: ["2001:db8::5"]}') + PATHS, 4,
         "R1 has segments; they exist only in IPv6"),
        (ENDS.replace("203.0.113.9", '{address: 203.0.113.9, answers_from: "2001:db8::5"}')
         + ROUTERS + PATHS, 2, "destination answers from 2001:db8::5; give an IPv4 address of its"),
        (ENDS + ROUTERS.replace("1]}", "1], refuses: 16}") + PATHS, 4, "16 is out of range; use 0"),
        (ENDS + ROUTERS.replace("1]}", "1], silence: true}") + PATHS, 4,
         "unknown key 'silence'; did you mean silent? known: interfaces, balance,"),
        (ENDS + ROUTERS.replace("1]}", "1], balance: {weights: {R9: 2}}}") + PATHS, 4,
         "R1 weighs R9, which does not follow it; its successors are R2"),
        (ENDS + ROUTERS.replace("1]}", "1], way_back: flow}") + PATHS, 4,
         "R1 has one interface to reply from; give several, or remove `way_back`"),
        (ENDS + ROUTERS.replace("1]}", "1], balance: {by: packet, fields: [sport]}}") + PATHS, 4,
         "only a balancer `by: flow` reads fields; remove them"),
        (ENDS + ROUTERS.replace("1]}", "1], balance: {fields: [port]}}") + PATHS, 4,
         "unknown value 'port'; did you mean sport? known: source,"),
        (ENDS + ROUTERS + PATHS.replace("R2", "R5"), 7,
         "there is no router 'R5'; known: R1, R2,"),
        (ENDS + ROUTERS + PATHS.replace("-> R2", "-> [R2, RR1]"), 7,
         "there is no router 'RR1'; did you mean R1? known:"),
        (ENDS + ROUTERS + PATHS.replace("-> R2", "-> []"), 7, "not a router name: ''; use letters"),
        (ENDS + ROUTERS + PATHS.replace("source", "R2"), 7, "a path goes `source -> ... -> dest"),
        (ENDS + ROUTERS + PATHS.replace(" -> destination", ""), 7, "a path goes `source -> ..."),
        (ENDS + ROUTERS + PATHS + "  - source -> R2 -> R1 -> destination\n", 8,
         "router R1 is its own successor (R1 -> R2 -> R1); remove a step"),
        (ENDS + ROUTERS + PATHS + "  - source -> R1 -> R1 -> destination\n", 8,
         "router R1 is its own successor (R1 -> R1); remove a step"),
        (ENDS + ROUTERS + "paths: []\n", 6, "there is no path; give at least"),
        (ENDS + ROUTERS + PATHS + "expect: {vertexes: 4}\n", 8, "unknown key 'vertexes'; did you"),
        (ENDS + ROUTERS + PATHS + "expect: {vertices: !!python/name:os.system x}\n", 8, "cannot"),
    ],
)  # fmt: skip
def test_the_error_for_a_mistake_names_its_line_and_a_remedy(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(text)
    with pytest.raises(TopologyError) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}:{line}: {said}")
    assert "\n" not in str(raised.value)


def test_a_quote_too_short_to_match_is_refused(topology: FromText) -> None:
    text = """
source: 2001:db8::1
destination: 2001:db8::9
routers:
  R1: {interfaces: ["2001:db8::2"], quote_bytes: 47}
paths:
  - source -> R1 -> destination
"""
    with pytest.raises(TopologyError, match=r"net\.yaml:5: R1 quotes 47 bytes; in IPv6 use 48 or"):
        topology(text)
