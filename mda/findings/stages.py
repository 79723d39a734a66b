"""What a measurement had shown at some of its stages: what follows from its first outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.findings.certainty import certainty
from mda.findings.known import Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mda.answers.dag import Edge
    from mda.model import Vertex
    from mda.record import Record


class Stage(NamedTuple):
    """What the first `outcomes` outcomes of a measurement show: vertices, and edges between them.

    `unfinished` vertices have not reached their stopping point. One more, equally likely, successor
    of a vertex would have stayed unseen with `miss_probability` at most.
    """

    outcomes: int
    vertices: frozenset[Vertex]
    edges: frozenset[Edge]
    unfinished: int
    miss_probability: float


def stages(record: Record, counts: Iterable[int]) -> Iterator[Stage]:
    """What is known after each of these numbers of outcomes."""
    for count in counts:
        known = Known.of(record.replace(outcomes=record.outcomes[:count]))
        found = certainty(
            known.table,
            known.located,
            known.hops,
            record.plan.bound,
            known.destinations,
            lite=known.is_lite,
        )
        yield Stage(
            outcomes=count,
            vertices=frozenset(known.graph),
            edges=frozenset(known.graph.edges),
            unfinished=len(found.unfinished),
            miss_probability=max((own.miss_probability for own in found.vertices), default=1.0),
        )
