"""The walk over neighbouring hops, from the source to the last answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.answers.hop_pairs import HopPair, pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mda.answers.table import FlowsAt, FlowTable
    from mda.explore.search import Reach
    from mda.model import Vertex


class Step(NamedTuple):
    """Two neighbouring hops, and what was answered before them.

    `located_before` has the vertex of each flow that was itself answered at the nearer hop, and
    `located_two_before` those of the hop before that. `abandoned` are the vertices of the nearer
    hop through which no more flows are sent.
    """

    hops: HopPair
    located_before: FlowsAt
    located_two_before: FlowsAt
    abandoned: frozenset[Vertex]


def walk(table: FlowTable, origin: Vertex, flows: list[int], reach: Reach) -> Iterator[Step]:
    """Each pair of hops in turn, up to one silent hop beyond the last answer.

    `flows` are all that were sent anywhere; they all start at `origin`, the source.
    """
    before: FlowsAt = dict.fromkeys(flows, origin)
    two_before: FlowsAt = {}
    gaps: dict[Vertex, int] = {}  # star -> silent hops in a row that end with it
    last_answer = table.last_answer()
    for ttl in range(reach.first_ttl, reach.max_ttl + 1):
        predecessors = table.predecessors(ttl, before)
        here = table.located_next(ttl, predecessors)
        hops = pair(table, ttl, predecessors, here)
        for vertex, samples in hops.near.items():
            for successor in samples.successors:
                if successor.address is None:
                    gaps[successor] = gaps.get(vertex, 0) + 1
        yield Step(hops, before, two_before, _abandoned(table, hops, gaps, reach.gap_limit))
        if not here and ttl > last_answer:
            return
        two_before, before = before, here


def _abandoned(
    table: FlowTable, hops: HopPair, gaps: Mapping[Vertex, int], gap_limit: int
) -> frozenset[Vertex]:
    """The vertices that flows have left, or that end too long a silence with no reply behind it."""
    left_behind = table.hop(hops.ttl - 1).left_behind()
    if not left_behind and not gaps:
        return frozenset()
    return frozenset(
        vertex
        for vertex, samples in hops.near.items()
        if vertex in left_behind
        or (
            gaps.get(vertex, 0) >= gap_limit
            and not any(table.answered_to.get(flow, 0) >= hops.ttl for flow in samples.flows)
        )
    )
