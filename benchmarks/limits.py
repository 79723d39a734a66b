"""Kernel routers and hosts that limit their replies: seconds and probes, beside scamper's tracelb.

    python -m benchmarks.limits [RUNS [WORD...]]

Needs root; tracelb runs if scamper is installed. Works in network namespaces. Traces each network
RUNS times (20 unless given) by whole processes, ten side by side, each in its own network.
With WORDs, only networks whose names have one of them run. tracelb has its shortest spacing of
probes (`-W 15 -w 1`). Our seconds are those of the trace, as a busy machine starts Python late;
those of tracelb are its process's. Prints a row of a Markdown table for each program. Exits with 1
if one of our graphs has something false, or a limit of the project does not hold:

- The destination has Linux's own limit in IPv4 (six errors at once, then one per second): each run
  takes 3.5 s at most, and 1.3 times the median of the probes without the limit.
- Two routers reply once per second: at `--per-vertex`, which promises what tracelb does, the median
  of the seconds is not above tracelb's, nor that of the probes above 1.5 times tracelb's.
- The medians of `--mda-lite` are not above those of `--mda`, but for the noise of a timer.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product, repeat
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.lab import netlab
from tests.lab.command import Found, command_line
from tests.lab.netlab import TARGET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.lab.netlab import Lab

_TRACELB: Final = ("scamper", "-p", "10000", "-c", "tracelb -P udp-sport -W 15 -w 1", "-i")
_OURS: Final = {
    "--mda": ("--mda",),
    "--mda-lite": ("--mda-lite",),
    "--mda --per-vertex": ("--mda", "--per-vertex"),
    "--mda-lite --per-vertex": ("--mda-lite", "--per-vertex"),
}
_AT_A_TIME: Final = 10  # they wait more than they work
_LONGEST_S: Final = 3.5
_FREE_PROBES: Final = 1.3
_PEER_PROBES: Final = 1.5
_NOISE_S: Final = 0.2  # of the start of a process on a busy machine
_JUDGED_VERSION: Final = 4  # in IPv6 the destination is asked through each branch, and needs longer
_LINUX_MS: Final = {4: 1000, 6: 100}  # between two errors to a host, in IPv6 since 6.18.y


class Network(NamedTuple):
    """A network, and the milliseconds between two replies of its limited nodes.

    `free` is the name of the same network without the limit, if the destination has one.
    """

    name: str
    version: int
    paths: Sequence[str]
    limited: Mapping[str, int]
    free: str | None = None


class Run(NamedTuple):
    """What a run cost and found."""

    seconds: float
    probes: int
    is_complete: bool
    is_false: bool


@dataclass
class Runs:
    """The runs of a program on a network."""

    network: Network
    program: str
    runs: list[Run] = field(default_factory=list)

    @property
    def probes(self) -> float:
        """The median of the probes."""
        return median(run.probes for run in self.runs)

    @property
    def seconds(self) -> float:
        """The median of the seconds."""
        return median(run.seconds for run in self.runs)

    def row(self) -> str:
        """A line of the table."""
        seconds, probes = [run.seconds for run in self.runs], [run.probes for run in self.runs]
        complete = sum(run.is_complete for run in self.runs)
        return (
            f"| {self.network.name} | {self.program} | {self.seconds:.2f} ({min(seconds):.2f} to "
            f"{max(seconds):.2f}) | {self.probes:.0f} ({min(probes)} to {max(probes)}) | "
            f"{complete} of {len(self.runs)} |"
        )


def _networks() -> list[Network]:
    networks = []
    for version in (4, 6):
        free = f"IPv{version}, four branches"
        networks.append(Network(free, version, netlab.diamond(4), {}))
        end = {"dst": _LINUX_MS[version]}
        networks.append(
            Network(f"{free}, limited destination", version, netlab.diamond(4), end, free)
        )
        for width in (2, 4):
            two = Network(f"IPv{version}, {width} branches, two routers with 1/s", version,
                          netlab.diamond(width), {"a1": 1000, "a2": 1000})  # fmt: skip
            networks.append(two)
    return networks


def _ours(lab: Lab, version: int, options: Sequence[str]) -> Run:
    target = str(TARGET[version])
    ran = lab.run(*command_line(target, "-n", *options, "-o", "-", "--format", "json"))
    document = json.loads(ran.stdout)
    found, true = Found(document, ran.returncode, ran.stderr).truth, lab.truth(version)
    is_false = not (found.vertices <= true.vertices and found.edges <= true.edges)
    run = document["run"]
    return Run(run["duration_s"], run["probes_sent"], found == true, is_false)


def _tracelb(lab: Lab, version: int) -> Run:
    started_s = time.perf_counter()
    out = lab.run(*_TRACELB, str(TARGET[version])).stdout
    seconds = time.perf_counter() - started_s
    links, probes = (int(number) for number in re.findall(r"(\d+) (?:links|probes)", out)[:2])
    # It counts no link from the source, and prints no more than the number of the others.
    return Run(seconds, probes, links + 1 == len(lab.truth(version).edges), is_false=False)


def measured(network: Network, program: str, count: int) -> Runs:
    """Trace a network `count` times by a program."""
    runs = Runs(network, program)
    with netlab.lab(network.paths, limited=network.limited) as lab:
        for _ in range(count):
            _save_up(network)
            if program == "tracelb":
                runs.runs.append(_tracelb(lab, network.version))
            else:
                runs.runs.append(_ours(lab, network.version, _OURS[program]))
    return runs


def _save_up(network: Network) -> None:
    """Wait until limited nodes have saved up the six replies that they give at once."""
    time.sleep(6.5 * max(network.limited.values(), default=0) / 1000)


def complaints(tables: Mapping[str, Mapping[str, Runs]]) -> list[str]:
    """The limits that do not hold, of the runs by network and program."""
    found = []
    for name, table in tables.items():
        for runs in table.values():
            if any(run.is_false for run in runs.runs):
                found.append(f"{name}, {runs.program}: something false")
        network = table["--mda"].network
        if network.free is not None:
            if network.version == _JUDGED_VERSION and network.free in tables:
                found += _above_free(table, tables[network.free])
        elif network.limited and "tracelb" in table:
            found += _above_peer(table)
        for full in ("--mda", "--mda --per-vertex"):
            lite = table[full.replace("--mda", "--mda-lite")]
            if lite.probes > table[full].probes or lite.seconds > table[full].seconds + _NOISE_S:
                found.append(f"{name}: {lite.program} costs more than {full}")
    return found


def _above_free(table: Mapping[str, Runs], free: Mapping[str, Runs]) -> list[str]:
    return [
        f"{runs.network.name}, {program}: {run.seconds:.2f} s, {run.probes} probes"
        for program, runs in table.items() if program in _OURS
        for run in runs.runs
        if run.seconds > _LONGEST_S or run.probes > _FREE_PROBES * free[program].probes
    ]  # fmt: skip


def _above_peer(table: Mapping[str, Runs]) -> list[str]:
    ours, peer = table["--mda --per-vertex"], table["tracelb"]
    if ours.seconds > peer.seconds or ours.probes > _PEER_PROBES * peer.probes:
        return [f"{ours.network.name}: {ours.program} costs more than tracelb"]
    return []


def main() -> int:
    """Run and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    words = sys.argv[2:]
    chosen = [
        network for network in _networks() if not words or any(w in network.name for w in words)
    ]
    print(
        "| network | program | seconds, median | probes, median | complete |\n|---|---|---|---|---|"
    )
    programs = [*_OURS, *(["tracelb"] if shutil.which("scamper") else [])]
    pairs = list(product(chosen, programs))
    tables: dict[str, dict[str, Runs]] = {network.name: {} for network in chosen}
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for runs in pool.map(measured, *zip(*pairs, strict=True), repeat(count)):
            print(runs.row(), flush=True)
            tables[runs.network.name][runs.program] = runs
    wrong = complaints(tables)
    print("".join(f"\n**{each}**\n" for each in wrong), end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
