"""Fifteen hops, two diamonds and 60 ms of round trip, in real time, beside scamper's tracelb.

    python -m benchmarks.long_path [RUNS]

Needs root and scamper. Runs whole processes on the sample `long-path`: as it is, with a silent
router, with 2 % of all replies lost, and with a router limited to 50 replies per second. Prints
seconds and probes of RUNS runs (10), how many found every edge between vertices that can reply, and
how many found a false one; then `-c 99` in five times as many runs, and tracelb once.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paris.sim.topology_file import load, samples
from paris.sim.truth import truth
from tests.lab.command import command_line
from tests.lab.emulator import emulated

if TYPE_CHECKING:
    from paris.sim.truth import Truth
    from tests.lab.emulator import Emulator

_FIRST = "R9..R12: {interfaces: 198.51.100.9+, delay_ms: 4}"
_REST = "R10..R12: {interfaces: 198.51.100.10+, delay_ms: 4}"
_VARIANTS = {
    "as it is": ("", ""),
    "silent router": (_FIRST, f"R9: {{interfaces: [198.51.100.9], silent: true}}\n  {_REST}"),
    "2 % loss": ("delay_ms: 4}", "delay_ms: 4, loss: 0.02}"),
    "router with 50/s": (
        _FIRST,
        f"R9: {{interfaces: [198.51.100.9], delay_ms: 4, rate_pps: 50, burst: 6}}\n  {_REST}",
    ),
}
_PROBE_LIMIT, _TIME_LIMIT_S, _TROUBLE_LIMIT_S = 233, 0.6, 5.0


@dataclass(frozen=True)
class _Run:
    """One run: its cost, and whether its graph lacks or adds anything."""

    seconds: float
    probes: int
    lacks: bool
    adds: bool


def _trace(network: Emulator, true: Truth, confidence: str) -> _Run:
    arguments = (str(network.topology.destination), "--mda", "-n", "-c", confidence)
    command = network.at_source(*command_line(*arguments, "-o", "-", "--format", "json"))
    started_s = time.perf_counter()
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started_s
    document = json.loads(ran.stdout)
    graph = document["graph"]
    seen = {node["id"]: (node["ttl"], node["address"]) for node in graph["vertices"]}
    edges = {(seen[edge["from"]], seen[edge["to"]]) for edge in graph["edges"]}

    def plain(vertex: tuple[int, object]) -> tuple[int, str | None]:
        return vertex[0], None if vertex[1] is None else str(vertex[1])

    known = {(plain(near), plain(far)) for near, far in true.edges}
    probes = document["run"]["probes_sent"]
    return _Run(seconds, probes, bool(known - edges), bool(edges - known))


def _tracelb(network: Emulator) -> tuple[float, str]:
    target = str(network.topology.destination)
    command = ("scamper", "-p", "10000", "-c", "tracelb -P udp-sport -W 15 -w 1", "-i", target)
    started_s = time.perf_counter()
    ran = subprocess.run(
        network.at_source(*command), capture_output=True, text=True, check=False, timeout=600
    )
    return time.perf_counter() - started_s, ran.stdout.partition("\n")[0].partition(", ")[2]


def _print(name: str, runs: list[_Run]) -> None:
    seconds, probes = [run.seconds for run in runs], [run.probes for run in runs]
    print(
        f"{name:32} {statistics.median(seconds):6.2f} {min(seconds):5.2f} {max(seconds):5.2f}"
        f"  {statistics.mean(probes):6.1f} {max(probes):5}"
        f"  {sum(not run.lacks for run in runs):3} of {len(runs):3}"
        f"  {sum(run.adds for run in runs)}",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    text = samples()["long-path"].read_text()
    print(
        f"limits: {_TIME_LIMIT_S} s and {_PROBE_LIMIT} probes as it is, {_TROUBLE_LIMIT_S} s else"
    )
    print(
        f"{'':32} {'median':>6} {'min':>5} {'max':>5}  {'probes':>6} {'most':>5}  complete    false"
    )
    for name, (old, new) in _VARIANTS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "long-path.yaml"
            path.write_text(text.replace(old, new) if old else text)
            with emulated(str(path)) as network:
                true = truth(load(path))
                _print(f"{name}, -c 95", [_trace(network, true, "95") for _ in range(count)])
                more = range(5 * count)
                _print(f"{name}, -c 99", [_trace(network, true, "99") for _ in more])
                seconds, found = _tracelb(network)
                print(f"{name}, tracelb: {seconds:.1f} s, {found}", flush=True)


if __name__ == "__main__":
    main()
