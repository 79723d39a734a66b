"""Services on the command line: the protocol that each implies, and what contradicts what."""

from __future__ import annotations

import pytest

from paris.cli.options import parse_trace
from paris.errors import SettingsError
from paris.settings import Lane, Settings


def settings(line: str) -> Settings:
    asked = parse_trace(line.split()).settings
    assert asked is not None
    return asked


@pytest.mark.parametrize(
    ("line", "host", "protocol", "port"),
    [
        ("example.net", "example.net", "udp", None),
        ("example.net:443", "example.net", "tcp", 443),
        ("example.net:https", "example.net", "tcp", 443),
        ("example.net:NTP", "example.net", "udp", 123),
        ("[2001:db8::1]:443", "2001:db8::1", "tcp", 443),
        ("2001:db8::1:443", "2001:db8::1:443", "udp", None),
        ("example.net:123", "example.net", "udp", 123),
        ("example.net:tftp", "example.net", "udp", 69),
        ("example.net:isakmp", "example.net", "udp", 500),
        ("-U example.net:443", "example.net", "udp", 443),
        ("-T example.net:ntp", "example.net", "tcp", 123),
        ("-p https example.net", "example.net", "tcp", 443),
        ("-p snmp example.net", "example.net", "udp", 161),
        ("-U -p https example.net", "example.net", "udp", 443),
        # A number means what it means to traceroute.
        ("-p 443 example.net", "example.net", "udp", 443),
        ("-T -p 443 example.net", "example.net", "tcp", 443),
        ("--ports ssh example.net", "example.net", "tcp", 22),
    ],
)
def test_a_service_implies_its_protocol_unless_the_user_chose_one(
    line: str, host: str, protocol: str, port: int | None
) -> None:
    asked = settings(line)
    assert asked.target.host == host
    assert (asked.probe.protocol, asked.probe.dport) == (protocol, port)
    assert asked.study.compare == ()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("--ports 22,https,ntp", "tcp/22 tcp/443 udp/123"),
        ("--ports 8000-8002,ms-sql-s", "tcp/8000 tcp/8001 tcp/8002 tcp/1433"),
        ("-U --ports 53,ssh", "udp/53 udp/22"),
        ("--ports 443,https,22", "tcp/443 tcp/22"),
    ],
)
def test_ports_are_lanes_of_one_run_each_once(line: str, names: str) -> None:
    asked = settings(f"--sim two-way {line}")
    assert " ".join(lane.name for lane in asked.study.compare) == names
    assert not asked.search.multipath


def test_ports_find_every_path_only_if_asked_to() -> None:
    assert settings("--sim two-way --ports 22,80 --mda").search.multipath
    assert settings("--sim two-way --compare tcp/22,tcp/80").search.multipath


def test_names_in_a_comparison_are_looked_up_for_their_protocol() -> None:
    asked = settings("--sim two-way --compare tcp/ssh,udp/syslog")
    assert asked.study.compare == (Lane("tcp", 22), Lane("udp", 514))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("a:99999", "a:99999: ports are from 1 to 65535, not 99999"),
        ("a:0", "a:0: ports are from 1 to 65535, not 0"),
        ("a:nosuch", "a:nosuch: not a port number or service name: 'nosuch'"),
        (f"a:{'9' * 5000}", "ports are from 1 to 65535, not 999"),
        ("-p nosuchservice a", "-p/--port: not a port number or service name: 'nosuchservice'"),
        ("-p ٤٤٣ a", "-p/--port: not a port number or service name: '٤٤٣'"),
        ("-p 70000 a", "-p/--port: ports are from 1 to 65535, not 70000"),
        ("-I a:443", "a:443 has no meaning with -I: ICMP has no ports"),
        ("-I -p 80 a", "-p/--port has no meaning with -I: ICMP has no ports"),
        ("-I --ports 80 a", "--ports has no meaning with -I: ICMP has no ports"),
        ("a:443 -p 443", "a:443 and -p/--port both name ports; give only one"),
        ("a:443 --ports 22", "a:443 and --ports both name ports; give only one"),
        ("a:443 --compare udp,icmp", "a:443 and --compare both name ports; give only one"),
        ("a -p 1 --ports 2,3", "-p/--port and --ports both name ports; give only one"),
        ("a --ports 1-70000", "--ports: ports are from 1 to 65535, not 70000"),
        ("a --ports 1-65", "--ports 1-65: at most 64 services fit into one run"),
        ("a --ports 9-3", "--ports 9-3: the range ends before it begins"),
        ("a --ports 22,,80", "--ports: not a port number or service name: ''"),
        ("a --ports 22-", "--ports: not a port number or service name: '22-'"),
        ("a --ports 22,80 --paths", "--compare and --ports cannot be combined with studies"),
    ],
)
def test_services_that_make_no_sense_are_refused(line: str, fault: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_trace(line.split())
    assert fault in str(refused.value)
