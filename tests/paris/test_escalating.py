"""--auto: several protocols in turn, until the destination answers one of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode
from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = """\
source: 192.0.2.1
destination: {address: 203.0.113.9, open: [443], filter: [RULES]}
routers:
  r1: {interfaces: [192.0.2.254]}
  a1..a2: {interfaces: 198.51.100.11+}
paths:
  - source -> r1 -> [a1..a2] -> destination
"""
DROPS = "{protocol: %s, action: drop}"


def network(folder: Path, *dropped: str) -> str:
    """A file of a network whose host drops these protocols."""
    file = folder / "net.yaml"
    file.write_text(NETWORK.replace("RULES", ", ".join(DROPS % name for name in dropped)))
    return str(file)


@pytest.mark.parametrize("mode", [(), ("--mda",)], ids=["one path", "every path"])
@pytest.mark.parametrize(
    ("dropped", "protocol", "tried", "exit_code"),
    [
        pytest.param((), "udp", [], ExitCode.REACHED, id="udp"),
        pytest.param(("udp",), "icmp", ["udp/33434"], ExitCode.REACHED, id="icmp"),
        pytest.param(
            ("udp", "icmp"), "tcp", ["udp/33434", "icmp"], ExitCode.REACHED, id="tcp to 443"
        ),
        pytest.param(
            ("udp", "icmp", "tcp"),
            "udp", ["icmp", "tcp/443", "tcp/80"], ExitCode.NOT_REACHED, id="none",
        ),
    ],
)  # fmt: skip
def test_the_first_protocol_that_gets_through_makes_the_trace(
    dropped: tuple[str, ...],
    protocol: str,
    tried: list[str],
    exit_code: ExitCode,
    mode: tuple[str, ...],
    tmp_path: Path,
) -> None:
    ran = run("--sim", network(tmp_path, *dropped), "--auto", *mode, "-j")
    document = json.loads(ran.stdout)
    assert document["plan"]["protocol"] == protocol
    assert [control["name"] for control in document.get("controls", ())] == tried
    assert all(control["fate"] == "silent" for control in document.get("controls", ()))
    assert ran.returncode == exit_code
    # The next protocol does not wait until the one before it is known to be silent.
    assert document["run"]["duration_s"] < 15


def test_the_text_says_what_was_tried(tmp_path: Path) -> None:
    ran = run("--sim", network(tmp_path, "udp"), "--auto")
    assert "other probes: udp/33434 gets no answer" in ran.stdout
    assert "91 control probes" in ran.stdout


def test_packets_are_those_of_the_protocol_that_got_through(tmp_path: Path) -> None:
    capture = tmp_path / "x.pcapng"
    asked = run("--sim", network(tmp_path, "udp"), "--auto", "-o", str(capture), "-j")
    again = run("--replay", str(capture), "-j")
    own, replayed = json.loads(asked.stdout), json.loads(again.stdout)
    assert replayed["plan"]["protocol"] == "icmp"
    assert replayed["graph"] == own["graph"]
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".pcapng"] == ["x.pcapng"]


@pytest.mark.parametrize(
    "option", ["-T", "-p 53", "--ports 22,80", "--paths", "--compare udp,icmp"]
)
def test_auto_takes_no_protocol_port_or_study(option: str) -> None:
    ran = run("--sim", "plain", "--auto", *option.split())
    assert ran.returncode == ExitCode.USAGE
    assert ran.stderr.count("\n") == 1
    assert "--auto" in ran.stderr
