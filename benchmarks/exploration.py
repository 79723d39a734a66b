"""Probes and round trips that the explorer needs, on a network of paths without bytes or time.

    python -m benchmarks.exploration [SEEDS]

Bound 0.05 per vertex, no loss. `probes / bound` is the distance to a certificate: for each hop the
larger of its own stopping point and the sum of those of the vertices before it. `rounds / 2` is
the distance to the two round trips that finding a balancer takes at least. `complete` is the share
of runs that found every edge, beside the probability that the stopping rule promises.
"""

from __future__ import annotations

import sys
from math import prod
from random import Random
from statistics import mean

from mda.stopping import exact_failure, stop_at
from tests.support.drive import Layers, edges_of, full_mda, graph_of, interface, layers, play

FAILURE_PROBABILITY = 0.05


def meshed_inside() -> Layers:
    """Two hops of eight, each joined to each, between plain hops."""
    plain = layers(*[1] * 4, 8, 8, *[1] * 5)
    successors = dict(plain.successors)
    far = [interface(13 + number) for number in range(8)]
    successors.update({interface(5 + number): far for number in range(8)})
    return Layers(plain.first, successors)


TOPOLOGIES = {
    "12 plain hops": layers(*[1] * 12),
    "1-2-1": layers(*[1] * 5, 2, *[1] * 6),
    "1-16-1": layers(*[1] * 4, 16, *[1] * 5),
    "1-48-1": layers(*[1] * 4, 48, *[1] * 5),
    "1-8-8-1": layers(*[1] * 4, 8, 8, *[1] * 5),
    "1-8-8-1 meshed": meshed_inside(),
    "tree 2-4-8-4-2": layers(*[1] * 3, 2, 4, 8, 4, 2, *[1] * 4),
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


def promised(topology: Layers) -> float:
    """The probability that no balancer is left too early."""
    widths = [len(after) for after in topology.successors.values()]
    return prod(1 - exact_failure(width, FAILURE_PROBABILITY) for width in widths)


def main() -> None:
    """Play and print."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{seeds} seeds, {FAILURE_PROBABILITY} per vertex")
    print(f"{'topology':16} {'probes':>7} {'/ bound':>8} {'rounds':>7} {'/ 2':>5}"
          f" {'complete':>9} {'promised':>9}")  # fmt: skip
    for name, topology in TOPOLOGIES.items():
        probes, rounds, complete = [], [], 0
        for seed in range(seeds):
            played = play(full_mda(), topology.per_flow(Random(seed)))
            probes.append(played.probes)
            rounds.append(played.rounds)
            complete += topology.edges <= edges_of(graph_of(played.outcomes))
        print(f"{name:16} {mean(probes):7.1f} {mean(probes) / certificate(topology):8.2f}"
              f" {mean(rounds):7.2f} {mean(rounds) / 2:5.2f}"
              f" {complete / seeds:9.3f} {promised(topology):9.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
