"""CPU time per probe of a measurement with its journal, and without.

    python -m benchmarks.journal [RUNS]

Needs root. Traces a diamond of kernel routers over raw sockets; both ways take turns, so that a
change of the machine's speed affects both. The table gives medians, user and system time together,
and the median of the ratios in the same turn.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from paris.outputs.files import Output
from paris.outputs.journal import Journal
from paris.run import Hooks, measure
from paris.settings import Settings
from tests.lab import netlab
from tests.lab.namespaces import enter_namespace
from tests.support.forks import fork

if TYPE_CHECKING:
    from tests.lab.netlab import Lab

_OPTIONS = {
    "--mda -c 99.99": {"failure_probability": 0.0001},
    "--mda --min-share 2": {"min_share": 0.02},
}


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    print("| CPU per probe, µs | probes | without | with | ratio |\n|---|---|---|---|---|")
    with netlab.lab(netlab.diamond(8)) as lab, tempfile.TemporaryDirectory() as folder:
        beside = Output(f"{folder}/x.json", "json")
        for title, options in _OPTIONS.items():
            settings = Settings.of(host=str(netlab.TARGET[4]), multipath=True, seed=1, **options)
            turns = []
            for _ in range(runs + 1):
                turns.append([_spent(lab, settings, given) for given in ((), (beside,))])
            del turns[0]  # it warms caches up
            probes = statistics.median(own[0] for turn in turns for own in turn)
            without, kept = (
                statistics.median(own[1] for own in way) for way in zip(*turns, strict=True)
            )
            ratio = statistics.median(turn[1][1] / turn[0][1] for turn in turns)
            print(f"| {title} | {probes:.0f} | {without:.0f} | {kept:.0f} | {ratio:.2f} |")


def _spent(lab: Lab, settings: Settings, outputs: tuple[Output, ...]) -> tuple[int, float]:
    """The probes of a measurement in a fork, and its CPU time for each in µs.

    It has a journal if there are outputs.
    """
    reading, writing = os.pipe()

    def work() -> int:
        enter_namespace(lab.namespace("src"))
        journals = [Journal(outputs)] if outputs else []
        began_s = time.process_time()
        record = measure(settings, Hooks(journals=journals)).record
        for journal in journals:
            journal.end(record)
            journal.close(is_whole=True)
        spent_s = time.process_time() - began_s
        os.write(writing, f"{record.probes_sent} {spent_s / record.probes_sent * 1e6}".encode())
        return 0

    child = fork(work)
    os.close(writing)
    with os.fdopen(reading) as said:
        probes, spent_us = said.read().split()
    os.waitpid(child, 0)
    return int(probes), float(spent_us)


if __name__ == "__main__":
    main()
