"""How often a balancer is recognised: every class, sets of hashed fields, 2 to 16 successors.

    python -m benchmarks.classification [SEEDS] [NAME]

Prints a table in Markdown, a row per kind of balancer: the smallest share of seeds, over all
widths, in which the class and every field were judged rightly at 0.05, and the width with that
share; the number of runs that named a wrong class; and the median number of the classifier's
probes. NAME selects kinds by a substring of their name. Exits with 1 if less than 95 % were
recognised, or a per-packet balancer was called anything else.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from statistics import median

from mda.studies.balancers import Kind
from tests.support.hashing import CASES, classify, is_recognised, judged, one_balancer

_WIDTHS = range(2, 17)
_ENOUGH = 0.95
_COUNTED = 50  # runs whose probes are counted


def _recognised(case: str, width: int, seeds: int) -> tuple[int, int]:
    """The number of seeds with all verdicts right, and of those with a wrong class."""
    right = wrong = 0
    for seed in range(seeds):
        if is_recognised(case, width, seed):
            right += 1
            continue
        balancer = judged(case, width, seed)
        wrong += balancer is not None and balancer.kind not in (CASES[case][1], Kind.UNDECIDED)
    return right, wrong


def _probes(case: str) -> float:
    hashed, kind = CASES[case]
    if kind is Kind.PER_PACKET:
        return 0.0
    counts = []
    for seed in range(_COUNTED):
        network = one_balancer(f"{case} 2 {seed}", hashed, [1, 1])
        _, played, before = classify(network)
        counts.append(played.probes - before)
    return median(counts)


def main() -> int:
    """Run and print."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    print(f"{seeds} seeds for each of the widths 2 to 16\n")
    print("| hashed | least recognised | at width | class wrong | probes at width 2 |")
    print("|---|---|---|---|---|")
    is_good = True
    with ProcessPoolExecutor(2) as pool:
        for case in CASES:
            if part not in case:
                continue
            found = list(
                pool.map(_recognised, [case] * len(_WIDTHS), _WIDTHS, [seeds] * len(_WIDTHS))
            )
            least, width = min(
                (right / seeds, w) for (right, _), w in zip(found, _WIDTHS, strict=True)
            )
            wrong = sum(number for _, number in found)
            is_packet = CASES[case][1] is Kind.PER_PACKET
            is_good &= least >= _ENOUGH and not (is_packet and wrong)
            print(f"| {case} | {100 * least:.1f} % | {width} | {wrong} | {_probes(case):.0f} |",
                  flush=True)  # fmt: skip
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
