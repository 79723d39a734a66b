"""Whole processes, side by side: start-up, and a trace of a four-wide diamond without delay.

    python -m benchmarks.processes [RUNS]

Needs root, scamper and traceroute. The commands run in turn, A B C A B C ..., so that a change of
the machine's speed affects all of them; the table gives medians, and ratios to the first.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.lab import netlab
from tests.lab.command import command_line
from tests.lab.netlab import TARGET

_HELP_LIMIT_S = 0.15
_TRACE_LIMIT_S = 0.6


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    target = str(TARGET[4])
    with netlab.lab(netlab.diamond(4)) as lab:
        commands = {
            "paris-trace --mda": lab.at_source(*command_line(target, "--mda", "-n")),
            "paris-trace --mda -o x.json": lab.at_source(
                *command_line(target, "--mda", "-n", "-o", "/dev/null", "--format", "json")
            ),
            "paris-trace": lab.at_source(*command_line(target, "-n")),
            "paris-trace --help": command_line("--help"),
            "python -c pass": [sys.executable, "-c", "pass"],
            "scamper tracelb -W 15": lab.at_source(
                "scamper", "-p", "10000", "-c", "tracelb -P udp-sport -W 15 -w 1", "-i", target
            ),
            "traceroute -n -q 3": lab.at_source("traceroute", "-n", "-q", "3", target),
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(runs + 1):
            for name, command in commands.items():
                taken_s = _timed(command)
                if number:  # the first turn warms caches up
                    seconds[name].append(taken_s)
    base_s = statistics.median(seconds["paris-trace --mda"])
    print(f"{'command':30}  {'median s':>8}  {'min':>6}  {'max':>6}  ratio")
    for name, values in seconds.items():
        median_s = statistics.median(values)
        print(
            f"{name:30}  {median_s:8.3f}  {min(values):6.3f}  {max(values):6.3f}"
            f"  {median_s / base_s:5.2f}"
        )
    help_s = statistics.median(seconds["paris-trace --help"])
    print(f"--help under {_HELP_LIMIT_S} s: {'yes' if help_s < _HELP_LIMIT_S else 'NO'}")
    print(f"four-wide trace under {_TRACE_LIMIT_S} s: {'yes' if base_s < _TRACE_LIMIT_S else 'NO'}")


def _timed(command: list[str]) -> float:
    start_s = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start_s


if __name__ == "__main__":
    main()
