"""Probes and round trips that the explorer needs, on a network of paths without bytes or time.

    python -m benchmarks.exploration [SEEDS]

Bound 0.05 per vertex, no loss. `/ bound` is the distance to a certificate: for each hop the larger
of the hop's stopping point and the sum of those of the vertices before it (MDA-Lite, and draws that
count for all vertices of a hop, go below it at wide hops). `/ 2` is the distance to the two round
trips that finding a balancer takes at least. `complete` is the share of runs that found every
vertex and edge; `promised` is the share that the bound promises: 0.95 per balancer.
"""

from __future__ import annotations

import sys
from random import Random
from statistics import mean

from mda.answers.graph import build, locate
from mda.answers.hop_pairs import pairs
from mda.answers.table import tabulate
from mda.statistics.stopping import stop_at
from tests.support.drive import SOURCE, Layers, edges_of, full_mda, layers, play

FAILURE_PROBABILITY = 0.05


TOPOLOGIES = {
    "12 plain hops": layers(*[1] * 12),
    "1-2-1": layers(*[1] * 5, 2, *[1] * 6),
    "1-16-1": layers(*[1] * 4, 16, *[1] * 5),
    "1-48-1": layers(*[1] * 4, 48, *[1] * 5),
    "1-8-8-1": layers(*[1] * 4, 8, 8, *[1] * 5),
    "1-8-8-1 meshed": layers(*[1] * 4, 8, 8, *[1] * 5, meshed=True),
    "tree 2-4-8-4-2": layers(*[1] * 3, 2, 4, 8, 4, 2, *[1] * 4),
}
# Probes and rounds to stay within.
LIMITS = {
    ("12 plain hops", "full"): (84, 2),
    ("1-2-1", "full"): (90, 3),
    ("1-16-1", "lite"): (160, 5),
    ("1-16-1", "full"): (340, 6),
    ("1-48-1", "lite"): (410, 6),
    ("1-48-1", "full"): (1000, 7),
    ("1-8-8-1 meshed", "full"): (900, 6),
}


def certificate(topology: Layers) -> int:
    """The fewest probes with which every vertex can be at its stopping point."""
    hop, total = [topology.first], stop_at(1, FAILURE_PROBABILITY)
    while after := {far for vertex in hop for far in topology.successors.get(vertex, ())}:
        own = stop_at(len(after), FAILURE_PROBABILITY)
        before = sum(
            stop_at(len(topology.successors[vertex]), FAILURE_PROBABILITY) for vertex in hop
        )
        total += max(own, before)
        hop = sorted(after)
    return total


def main() -> None:
    """Play and print."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{seeds} seeds, {FAILURE_PROBABILITY} per vertex")
    print(f"{'topology':16} {'mda':4} {'probes':>7} {'limit':>6} {'/ bound':>8}"
          f" {'rounds':>7} {'limit':>6} {'/ 2':>5} {'complete':>9} {'promised':>9}")  # fmt: skip
    for name, topology in TOPOLOGIES.items():
        balancers = sum(len(after) > 1 for after in topology.successors.values())
        for law in ("full", "lite"):
            probes, rounds, complete = [], [], 0
            for seed in range(seeds):
                procedure = full_mda(lite=law == "lite")
                played = play(procedure, topology.per_flow(Random(seed)))
                probes.append(played.probes)
                rounds.append(played.rounds)
                table = tabulate(played.outcomes, 3)
                located = locate(table, SOURCE, 1)
                hops = pairs(table, located, 30)
                assumed = [edge for pair in hops for edge in pair.assumed()]
                graph = build(table, located, assumed if law == "lite" else ())
                complete += topology.edges <= edges_of(graph)
            most_probes, most_rounds = LIMITS.get((name, law), ("", ""))
            print(f"{name:16} {law:4} {mean(probes):7.1f} {most_probes:>6}"
                  f" {mean(probes) / certificate(topology):8.2f}"
                  f" {mean(rounds):7.2f} {most_rounds:>6} {mean(rounds) / 2:5.2f}"
                  f" {complete / seeds:9.3f}"
                  f" {(1 - FAILURE_PROBABILITY) ** balancers:9.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
