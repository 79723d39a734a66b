"""Several services of a host: a state for each, the hops that they share, and one exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode
from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = """
source: 192.0.2.1
destination: {address: 203.0.113.9, open: [80, 443]}
routers:
  gateway: {interfaces: [192.0.2.254]}
  last: {interfaces: [198.51.100.1], %s}
paths:
  - source -> gateway -> last -> destination
"""


def traced(tmp_path: Path, last: str, *options: str) -> tuple[int, str]:
    """Exit code and text of a run where the last router is so."""
    network = tmp_path / "net.yaml"
    network.write_text(NETWORK % last)
    ran = run("--sim", str(network), *options)
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


def states(text: str) -> dict[str, str]:
    """By service, what its row says after hops and round trip: verdict and state."""
    table = text.partition("\nservice ")[2].partition("\n\n")[0]
    rows = [line.split(maxsplit=3) for line in table.splitlines()[1:]]
    return {row[0]: " ".join(row[3].split()) for row in rows}


@pytest.mark.parametrize("flows", [(), ("--mda",)])
def test_each_service_has_its_state_in_a_row(tmp_path: Path, flows: tuple[str, ...]) -> None:
    code, text = traced(tmp_path, "delay_ms: 1", "--ports", "22,http,ntp", *flows)
    assert states(text) == {
        "tcp/22": "CLOSED port closed",
        "tcp/80": "OPEN port open",
        "udp/123": "CLOSED port unreachable",
    }
    assert code == ExitCode.REACHED
    assert max(map(len, text.splitlines()[1:])) <= 80


def test_the_exit_code_is_0_if_a_port_is_open_else_that_of_the_first(tmp_path: Path) -> None:
    for ports, exit_code in (
        ("22,443", ExitCode.REACHED),
        ("21,22", ExitCode.PORT_CLOSED),
    ):
        assert traced(tmp_path, "delay_ms: 1", "--ports", ports)[0] == exit_code
    refused, _ = traced(tmp_path, "prohibits: 13", "--ports", "80,443")
    assert refused == ExitCode.FILTERED


def test_a_row_names_who_refuses_or_who_answered_last(tmp_path: Path) -> None:
    _, text = traced(tmp_path, "prohibits: 13", "--ports", "80,443")
    assert set(states(text).values()) == {"FILTERED !X prohibited, from 198.51.100.1 (hop 2)"}
    _, text = traced(tmp_path, "drops: true", "--ports", "80,443")
    assert set(states(text).values()) == {"SILENT no reply after 198.51.100.1 (hop 2)"}


def test_many_services_share_one_table_that_fits_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    options = ("--ports", "8000-8062,443", "-o", str(file), "-o", str(tmp_path / "all.dot"))
    _, text = traced(tmp_path, "delay_ms: 1", *options)
    assert len(states(text)) == 64
    assert "by tcp/8000, tcp/8001, tcp/8002, tcp/8003, tcp/8004, tcp/8005 and 58 more" in " ".join(
        text.split()
    )
    assert text.count("198.51.100.1  ") == 1
    assert max(map(len, text.splitlines()[1:])) <= 80
    assert "tcp/443: port open" in (tmp_path / "all.dot").read_text()
    assert run(str(file), program="paris-render").stdout == text


def test_without_mda_the_text_says_that_one_flow_was_traced(tmp_path: Path) -> None:
    _, text = traced(tmp_path, "delay_ms: 1", "--ports", "22,443")
    assert "only one flow was traced; other flows may take other paths (try --mda)" in text
    _, text = traced(tmp_path, "delay_ms: 1", "--ports", "22,443", "--mda")
    assert text.count("chance that a branch was missed") == 1
