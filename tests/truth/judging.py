"""Traces the networks of a class, and collects every wrong statement."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from tests.truth.chances import CHANCES
from tests.truth.claims import command, run_all
from tests.truth.classes import CLASSES
from tests.truth.known_faults import KNOWN_FAULTS
from tests.truth.oracle import truth
from tests.truth.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.truth.chances import Stated
    from tests.truth.networks import Net


class Fault(NamedTuple):
    """A wrong statement about network number `seed` of the class `name`."""

    name: str
    seed: int
    rule: str
    statement: str

    @property
    def is_known(self) -> bool:
        """Whether the table of known faults lists it."""
        return (self.name, self.rule) in KNOWN_FAULTS

    def report(self) -> str:
        """The fault, the topology file, and the command that shows it."""
        net = network(self.name, self.seed)
        return (
            f"{self.name}, seed {self.seed}: {self.rule}: {self.statement}\n"
            f"with net.yaml:\n{net.yaml()}"
            f"run: paris-trace {' '.join(command(net, Path('net.yaml'), self.seed))}"
        )


@dataclass
class Tally:
    """What the networks of a class had wrong; `stated` are the chances of CHANCES, by kind."""

    networks: int = 0
    faults: list[Fault] = field(default_factory=list)
    stated: dict[str, list[Stated]] = field(default_factory=lambda: {name: [] for name in CHANCES})

    @property
    def wrong_networks(self) -> Counter[str]:
        """By rule, the number of networks with a wrong statement."""
        return Counter(rule for _, rule in {(fault.seed, fault.rule) for fault in self.faults})

    def add(self, other: Tally) -> None:
        """Add what others networks of the class had wrong."""
        self.networks += other.networks
        self.faults += other.faults
        for name, stated in other.stated.items():
            self.stated[name] += stated


def network(name: str, seed: int) -> Net:
    """The network of a class with this number."""
    return CLASSES[name].make(Random(f"{name} {seed}"))


def judge(name: str, seeds: Iterable[int]) -> Tally:
    """Trace the networks with these numbers, and compare every statement with the truth."""
    tally = Tally()
    with TemporaryDirectory() as folder:
        for seed in seeds:
            net = network(name, seed)
            true = truth(net)
            tally.networks += 1
            for claims in run_all(net, Path(folder), seed):
                tally.faults += [
                    Fault(name, seed, rule.name, statement)
                    for rule in RULES.values()
                    for statement in rule.wrong(true, claims)
                ]
                for kind, stated in CHANCES.items():
                    tally.stated[kind] += stated(true, claims)
    return tally
