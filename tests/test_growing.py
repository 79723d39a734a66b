"""A new format, wire, lookup or simulator is one file and one row: in a copy, it just works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
FORMAT = '''
"""A count of vertices or views: a toy."""


def trace(trace, look):
    return f"{len(trace.dag)} vertices as {look.format}\\n"


def comparison(comparison, look):
    return f"{len(comparison.views)} views\\n".encode()
'''
FORMAT_ROW = 'Format("toy", "a toy", "paris.formats.toy:trace", "paris.formats.toy:comparison"),'
WIRE = '''
"""A wire at whose other end is the destination itself: a toy."""

from paris.packets import headers
from paris.wire.sim import SimWire


class Near:
    def answer(self, datagram, at_s):
        header, _ = headers.read_ip(datagram)
        back = headers.IPHeader(
            source=header.destination, destination=header.source, protocol=1, ttl=64
        )
        return at_s + 0.001, headers.icmp_error(back, 3, 3, datagram)


def open_wire(flows, options):
    return SimWire(Near())
'''
WIRE_ROW = 'WireKind(name="toy", about="a toy", opener="paris.wire.toy:open_wire"),'

LOOKUP = '''
"""The site at which an interface stands: a toy."""


def sites(addresses):
    return {address: f"site-{int(address) % 7}" for address in addresses if int(address) % 2}
'''
LOOKUP_ROW = (
    'Lookup(name="site", about="its site", options=("--site",), help="show the site of each", '
    'finder="paris.lookup.toy:sites"),'
)
SIMULATOR = '''
"""A chain of routers: a toy."""

from ipaddress import ip_address
from itertools import pairwise

from paris.sim.network import Network
from paris.sim.topology import DESTINATION, SOURCE, Router, Topology


def make(argument, seed):
    names = [*(f"R{hop}" for hop in range(1, int(argument) + 1)), DESTINATION]
    first = ip_address("192.0.2.1")
    routers = [Router(name=name, interfaces=(first + hop,)) for hop, name in enumerate(names)]
    steps = pairwise([SOURCE, *names])
    return Network(Topology.of("chain", ip_address("192.0.2.100"), routers, steps), seed)
'''
SIMULATOR_ROW = (
    'Simulator(name="toy", argument="N", about="a chain of N", maker="paris.sim.toy:make"),'
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages, for a newcomer to change."""
    for package in ("paris", "mda", "render"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / package, tmp_path / package, ignore=ignored)
    samples = Path("samples") / "topologies"
    shutil.copytree(CHECKOUT / samples, tmp_path / samples)
    return tmp_path


def add_row(file: Path, table: str, row: str) -> None:
    """Put a row at the end of a table that ends where its closing bracket stands alone."""
    begin, _, rest = file.read_text().partition(f"\n{table}: Final = (\n")
    rows, _, end = rest.partition("\n)")
    assert end
    file.write_text(f"{begin}\n{table}: Final = (\n{rows}\n    {row}\n){end}")


def run(copy: Path, *arguments: str) -> str:
    """Standard output of the command made of a copy."""
    command = [sys.executable, "-m", "paris", *arguments]
    ran = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_a_format_is_one_file_and_one_row(copy: Path) -> None:
    (copy / "paris/formats/toy.py").write_text(FORMAT)
    add_row(copy / "paris/outputs/registry.py", "FORMATS", FORMAT_ROW)
    sim = ("--sim", "two-way")
    assert run(copy, *sim, "--mda", "-o", "-", "--format", "toy") == "8 vertices as toy\n"
    run(copy, *sim, "--mda", "-o", "x.toy", "-o", "x.json")
    assert (copy / "x.toy").read_text() == "8 vertices as toy\n"
    assert run(copy, "--replay", "x.json", "-o", "-", "--format", "toy") == "8 vertices as toy\n"
    assert run(copy, *sim, "--compare", "udp,tcp", "-o", "-", "--format", "toy") == "2 views\n"
    shown = run(copy, "--help")
    assert ".toy" in shown
    assert "pdf,toy}" in "".join(shown.split())


def test_a_wire_is_one_file_and_one_row(copy: Path) -> None:
    (copy / "paris/wire/toy.py").write_text(WIRE)
    add_row(copy / "paris/wire/registry.py", "WIRES", WIRE_ROW)
    assert "reached in 1 hop" in run(copy, "127.0.0.1", "-4", "-n", "--wire", "toy")
    assert "toy (a toy)" in " ".join(run(copy, "--help").split())


def test_a_lookup_is_one_file_and_one_row(copy: Path) -> None:
    (copy / "paris/lookup/toy.py").write_text(LOOKUP)
    add_row(copy / "paris/lookup/registry.py", "LOOKUPS", LOOKUP_ROW)
    sim = ("--sim", "two-way", "--mda")
    plain = run(copy, *sim)
    files = ("-o", "x.json", "-o", "x.pcapng", "-o", "x.dot")
    shown = run(copy, *sim, "--site", "-o", "-", *files)
    sites = set(re.findall(r"site-\d", shown))
    assert len(sites) > 1
    assert set(re.findall(r"site-\d", (copy / "x.dot").read_text())) == sites
    kept = json.loads((copy / "x.json").read_text())["facts"]["site"]
    assert set(kept.values()) == sites
    assert all(int(address.rpartition(".")[2]) % 2 for address in kept)
    for file in ("x.json", "x.pcapng"):
        assert run(copy, "--replay", file) == shown
    run(copy, *sim, "-o", "plain.json")
    assert run(copy, "--replay", "plain.json") == plain
    assert run(copy, "--replay", "plain.json", "--site") == shown
    assert "--site show the site of each" in " ".join(run(copy, "--help").split())


def test_a_simulator_is_one_file_and_one_row(copy: Path) -> None:
    (copy / "paris/sim/toy.py").write_text(SIMULATOR)
    add_row(copy / "paris/sim/registry.py", "SIMULATORS", SIMULATOR_ROW)
    shown = run(copy, "--sim", "toy:3", "--mda", "-o", "-", "-o", "x.json")
    assert "192.0.2.3" in shown
    assert "reached in 4 hops" in shown
    assert '"network": "toy:3"' in (copy / "x.json").read_text()
    assert "reached in" in run(copy, "--sim", "two-way")
    assert "toy:N (a chain of N)" in " ".join(run(copy, "--help").split())
