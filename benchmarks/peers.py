"""The topologies of `benchmarks.exploration` in real time, beside scamper's tracelb.

    python -m benchmarks.peers

Needs root and scamper. Runs each program once, as a whole process, at 0.05 per vertex and one
millisecond per hop. Prints seconds, probes, and the number of edges found.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.exploration import TOPOLOGIES
from tests.lab.command import command_line
from tests.lab.emulator import emulated
from tests.support.drive import SOURCE

if TYPE_CHECKING:
    from tests.lab.emulator import Emulator
    from tests.support.drive import Layers

_TRACELB = "tracelb -P udp-sport -W 15 -w 1"


def _yaml(topology: Layers) -> str:
    """The topology file of `topology`, every router named after its address."""
    ends = {far for after in topology.successors.values() for far in after}
    (target,) = ends - topology.successors.keys()
    name = {address: f"r{int(address):x}" for address in topology.successors} | {
        target: "destination"
    }
    lines = [f"source: {SOURCE}", f"destination: {target}", "routers:"]
    lines += [f"  {name[near]}: {{interfaces: [{near}]}}" for near in topology.successors]
    lines.append("paths:")
    way_to = {topology.first: f"source -> {name[topology.first]}"}
    on_from = {target: "destination"}
    for near, after in reversed(list(topology.successors.items())):
        on_from[near] = f"{name[near]} -> {on_from[after[0]]}"
    for near, after in topology.successors.items():
        for far in after:
            way_to.setdefault(far, f"{way_to[near]} -> {name[far]}")
            lines.append(f"  - {way_to[near]} -> {on_from[far]}")
    return "\n".join(lines) + "\n"


def _run(network: Emulator, *command: str) -> tuple[float, str]:
    started_s = time.perf_counter()
    ran = subprocess.run(
        network.at_source(*command), capture_output=True, text=True, check=True, timeout=900
    )
    return time.perf_counter() - started_s, ran.stdout


def _ours(network: Emulator, algorithm: str) -> tuple[float, int, int]:
    options = (algorithm, "--per-vertex", "-n", "-o", "-", "--format", "json")
    seconds, out = _run(network, *command_line(str(network.topology.destination), *options))
    document = json.loads(out)
    return seconds, document["run"]["probes_sent"], len(document["graph"]["edges"])


def _tracelb(network: Emulator) -> tuple[float, int, int]:
    target = str(network.topology.destination)
    seconds, out = _run(network, "scamper", "-p", "10000", "-c", _TRACELB, "-i", target)
    links, probes = (int(number) for number in re.findall(r"(\d+) (?:links|probes)", out)[:2])
    return seconds, probes, links + 1  # it counts no link from the source


def main() -> None:
    """Trace and print."""
    print(
        f"{'topology':16} {'edges':>5}  {'--mda':^19}  {'--mda-lite':^19}  {'tracelb':^19}  ratio"
    )
    for name, topology in TOPOLOGIES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "topology.yaml"
            path.write_text(_yaml(topology))
            with emulated(str(path)) as network:
                runs = [_ours(network, "--mda"), _ours(network, "--mda-lite"), _tracelb(network)]
        cells = "  ".join(f"{taken:6.2f} s {probes:5} {found:4}" for taken, probes, found in runs)
        print(f"{name:16} {len(topology.edges):5}  {cells}  {runs[2][0] / runs[0][0]:5.1f}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
