"""Statistical experiments: a network, how it is explored, and how often that may miss something.

The short suite (`tests/statistics`) and the full one (`benchmarks.statistics`) run the same list.
An experiment's probability is exact where every batch ends at a stopping point and no other flow
comes by: at a balancer with nothing behind it, or one of two. Elsewhere it is the bound that was
promised, and flows sent for the routers behind find more than it demands.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from mda.answers.graph import locate
from mda.answers.hop_pairs import pairs
from mda.statistics.stopping import split_failure
from tests.support.drive import SOURCE, Layers, full_mda, interface, layers, play
from tests.support.expect import interval
from tests.support.sequential import Rival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from ipaddress import IPv4Address

    from mda.answers.hop_pairs import HopPair
    from mda.answers.table import FlowTable
    from mda.model import ProbeRequest
    from tests.support.drive import Edges, Network

FAILURE_PROBABILITY = 0.05
POWER = 0.9


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """`fails` returns whether the run of a seed went wrong, as it may with `probability`.

    With `is_exact` that is how often it must, else how often it may at most.
    """

    name: str
    probability: float
    is_exact: bool
    fails: Callable[[int], bool]

    def rivals(self, confidence: float) -> list[Rival]:
        """What the short suite rules out: failing twice as often, which it notices by `POWER`.

        If the probability is exact, also failing a quarter as often.
        """
        most = min(2 * self.probability, (1 + self.probability) / 2)
        others = [most, self.probability / 4] if self.is_exact else [most]
        false_alarm, miss = (1 - confidence) / 2, 1 - POWER
        return [Rival(self.probability, other, false_alarm, miss) for other in others]

    def failures(self, seeds: Iterable[int]) -> int:
        """How many of the seeds went wrong."""
        return sum(map(self.fails, seeds))

    def is_consistent(self, failures: int, runs: int, confidence: float) -> bool:
        """Whether so many failures go with the probability (Clopper and Pearson, 1934)."""
        low, high = interval(failures, runs, confidence)
        return low <= self.probability and (not self.is_exact or self.probability <= high)


def found_edges(table: FlowTable) -> Edges:
    """The edges that the outcomes in a table prove, by address."""
    return edges_in(pairs(table, locate(table, SOURCE, 1), 30))


def edges_in(hop_pairs: Iterable[HopPair]) -> Edges:
    """The edges between neighbouring hops, by address."""
    return {
        (near.address, far.address)
        for hops in hop_pairs
        for near, samples in hops.near.items()
        for far in samples.successors
    }


def in_series(*widths: int) -> Layers:
    """Balancers of these widths, each behind the other, and a hop more before the destination."""
    return layers(1, *(width for balancer in widths for width in (balancer, 1)), 1)


def _even(
    name: str, topology: Layers, probability: float, *, is_exact: bool, loss: float = 0.0,
    per_vertex: bool = True, lite: bool = False,
) -> Experiment:  # fmt: skip
    """Whether anything of `topology` is missing, every balancer splitting evenly."""
    attempts, edges = 10 if loss else 3, topology.edges

    def fails(seed: int) -> bool:
        procedure = full_mda(per_vertex=per_vertex, attempts=attempts, max_ttl=12, lite=lite)
        lost = losing(loss, Random(-seed - 1)) if loss else None
        play(procedure, topology.per_flow(Random(seed)), lost=lost)
        return not edges <= _all(found_edges(procedure.table), topology, lite)

    return Experiment(name=name, probability=probability, is_exact=is_exact, fails=fails)


def losing(share: float, random: Random) -> Callable[[ProbeRequest, IPv4Address], bool]:
    """What takes this share of all answers away."""
    return lambda *_: random.random() < share


def _all(edges: Edges, topology: Layers, lite: bool) -> Edges:
    """The edges found, and with `lite` those into a hop's only vertex, which it takes for granted.

    They are granted only if that vertex was found.
    """
    if not lite:
        return edges
    lone = {far for _, far in edges if sum(far in after for after in topology.successors.values())}
    known = {near for edge in edges for near in edge}
    return edges | {
        (near, after[0])
        for near, after in topology.successors.items()
        if near in known and after[0] in lone and len(after) == 1
    }


def _uneven(
    name: str, shares: Sequence[float], probability: float, *, is_exact: bool,
    min_share: float | None = None,
) -> Experiment:  # fmt: skip
    """Whether one of the ends behind a balancer that splits by `shares` is missing."""
    branches = [interface(2 + number) for number in range(len(shares))]

    def network(random: Random) -> Network:
        chosen: dict[int, IPv4Address] = {}

        def path(flow: int) -> list[IPv4Address]:
            branch = chosen.get(flow)
            if branch is None:
                branch = chosen[flow] = random.choices(branches, shares)[0]
            return [interface(1), branch]

        return path

    def fails(seed: int) -> bool:
        procedure = full_mda(max_ttl=5, min_share=min_share)
        play(procedure, network(Random(seed)))
        edges = found_edges(procedure.table)
        return len({far for near, far in edges if near == interface(1)}) < len(shares)

    return Experiment(name=name, probability=probability, is_exact=is_exact, fails=fails)


def _packets(name: str, *, event: str) -> Experiment:
    """Two lanes behind a per-packet balancer that is not recognised, or a false edge drawn."""
    topology = layers(1, 2, 2, 1)

    def fails(seed: int) -> bool:
        procedure = full_mda(max_ttl=6)
        play(procedure, topology.per_packet(Random(seed)))
        located = locate(procedure.table, SOURCE, 1)
        if event == "unnoticed":
            return not located.per_packet
        if 2 in located.unordered:
            return False  # nothing is joined there
        return not edges_in(pairs(procedure.table, located, 30)) <= topology.edges

    return Experiment(name=name, probability=FAILURE_PROBABILITY, is_exact=False, fails=fails)


def _hidden_split() -> Layers:
    """Four parallel routers, one of which splits once more."""
    topology = layers(1, 4, 1, 1)
    hidden, end = topology.successors[topology.first][2], interface(6)
    more = {hidden: [end, interface(8)], interface(8): [interface(7)]}
    return Layers(topology.first, {**topology.successors, **more})


def _asymmetric() -> Layers:
    """Two branches, of one and of two hops more, the longer with another balancer."""
    a, b, c, d, e, f, g = (interface(number) for number in range(1, 8))
    return Layers(a, {a: [b, c], b: [d], c: [e, f], e: [d], f: [d], d: [g]})


def _missed(*widths: int) -> float:
    """Chance to miss anything of balancers of these widths, each leaving too early on its own."""
    sure = 1.0
    for width in widths:
        sure *= 1 - split_failure([1 / width] * width, FAILURE_PROBABILITY)
    return 1 - sure


def _promised(balancers: int) -> float:
    return 1 - (1 - FAILURE_PROBABILITY) ** balancers


_MESH = layers(1, 3, 3, 1, 1, meshed=True)
_NESTED = layers(1, 2, 4, 8, 4, 2, 1, 1)
_GRAPH = {"1-2-1": in_series(2), "2, 3, 4 in series": in_series(2, 3, 4), "nested 2-4-8": _NESTED,
          "meshed 3-3": _MESH, "asymmetric": _asymmetric()}  # fmt: skip

EXPERIMENTS: Mapping[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        *(
            _even(f"balancer of {width}", layers(1, width), _missed(width), is_exact=True)
            for width in (2, 3, 4, 8, 16, 32)
        ),
        _even("1-2-1", in_series(2), _missed(2), is_exact=True),
        _even("1-16-1", in_series(16), _missed(16), is_exact=False),
        _even("2, 3, 4 in series", in_series(2, 3, 4), _missed(2, 3, 4), is_exact=False),
        _even("nested 2-4-8", _NESTED, _promised(7), is_exact=False),
        _even("meshed 3-3", _MESH, _promised(4), is_exact=False),
        _even("asymmetric", _asymmetric(), _promised(2), is_exact=False),
        _even("one of four splits again", _hidden_split(), _promised(2), is_exact=False),
        *(
            _uneven(f"split {' : '.join(map(str, shares))}", shares,
                    split_failure(shares, FAILURE_PROBABILITY), is_exact=True)
            for shares in ((0.7, 0.3), (0.9, 0.1), (0.5, 0.25, 0.25))
        ),
        _uneven("split 0.8 : 0.2, --min-share 20", (0.8, 0.2), FAILURE_PROBABILITY,
                is_exact=False, min_share=0.2),
        *(
            _even(f"1-2-1, {loss:.0%} loss", in_series(2), _missed(2), is_exact=False, loss=loss)
            for loss in (0.05, 0.1, 0.2, 0.3)
        ),
        *(
            _even(f"{name}, -c 95 for the graph", topology, FAILURE_PROBABILITY, is_exact=False,
                  per_vertex=False)
            for name, topology in _GRAPH.items()
        ),
        _even("1-4-1, lite", in_series(4), _missed(4), is_exact=False, lite=True),
        _even("unmeshed 1-4-4-1, lite", layers(1, 4, 4, 1, 1), _promised(2), is_exact=False,
              lite=True),
        _packets("packet balancer unnoticed", event="unnoticed"),
        _packets("packet balancer, false edge", event="edge"),
    )
}  # fmt: skip
