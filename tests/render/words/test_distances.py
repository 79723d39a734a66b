"""The words for a distance, where replies may show a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = """
source: {0}
destination: {{address: {4}, open: [443], copies_ttl: true}}
routers:
  r1: {{interfaces: [{1}]}}
  r2: {{interfaces: [{2}]}}
  r3: {{interfaces: [{3}]}}
paths:
  - source -> r1 -> r2 -> r3 -> destination
"""
ADDRESSES = {
    4: ("192.0.2.1", "192.0.2.254", "198.51.100.1", "198.51.100.2", "203.0.113.9"),
    6: ("2001:db8::1", "2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1", "2001:db8:9::9"),
}
SEEMS = "seems to copy the TTL of a probe into its reply: it is 4 hops away"
NOT_THERE = "the silent hops from there on do not exist"
QUOTED = f"{SEEMS} by what it quotes, and {NOT_THERE}"
UNQUOTED = f"{SEEMS} if replies take the way of the probes, and {NOT_THERE}"
MARK = "! a reply arrived with a TTL of 1"


def traced(folder: Path, version: int, options: str) -> str:
    file = folder / "net.yaml"
    file.write_text(NETWORK.format(*ADDRESSES[version]))
    ran = run("--sim", str(file), *options.split())
    assert ran.stderr == ""
    return " ".join(ran.stdout.split())


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param("", QUOTED, id="udp"),
        pytest.param("--mda", QUOTED, id="udp, every path"),
        pytest.param("-I", UNQUOTED, id="icmp"),
        pytest.param("-I --mda", UNQUOTED, id="icmp, every path"),
        pytest.param("-T -p 80", UNQUOTED, id="closed port"),
        pytest.param("-T -p 80 --mda", UNQUOTED, id="closed port, every path"),
    ],
)
def test_a_host_that_copies_ttls_is_at_most_where_it_is_drawn(
    options: str, said: str, version: int, tmp_path: Path
) -> None:
    text = traced(tmp_path, version, options)
    assert "reached in at most 7 hops" in text
    assert said in text
    assert MARK in text
    assert "chance that a branch was missed" not in text
    assert ("the host is reached in at most 7 hops" in text) is ("-T" in options)


def test_the_table_of_services_says_which_distance_is_uncertain(tmp_path: Path) -> None:
    text = traced(tmp_path, 4, "--ports 80,443")
    assert "tcp/80 at most 7 " in text
    assert "tcp/443 4 " in text


@pytest.mark.parametrize("version", [4, 6])
def test_a_control_whose_ttl_was_copied_makes_no_proxy_of_the_host(
    version: int, tmp_path: Path
) -> None:
    text = traced(tmp_path, version, "-T -p 443 --diagnose")
    assert "other probes: icmp is answered, tcp/80" in text
    assert "OPEN " in text
    assert "the host is reached in 4 hops" in text
    assert MARK not in text
