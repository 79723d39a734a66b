"""How often exploring misses something, against what theory says, over many simulated runs.

    python -m benchmarks.statistics [RUNS] [NAME]

Prints a table in Markdown: for each experiment the share of runs that failed, its interval (Clopper
and Pearson, together 99.9 %), the exact probability or the bound, and runs per second on one core,
judging included; then traces per second of 1-2-1 without judging. NAME selects experiments by a
substring of their name. Exits with 1 if any experiment disagrees with its probability.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from random import Random
from time import perf_counter

from tests.support.drive import full_mda, layers, play
from tests.support.expect import interval
from tests.support.experiments import EXPERIMENTS

_BATCH = 500  # runs that a process does at a time


def _failures(name: str, seeds: range) -> tuple[int, float]:
    """Failures among the seeds, and the seconds they took."""
    started_s = perf_counter()
    failures = EXPERIMENTS[name].failures(seeds)
    return failures, perf_counter() - started_s


def main() -> int:
    """Run and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    chosen = [experiment for name, experiment in EXPERIMENTS.items() if part in name]
    confidence = 1 - 0.001 / len(EXPERIMENTS)
    print(f"{runs} runs each, 0.05 per vertex unless a row says otherwise\n")
    print("| experiment | failed | interval | theory | judged runs/s |\n|---|---|---|---|---|")
    is_consistent = True
    with ProcessPoolExecutor(2) as pool:
        for experiment in chosen:
            batches = [range(runs)[at : at + _BATCH] for at in range(0, runs, _BATCH)]
            done = list(pool.map(_failures, [experiment.name] * len(batches), batches))
            failures, taken_s = sum(part[0] for part in done), sum(part[1] for part in done)
            low, high = interval(failures, runs, confidence)
            theory = f"{'=' if experiment.is_exact else '≤'} {experiment.probability:.4f}"
            fits = experiment.is_consistent(failures, runs, confidence)
            is_consistent &= fits
            print(f"| {experiment.name} | {failures / runs:.4f} | {low:.4f} to {high:.4f} |"
                  f" {theory}{'' if fits else ' **no**'} | {runs / taken_s:.0f} |",
                  flush=True)  # fmt: skip
    print(f"\n1-2-1, traced only: {_speed():.0f} traces per second on one core")
    return 0 if is_consistent else 1


def _speed() -> float:
    """Traces per second of the simplest diamond, the best of three measurements."""
    topology, rates = layers(1, 2, 1), []
    for start in (0, 2000, 4000):
        started_s = perf_counter()
        for seed in range(start, start + 2000):
            play(full_mda(max_ttl=4), topology.per_flow(Random(seed)))
        rates.append(2000 / (perf_counter() - started_s))
    return max(rates)


if __name__ == "__main__":
    sys.exit(main())
