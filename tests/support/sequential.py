"""A probability held against as many runs as that takes: the sequential test of Wald (1945).

Each run raises or lowers the likelihood of a rival, as a ratio to that of the expected probability.
If the expected one is true, the ratio ever reaches 1 / a with a chance of a at most; if the rival
is, it ever falls to a with that chance at most (Ville, 1939). Where theory is right, such a test
takes about a fifth of the runs of one whose number is fixed beforehand.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Rival(NamedTuple):
    """Another probability of a hit than the expected one, and how sure a choice of both must be.

    `false_alarm` is the most by which the rival is chosen if `expected` is true, and `miss` the
    most by which it is rejected if the rival is true.

    >>> Rival(0.05, 0.1, 0.001, 0.1).is_rejected(hits=0, runs=50)
    True
    >>> Rival(0.05, 0.1, 0.001, 0.1).is_rejected(hits=15, runs=50)
    False
    """

    expected: float
    rival: float
    false_alarm: float
    miss: float

    def is_rejected(self, hits: int, runs: int) -> bool | None:
        """Whether the expected probability is chosen; None if that takes more runs."""
        ratio = hits * log(self.rival / self.expected)
        ratio += (runs - hits) * log((1 - self.rival) / (1 - self.expected))
        if ratio >= -log(self.false_alarm):
            return False
        return True if ratio <= log(self.miss) else None

    def chance_of_alarm(self, probability: float) -> float:
        """The chance that the rival is chosen if hits have this probability, to 1e-6."""
        undecided, alarm, runs = {0: 1.0}, 0.0, 0
        while sum(undecided.values()) > 1e-6:
            runs += 1
            after: dict[int, float] = {}
            for hits, chance in undecided.items():
                after[hits] = after.get(hits, 0.0) + chance * (1 - probability)
                after[hits + 1] = chance * probability
            rejected = {hits: self.is_rejected(hits, runs) for hits in after}
            alarm += sum(chance for hits, chance in after.items() if rejected[hits] is False)
            undecided = {hits: own for hits, own in after.items() if rejected[hits] is None}
        return alarm


def all_rejected(rivals: Sequence[Rival], runs: Iterable[bool]) -> bool:
    """Whether the expected probability is chosen before each rival, given which runs are hits.

    Raises ValueError if the runs end before that is decided.
    """
    hits = 0
    for number, is_hit in enumerate(runs, start=1):
        hits += is_hit
        decisions = [rival.is_rejected(hits, number) for rival in rivals]
        if False in decisions:
            return False
        rivals = [own for own, decided in zip(rivals, decisions, strict=True) if decided is None]
        if not rivals:
            return True
    raise ValueError("too few runs")
