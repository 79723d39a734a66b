"""--dry-run says how a trace would be made, and leaves no file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from paris.errors import ExitCode
from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path


def test_it_says_the_probes_the_procedure_the_wire_and_the_cost(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    ran = run("--sim", "two-way", "--mda", "--dry-run", "-o", str(file))
    assert (ran.returncode, ran.stderr) == (ExitCode.REACHED, "")
    assert not file.exists()
    first, _, host, *lines = ran.stdout.splitlines()
    assert (first, host) == ("nothing was sent", "203.0.113.9 simulated, two-way")
    told = dict(re.findall(r"^(\w+): +(.*)$", "\n".join(lines), re.MULTILINE))
    assert told["procedure"] == "every path (MDA)"
    assert told["wire"] == "simulated, from 192.0.2.1"
    assert "udp 12201 -> 33434, flows by source port" in told["probes"]
    probes = run("--sim", "two-way", "--mda").stdout.splitlines()[-1].split()[0]
    assert re.search(rf"^ +{probes} +0\.\d\d  this network$", ran.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ("one flow, every hop", "hops:       1 to 30, 3 tries each")),
        (("--mda", "--max-probes", "40"), ("at most 40 probes",)),
        (("--mda", "--deadline", "7"), ("at most 7 s",)),
        (("--stats", "--rounds", "2"), ("every path (MDA), then --stats", "at most 250000 probes")),
        (("--watch", "2", "--count", "9"), ("then every 2 s", ", 9 times")),
        (("--compare", "udp,tcp/443"), ("udp ", "tcp ", " -> 443")),
        (("--mda-lite",), ("(MDA-Lite)", "without a bound but --max-probes")),
    ],
)
def test_what_the_options_ask_for_is_said(options: tuple[str, ...], words: tuple[str, ...]) -> None:
    ran = run("--sim", "plain", "--dry-run", *options)
    assert (ran.returncode, ran.stderr) == (ExitCode.REACHED, "")
    assert all(word in ran.stdout for word in words), ran.stdout


def test_what_could_not_be_done_is_refused_as_ever() -> None:
    assert run("--sim", "nowhere", "--dry-run").returncode == ExitCode.USAGE
    assert run("--sim", "plain", "--dry-run", "-o", "/nowhere/x.json").returncode == ExitCode.OUTPUT
