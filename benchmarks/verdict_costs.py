"""How many probes a verdict on a service takes, beside those of --mda alone.

    python -m benchmarks.verdict_costs [RUNS]

Traces the samples below by TCP and by UDP with `--mda`, RUNS times each (20 unless given) with
other seeds: measured without a verdict, by the command, which gives one, and by the command with
`--diagnose`, which adds control probes. Prints the mean numbers of probes in Markdown. Exits with 1
if verdicts take more than a tenth more.
"""

from __future__ import annotations

import json
import sys
from statistics import fmean
from typing import Final, NamedTuple

from paris.run import measure
from paris.settings import Lane, Settings
from tests.support.commands import run

_MOST_MORE: Final = 0.1
_SAMPLES: Final = (
    "firewall", "four-way", "lossy", "middlebox", "nested", "own-firewall", "prohibited-branch",
    "rate-limited", "silent-branch", "silent-destination", "sixteen-way", "two-way", "udp-service",
    "unequal-length",
)  # fmt: skip
_SERVICES: Final = (Lane("tcp", 443), Lane("udp", 53))


class Probes(NamedTuple):
    """The numbers of probes of one network and seed, or their means."""

    alone: float
    with_verdict: float
    with_controls: float


def main() -> int:
    """Run and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(f"{runs} runs\n\n| network | service | `--mda` alone | with verdict | `--diagnose` |")
    print("|---|---|---|---|---|")
    means = []
    for sample in _SAMPLES:
        for service in _SERVICES:
            found = [_probes(sample, service, seed) for seed in range(1, runs + 1)]
            means.append(Probes(*map(fmean, zip(*found, strict=True))))
            print(_row(sample, service.name, means[-1]), flush=True)
    whole = Probes(*map(sum, zip(*means, strict=True)))
    print(_row("all", "", whole))
    return int(whole.with_verdict > (1 + _MOST_MORE) * whole.alone)


def _probes(sample: str, service: Lane, seed: int) -> Probes:
    settings = Settings.of(
        network=sample, multipath=True, protocol=service.protocol, dport=service.dport, seed=seed
    )
    line = (
        "--sim",
        sample,
        "--mda",
        f"--{service.protocol}",
        "-p",
        str(service.dport),
        "--seed",
        str(seed),
        "-j",
    )
    alone = measure(settings).record.probes_sent
    return Probes(alone, _sent(*line), _sent(*line, "--diagnose"))


def _sent(*line: str) -> int:
    """The probes of the command, with those of its controls."""
    document = json.loads(run(*line).stdout)
    if "verdict" not in document:
        raise RuntimeError(f"no verdict by {line}")
    controls = (control["probes"] for control in document.get("controls", ()))
    return sum(map(int, controls), int(document["run"]["probes_sent"]))


def _row(sample: str, service: str, probes: Probes) -> str:
    alone, *others = probes
    cells = [f"{own:.1f}, {own / alone - 1:+.1%}" if alone else f"{own:.1f}" for own in others]
    return f"| {sample} | {service} | {alone:.1f} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
