"""The CPU time of whole processes, here and in another checkout.

    python -m benchmarks.process_cpu CHECKOUT [RUNS [PERCENT]]

They trace simulated networks in real time, which takes as long as their probes take to leave;
PERCENT is that of `--min-share` (1). Over raw sockets, which need root, they trace kernel routers:
what a trace of the first hop alone takes is subtracted. Both checkouts run in turn, so that a
change of the machine's speed affects both. The tables give medians, user and system time together.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.checkouts import environment, prepare
from benchmarks.cpu import row
from tests.lab import netlab

if TYPE_CHECKING:
    from tests.lab.netlab import Lab

_PARIS = (sys.executable, "-m", "paris")
_SETTINGS = ("--mda", "-n", "--seed", "1")


def main() -> None:
    """Measure and print."""
    checkouts = [Path(__file__).parents[1], Path(sys.argv[1])]
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    percent = sys.argv[3] if len(sys.argv) > 3 else "1"
    for checkout in checkouts:
        prepare(checkout)
    print("| CPU of a process, ms | before | now | ratio |\n|---|---|---|---|")
    for title, arguments in {
        "--help": ["--help"],
        "two-way, as text": ["--mda", "--sim", "two-way"],
    }.items():
        command = [*_PARIS, *arguments]
        row(title, [[1e3 * _spent(own, command)[0] for own in checkouts] for _ in range(runs)])
    print("\n| CPU per probe, µs | before | now | ratio |\n|---|---|---|---|")
    with TemporaryDirectory() as folder:
        wide = Path(folder, "wide.yaml")
        wide.write_text(_yaml(96), "utf-8")
        for title, options in {
            "two-way": ["two-way"],
            "96 wide": [str(wide), "--rate", "100000"],
            f"two-way, --min-share {percent}": ["two-way", "--min-share", percent],
        }.items():
            turns = [[_simulated_us(own, options) for own in checkouts] for _ in range(runs)]
            row(f"process, {title}", turns)
    if os.geteuid() == 0:
        with netlab.lab(netlab.diamond(48)) as lab:
            for title, options in {"": [], ", --rate 100000": ["--rate", "100000"]}.items():
                turns = [[_raw_us(own, lab, options) for own in checkouts] for _ in range(runs)]
                row(f"raw sockets, 48 wide{title}", turns)


def _simulated_us(checkout: Path, options: list[str]) -> float:
    """CPU time per probe of a whole process that traces a simulated network."""
    spent_s, output = _spent(checkout, [*_PARIS, *_SETTINGS, "--sim", *options])
    return spent_s / _probes(output) * 1e6


def _raw_us(checkout: Path, lab: Lab, options: list[str]) -> float:
    """CPU time per probe over raw sockets, beyond a trace of the first hop alone."""
    target = str(netlab.TARGET[4])
    command = lab.at_source(*_PARIS, *_SETTINGS, "--wire", "raw", *options, target)
    spent_s, output = _spent(checkout, command)
    least_s, least = _spent(checkout, [*command, "-m", "1"])
    return (spent_s - least_s) / (_probes(output) - _probes(least)) * 1e6


def _probes(output: bytes) -> int:
    """The number of probes sent, by the last line of a trace."""
    return int(output.split()[-4])


def _spent(checkout: Path, command: list[str]) -> tuple[float, bytes]:
    """CPU seconds of a command in a checkout, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        command, cwd=checkout, env=environment(checkout), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, ran.stdout


def _yaml(width: int) -> str:
    """A topology file: one router, then `width` of them, then two more."""
    routers = {"A": "198.18.0.1", "Z": "198.18.0.2"}
    routers |= {f"R{n}": f"198.18.1.{n}" for n in range(1, width + 1)}
    lines = ["source: 192.0.2.1", "destination: 203.0.113.9", "routers:"]
    lines += [f"  {name}: {{interfaces: [{address}]}}" for name, address in routers.items()]
    lines += ["paths:"]
    lines += [f"  - source -> A -> R{n} -> Z -> destination" for n in range(1, width + 1)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
