"""SYNs to a listening port: said to be open however many SYN-ACKs are lost, closed if it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode
from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = """\
source: SOURCE
destination: {address: END, open: [PORT], loss: LOSS, delay_ms: 5}
routers:
  r1: {interfaces: [FIRST]}
  a1..a4: {interfaces: SECOND+, delay_ms: 5}
paths:
  - source -> r1 -> [a1..a4] -> destination
"""
ADDRESSES = {
    4: {"SOURCE": "192.0.2.1", "END": "203.0.113.9", "FIRST": "192.0.2.254", "SECOND": "10.0.0.1"},
    6: {"SOURCE": "2001:db8::1", "END": "2001:db8:9::9", "FIRST": "2001:db8:1::1",
        "SECOND": "2001:db8:2::1"},
}  # fmt: skip
SEEDS = range(20)


def network(folder: Path, version: int, port: int, loss: float) -> str:
    """A file of a network whose destination listens at `port`."""
    text = NETWORK.replace("PORT", f"{port}").replace("LOSS", f"{loss}")
    for name, address in ADDRESSES[version].items():
        text = text.replace(name, address)
    file = folder / "net.yaml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize("mode", [(), ("--mda",)], ids=["one path", "every path"])
@pytest.mark.parametrize("version", [4, 6])
def test_an_open_port_is_reported_as_open_despite_losses(
    version: int, mode: tuple[str, ...], tmp_path: Path
) -> None:
    file = network(tmp_path, version, 80, 0.3)
    for seed in SEEDS:
        ran = run("--sim", file, "-T", "-n", "--seed", str(seed), *mode)
        assert ran.returncode == ExitCode.REACHED, seed
        assert "port open" in ran.stdout, seed
        assert "closed" not in ran.stdout, seed


@pytest.mark.parametrize("mode", [(), ("--mda",)], ids=["one path", "every path"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_closed_port_is_reported_as_closed(
    version: int, mode: tuple[str, ...], tmp_path: Path
) -> None:
    file = network(tmp_path, version, 443, 0)
    for seed in SEEDS:
        ran = run("--sim", file, "-T", "-n", "--seed", str(seed), *mode)
        assert ran.returncode == ExitCode.PORT_CLOSED, seed
        assert "port open" not in ran.stdout, seed


def test_probes_that_meet_a_half_open_connection_are_sent_again_and_do_not_count_as_lost(
    tmp_path: Path,
) -> None:
    ran = run("--sim", network(tmp_path, 4, 80, 0), "-T", "-n", "-j", "--mda")
    document = json.loads(ran.stdout)
    ends = [outcome for outcome in document["outcomes"] if outcome["ttl"] == 3]
    assert {outcome["kind"] for outcome in ends} == {"syn-ack"}
    assert all(
        outcome["received_at_s"] - outcome["sent_at_s"] == pytest.approx(0.011) for outcome in ends
    )


def test_a_replay_reports_the_same_port_state(tmp_path: Path) -> None:
    file, capture = network(tmp_path, 4, 80, 0.3), tmp_path / "syn.pcapng"
    for seed in SEEDS:
        asked = run("--sim", file, "-T", "-n", "--seed", str(seed), "-o", str(capture))
        again = run("--replay", str(capture), "-n")
        assert (again.returncode, again.stdout) == (asked.returncode, asked.stdout), seed
