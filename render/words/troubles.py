"""Where trouble begins, by the tests of `mda.findings`: notes of vertices."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from render.words.quantities import milliseconds, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import Vertex
    from mda.trace import Trace


def troubles(trace: Trace, number: Mapping[Vertex, str]) -> Mapping[Vertex, list[str]]:
    """The notes of each vertex; the vertex at the far end of a link has what begins there."""
    notes: defaultdict[Vertex, list[str]] = defaultdict(list)
    found = trace.behaviour

    def begins_at(near: Vertex) -> str:
        return "the source" if near == trace.origin else number[near]

    for slow in found.slow_answers:
        more = f"{milliseconds(slow.slower_s)} ms more than hop {slow.behind}"
        notes[slow.vertex].append(f"slow to answer, not to forward: {more}")
    for silent in found.answers_lost:
        share, behind = percent(round(silent.share, 3)), percent(round(silent.share_behind, 3))
        notes[silent.vertex].append(
            f"loses answers, not packets: {share}, hop {silent.behind} {behind}"
        )
    for lost in found.lost_on_way:
        share = percent(round(lost.share, 3))
        notes[lost.far].append(f"{share} lost on the way from {begins_at(lost.near)}")
    for queue in found.queues:
        wait = f"{milliseconds(queue.median_s)} ms by the median"
        notes[queue.far].append(f"a queue on the way from {begins_at(queue.near)}: {wait}")
    return notes
