"""The commands that take a path name its ports, in every program's own words."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from paris.packets.recipes import recipe
from tests.support.traces import DESTINATION, assembled, hops, outcomes

PLAN = assembled(outcomes(hops("192.0.2.254", DESTINATION, flows=1))).plan.replace(network=None)
SIX = PLAN.replace(source=ip_address("2001:db8::1"), destination=ip_address("2001:db8::9"))


def test_udp_paths_get_a_command_of_traceroute() -> None:
    probing = PLAN.probing._replace(sport=20_000, dport=33_434)
    found = recipe(PLAN.replace(probing=probing), 5)
    assert found.ports == "udp 20005 -> 33434"
    assert found.commands == (
        "paris-trace 203.0.113.9 --sport 20005 -p 33434",
        "traceroute -n -U --sport=20005 -p 33434 203.0.113.9",
    )


def test_tcp_paths_get_a_command_of_curl_as_well() -> None:
    probing = PLAN.probing._replace(protocol="tcp", sport=20_000, dport=443)
    plan = PLAN.replace(host="example.net", probing=probing)
    assert recipe(plan, 1).commands == (
        "paris-trace -T 203.0.113.9 --sport 20001 -p 443",
        "traceroute -n -T --sport=20001 -p 443 203.0.113.9",
        "curl --local-port 20001 --resolve example.net:443:203.0.113.9 https://example.net:443/",
    )
    bare = SIX.replace(host="2001:db8::9", probing=probing._replace(dport=8080))
    assert recipe(bare, 0).commands[-1] == "curl --local-port 20000 'http://[2001:db8::9]:8080/'"


def test_commands_leave_by_the_interface_from_the_source_and_with_the_mark_of_the_run() -> None:
    probing = PLAN.probing._replace(sport=20_000, dport=33_434, interface="eth1", mark=7)
    probing = probing._replace(asked_source=ip_address("192.0.2.1"))
    assert recipe(PLAN.replace(probing=probing), 0).commands == (
        "paris-trace 203.0.113.9 --sport 20000 -p 33434 -i eth1 -s 192.0.2.1 --mark 0x7",
        "traceroute -n -U --sport=20000 -p 33434 -i eth1 -s 192.0.2.1 --fwmark=7 203.0.113.9",
    )
    web = PLAN.probing._replace(protocol="tcp", sport=20_000, dport=80, interface="$(x)")
    plan = PLAN.replace(host=DESTINATION, probing=web)
    assert recipe(plan, 0).commands[1:] == (
        "traceroute -n -T --sport=20000 -p 80 -i '$(x)' 203.0.113.9",
        "curl --local-port 20000 --interface '$(x)' http://203.0.113.9:80/",
    )
    both = web._replace(asked_source=ip_address("192.0.2.1"))
    assert len(recipe(plan.replace(probing=both), 0).commands) == 2


def test_commands_name_traffic_class_mark_and_flow_label_where_they_matter() -> None:
    probing = PLAN.probing._replace(sport=20_000, dport=33_434, flow_field="dport")
    assert recipe(PLAN.replace(probing=probing), 3).ports == "udp 20000 -> 33437"
    marked = probing._replace(traffic_class=0x20)
    assert recipe(PLAN.replace(probing=marked), 0).commands[0].endswith("-p 33434 -t 0x20")
    routed = recipe(PLAN.replace(probing=probing._replace(mark=7)), 0)
    assert routed.commands[0].endswith("-p 33434 --mark 0x7")
    labelled = probing._replace(flow_field="flow-label", flow_label=0x100)
    found = recipe(SIX.replace(probing=labelled), 1)
    assert found.ports == "udp 20000 -> 33434, flow label 0x00101"
    assert found.commands == ("paris-trace 2001:db8::9 --sport 20000 -p 33434 --flow-label 0x101",)
    icmp = probing._replace(protocol="icmp", flow_field="icmp-checksum", dport=None)
    assert recipe(PLAN.replace(probing=icmp), 4).commands == ()


def test_commands_name_a_payload_that_the_port_does_not_imply() -> None:
    probing = PLAN.probing._replace(sport=20_000, dport=52, flow_field="dport", payload="dns")
    plan = PLAN.replace(probing=probing)
    own = "paris-trace 203.0.113.9 --sport 20000 -p"
    assert recipe(plan, 0).commands[0] == f"{own} 52 --payload dns"
    assert recipe(plan, 1).commands[0] == f"{own} 53"
    text = PLAN.replace(probing=probing._replace(dport=53, payload=None))
    assert recipe(text, 0).commands[0] == f"{own} 53 --payload text"


@pytest.mark.parametrize(
    "host", ["x;reboot", "-o/etc/passwd", "me@evil", "evil/..", "{a,b}", "a b", "0x7f.1", "1.2.3.4"]
)
def test_a_host_that_is_no_name_is_in_no_command(host: str) -> None:
    probing = PLAN.probing._replace(protocol="tcp", sport=20_000, dport=443)
    plan = PLAN.replace(host=host, probing=probing)
    assert recipe(plan, 1).commands[-1] == "curl --local-port 20001 https://203.0.113.9:443/"


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("my net.yaml", "--sim 'my net.yaml'"),
        ("-x.yaml", "--sim=-x.yaml"),
        ("x;reboot", "--sim 'x;reboot'"),
        ("\x1b[2J", r"--sim $'\033[2J'"),
    ],
    ids=ascii,
)
def test_the_name_of_a_network_is_one_word_of_its_command(network: str, said: str) -> None:
    (command,) = recipe(PLAN.replace(network=network), 0).commands
    assert command.startswith(f"paris-trace {said} --sport ")


def test_a_zone_is_one_word_of_a_command_and_escaped_in_a_url() -> None:
    probing = PLAN.probing._replace(protocol="tcp", sport=20_000, dport=80)
    plan = SIX.replace(destination=ip_address("fe80::9"), zone="e/@ x", probing=probing)
    own, traceroute, curl = recipe(plan, 0).commands
    assert "'fe80::9%e/@ x'" in own
    assert traceroute.endswith(" 'fe80::9%e/@ x'")
    assert curl == "curl --local-port 20000 'http://[fe80::9%25e%2F%40%20x]:80/'"
