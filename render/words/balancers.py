"""What pictures say of each balancer: how many ways it splits, by what, and what may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.statistics.stopping import unseen_share
from mda.studies.balancers import Verdict
from mda.studies.registry import CLASSIFY
from render.words.header_fields import CLASSIFIED

if TYPE_CHECKING:
    from mda.model import Vertex
    from mda.trace import Trace

_UNEVEN: Final = 0.01  # the chance of an even split, from which on its weights are worth a word
_MOST_WEIGHTS: Final = 8


class BalancerWords(NamedTuple):
    """The words for a vertex that splits its flows.

    It has `ways` successors. `unseen` is the largest share of its flows that a branch can have and
    stay unseen, at the confidence of the trace; it `is_finished` at its stopping point. `marks`
    say what it hashes and how it weighs its branches, where that is known.
    """

    ways: int
    unseen: float
    is_finished: bool
    marks: tuple[str, ...]


def balancer_words(trace: Trace) -> dict[Vertex, BalancerWords]:
    """The words for every vertex that has several successors."""
    failure = trace.plan.bound.failure_probability
    known = {own.vertex: own for own in trace.certainty.vertices}
    found = trace.found(CLASSIFY)
    marks: dict[Vertex, tuple[str, ...]] = {}
    for balancer in () if found is None else found.balancers:
        hashed = [CLASSIFIED[own.field] for own in balancer.fields
                  if own.verdict is Verdict.HASHED]  # fmt: skip
        split = balancer.split
        is_weighed = (
            split is not None
            and split.even_probability < _UNEVEN
            and 1 < len(split.weights or ()) <= _MOST_WEIGHTS
        )
        weights = split.weights if split is not None and is_weighed else None
        marks[balancer.vertex] = (
            *([f"hashes {', '.join(hashed)}"] if hashed else ()),
            *([f"weights {':'.join(map(str, weights))}"] if weights else ()),
        )
    return {
        vertex: BalancerWords(
            ways=ways,
            unseen=unseen_share(known[vertex].flows, failure) if vertex in known else 1.0,
            is_finished=vertex in known and known[vertex].is_finished,
            marks=marks.get(vertex, ()),
        )
        for vertex in trace.dag
        if (ways := trace.dag.out_degree(vertex)) > 1 and vertex not in trace.turned
    }
