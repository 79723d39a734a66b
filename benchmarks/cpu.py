"""The explorer's CPU time per probe, here and in another checkout.

    python -m benchmarks.cpu CHECKOUT [RUNS]

The explorer plays networks of paths, in waves of 64 requests, as the engine asks for them; only its
own time counts, not that of the networks. Both checkouts run in turn, so that a change of the
machine's speed affects both. The table gives medians, user and system time together.
`python -m benchmarks.process_cpu` measures whole processes.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from benchmarks.exploration import TOPOLOGIES
from mda.procedure import Procedure
from tests.support.drive import full_mda, layers, play

if TYPE_CHECKING:
    from mda.model import Outcome, ProbeRequest

_ROOM = 64
_ENOUGH = 5000  # probes, after which no more networks are played
_OBJECTS = 200_000  # allocated before garbage is collected, as in `paris.cli.start`
NETWORKS = {
    "1-2-1": TOPOLOGIES["1-2-1"],
    "1-48-1": TOPOLOGIES["1-48-1"],
    "1-96-1": layers(*[1] * 4, 96, *[1] * 5),
    "1-192-1": layers(*[1] * 4, 192, *[1] * 5),
    "1-512-1": layers(*[1] * 4, 512, *[1] * 5),
    "1-8-8-1 meshed": layers(*[1] * 4, 8, 8, *[1] * 5, meshed=True),
    "1-16-16-1 meshed": layers(*[1] * 4, 16, 16, *[1] * 5, meshed=True),
}


def main() -> None:
    """Measure and print, or print the figures of one run of this checkout."""
    if sys.argv[1] == "--play":
        gc.set_threshold(_OBJECTS)
        print(_explorer_us(sys.argv[2], float(sys.argv[3]) or None))
        return
    checkouts = [Path(__file__).parents[1], Path(sys.argv[1])]
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    print("| CPU per probe, µs | before | now | ratio |\n|---|---|---|---|")
    for name in NETWORKS:
        command = [__file__, "--play", name, "0"]
        row(f"explorer, {name}", [[_asked(own, command) for own in checkouts] for _ in range(runs)])
    command = [__file__, "--play", "1-2-1", "0.01"]
    title = "explorer, 1-2-1 with --min-share 1"
    row(title, [[_asked(own, command) for own in checkouts] for _ in range(runs)])


def row(title: str, turns: list[list[float]]) -> None:
    """Print the medians, and the median of the ratios in the same turn."""
    now, before = (statistics.median(own) for own in zip(*turns, strict=True))
    ratio = statistics.median(turn[0] / turn[1] for turn in turns)
    print(f"| {title} | {before:.1f} | {now:.1f} | {ratio:.3f} (1/{1 / ratio:.1f}) |", flush=True)


def _asked(checkout: Path, command: list[str]) -> float:
    """The figure that a checkout prints."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    arguments = [sys.executable, "-P", *command]  # this folder has a module named statistics
    return float(subprocess.check_output(arguments, cwd=checkout, env=environment, text=True))


def _explorer_us(name: str, min_share: float | None) -> float:
    """CPU time per probe of the explorer, in a fresh process, so that no table is there before."""
    probes, spent_s = 0, 0.0
    for seed in count():
        network = NETWORKS[name].per_flow(Random(seed))
        timed = _Timed(full_mda(per_vertex=False, min_share=min_share))
        probes += play(timed, network, room=_ROOM, most_rounds=100_000).probes
        spent_s += timed.spent_s
        if probes >= _ENOUGH:
            break
    return spent_s / probes * 1e6


class _Timed(Procedure):
    """The same procedure; `spent_s` is the CPU time that it takes."""

    def __init__(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self._outcomes: list[Outcome] = []
        self.spent_s = 0.0

    def on_outcome(self, outcome: Outcome) -> None:
        """Keep the outcome until all of its wave are there, to read the clock less often."""
        self._outcomes.append(outcome)

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        began_s = time.process_time()
        for outcome in self._outcomes:
            self._procedure.on_outcome(outcome)
        requests = self._procedure.wanted(room)
        self.spent_s += time.process_time() - began_s
        self._outcomes.clear()
        return requests

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        return self._procedure.rate_pps(ttl)

    @property
    def finished(self) -> bool:
        """See Procedure."""
        return self._procedure.finished


if __name__ == "__main__":
    main()
