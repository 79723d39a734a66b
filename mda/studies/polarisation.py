"""Balancers in series that hash alike: a flow's choice at one predicts its choice at the other.

Routers with the same hash and the same seed leave some of the paths between them unused.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.dag import descendants
from mda.statistics.inference import holm
from mda.statistics.tables import independence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.answers.dag import Graph
    from mda.model import Vertex

# Probability at or below which two balancers are reported to hash alike. Stricter than for other
# verdicts, because there may be many pairs, and most of them do not hash alike.
LEVEL: Final = 0.001


class Series(NamedTuple):
    """Two balancers on one path, `near` first, and how their choices for `flows` flows agree.

    `statistic` is Pearson's, with `degrees` of freedom. `probability` is the probability of so
    strong a dependence if the hashes are independent, adjusted for the number of pairs (Holm).
    `strength` is Cramer's V: from 0 to 1, where one choice determines the other.
    """

    near: Vertex
    far: Vertex
    flows: int
    statistic: float
    degrees: int
    probability: float
    strength: float

    @property
    def is_polarised(self) -> bool:
        """Whether the two hash alike."""
        return self.probability <= LEVEL


def series(graph: Graph, choices: Mapping[Vertex, Mapping[int, Vertex]]) -> tuple[Series, ...]:
    """Every pair of balancers that flows pass one after the other.

    `choices` has, for each balancer, the successor of each flow through it.
    """
    found = []
    ordered = sorted(choices, key=lambda vertex: vertex.sort_key)
    for near in ordered:
        beyond = descendants(graph, near)
        for far in ordered:
            if far in beyond:
                compared = _compare(near, far, choices[near], choices[far])
                if compared is not None:
                    found.append(compared)
    adjusted = holm([pair.probability for pair in found])
    return tuple(
        pair._replace(probability=probability)
        for pair, probability in zip(found, adjusted, strict=True)
    )


def _compare(
    near: Vertex, far: Vertex, at_near: Mapping[int, Vertex], at_far: Mapping[int, Vertex]
) -> Series | None:
    """The pair, its probability not yet adjusted; None if these flows have no choice at one."""
    counts = Counter((at_near[flow], at_far[flow]) for flow in at_near if flow in at_far)
    rows = sorted({row for row, _ in counts}, key=lambda vertex: vertex.sort_key)
    columns = sorted({column for _, column in counts}, key=lambda vertex: vertex.sort_key)
    if len(rows) < 2 or len(columns) < 2:
        return None
    flows = sum(counts.values())
    statistic, chance = independence([[counts[row, column] for column in columns] for row in rows])
    strength = (statistic / (flows * (min(len(rows), len(columns)) - 1))) ** 0.5
    degrees = (len(rows) - 1) * (len(columns) - 1)
    return Series(near, far, flows, statistic, degrees, chance, min(1.0, strength))
