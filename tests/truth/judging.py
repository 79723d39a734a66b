"""Runs the networks of a class, and collects what was wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from tests.truth.claims import run
from tests.truth.classes import CLASSES
from tests.truth.oracle import truth
from tests.truth.rules import RULES, is_incomplete

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.truth.networks import Net


class Fault(NamedTuple):
    """A wrong statement."""

    name: str
    seed: int
    rule: str
    statement: str


@dataclass
class Tally:
    """What the networks of a class had wrong: statements, and runs with a wrong one, by rule."""

    networks: int = 0
    faults: list[Fault] = field(default_factory=list)
    promises: list[float] = field(default_factory=list)
    incomplete: int = 0

    @property
    def wrong_runs(self) -> Counter[str]:
        """By rule, the number of networks with a wrong statement."""
        return Counter(rule for _, rule in {(fault.seed, fault.rule) for fault in self.faults})


def network(name: str, seed: int) -> Net:
    """The network of a class with this number."""
    return CLASSES[name].make(Random(f"{name} {seed}"))


def judge(name: str, seeds: Iterable[int]) -> Tally:
    """Trace the networks with these numbers and compare every statement with the truth."""
    tally = Tally()
    with TemporaryDirectory() as folder:
        for seed in seeds:
            net = network(name, seed)
            true, claims = truth(net), run(net, Path(folder), seed)
            tally.networks += 1
            tally.faults += [
                Fault(name, seed, rule.name, statement)
                for rule in RULES.values()
                for statement in rule.wrong(true, claims)
            ]
            promise = claims.document["certainty"]["miss_probability"]
            if promise is not None and CLASSES[name].is_even:
                tally.promises.append(promise)
                tally.incomplete += is_incomplete(true, claims)
    return tally
