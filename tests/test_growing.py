"""A new format, wire, study, lookup or simulator is one file and one row: in a copy, it works."""

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
    def answers(self, datagram, at_s):
        header, _ = headers.read_ip(datagram)
        back = headers.IPHeader(
            source=header.destination, destination=header.source, protocol=1, ttl=64
        )
        return [(at_s + 0.001, headers.icmp_error(back, 3, 3, datagram))]


def open_wire(flows, options):
    return SimWire(Near())
'''
WIRE_ROW = 'WireKind(name="toy", about="a toy", opener="paris.wire.toy:open_wire"),'

STUDY = '''
"""The slowest reply, after more probes to the first hop: a toy."""

from dataclasses import dataclass

from mda.explore.rounds import Rounds
from mda.model import ProbeRequest, Reply, Vertex


@dataclass(frozen=True)
class Slowest:
    vertex: Vertex
    rtt_s: float
    first_hop: int

    def lines(self):
        yield f"slowest reply: {1000 * self.rtt_s:.0f} ms"
        yield f"from {self.vertex.address}; {self.first_hop} from the first hop"


class Ask(Rounds):
    def __init__(self, task, history):
        super().__init__(history, task.attempts)
        times = int(task.argument) * task.parameters["times"]
        self._requests = [ProbeRequest(0, task.first_ttl, 1000 + n) for n in range(times)]

    def next_round(self):
        asked, self._requests = self._requests, []
        return asked


def find(known):
    replies = [outcome for outcome in known.plain if isinstance(outcome, Reply)]
    slowest = max(replies, key=lambda reply: reply.rtt_s)
    near = sum(reply.request.ttl == 1 for reply in replies)
    ttl = known.table.ends.places.get(slowest.request, slowest.request.ttl)
    return Slowest(Vertex(ttl, slowest.responder), slowest.rtt_s, near)
'''
STUDY_ROW = (
    'Study(name="slowest", about="name the slowest reply", argument="N", parameters=(Parameter('
    'name="times", metavar="K", about="probe K times N", lowest=1, highest=9, default=2),), '
    'asks="mda.studies.toy:Ask", finds="mda.studies.toy:find", refuses=frozenset({"tcp"})),'
)

LOOKUP = '''
"""The site at which an interface stands: a toy."""


def sites(addresses, values, say):
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
    assert ".pdf .toy; - is" in " ".join(run(copy, "--help").split())


def test_a_wire_is_one_file_and_one_row(copy: Path) -> None:
    (copy / "paris/wire/toy.py").write_text(WIRE)
    add_row(copy / "paris/wire/registry.py", "WIRES", WIRE_ROW)
    assert "reached in 1 hop" in run(copy, "127.0.0.1", "-4", "-n", "--wire", "toy")
    assert "toy (a toy)" in " ".join(run(copy, "--help").split())


def test_a_study_is_one_file_and_one_row(copy: Path) -> None:
    (copy / "mda/studies/toy.py").write_text(STUDY)
    add_row(copy / "mda/studies/registry.py", "STUDIES", STUDY_ROW)
    sim = ("--sim", "two-way", "--slowest", "10")
    files = ("-o", "x.json", "-o", "x.pcapng")
    shown = run(copy, *sim, "--times", "3", "-o", "-", *files)
    assert "slowest reply: 33 ms\n  from 203.0.113.9;" in shown
    document = json.loads((copy / "x.json").read_text())
    assert document["slowest"]["vertex"] == "203.0.113.9@6"
    assert document["slowest"]["first_hop"] >= 30
    assert (document["plan"]["studies"], document["plan"]["slowest"]) == (["slowest"], "10")
    for file in ("x.json", "x.pcapng"):
        assert run(copy, "--replay", file) == shown
    fewer = run(copy, *sim, "-o", "-", "--format", "json")
    assert document["slowest"]["first_hop"] - json.loads(fewer)["slowest"]["first_hop"] == 10
    told = " ".join(run(copy, "--help").split())
    assert "--slowest N name the slowest reply" in told
    assert "--times K with --slowest: probe K times N (2)" in told
    for options, fault in (
        (("-T",), "--slowest cannot be used with -T"),
        (("--times", "10"), "--times must be from 1 to 9, not 10"),
    ):
        command = [sys.executable, "-m", "paris", *sim, *options]
        ran = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (2, f"paris-trace: {fault}\n")
    assert "slowest" not in json.loads(run(copy, "--sim", "two-way", "-j"))["plan"]["studies"]


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
