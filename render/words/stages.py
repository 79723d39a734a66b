"""What a trace had shown after some of its probes, in words, for whoever replays it."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.comparison import merged
from mda.findings.stages import stages
from mda.model import Reply
from mda.plan import Algorithm
from render.words.quantities import count, percent
from render.words.vertices import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from mda.answers.dag import Dag, Edge
    from mda.comparison import Comparison
    from mda.findings.stages import Stage
    from mda.model import Vertex
    from mda.trace import Trace

_MOST: Final = 32  # stages


class StageWords(NamedTuple):
    """A stage of a trace: the keys of the vertices known by then, and of the ends of the edges."""

    sentence: str
    vertices: frozenset[str]
    edges: frozenset[tuple[str, str]]


def stage_words(trace: Trace) -> tuple[StageWords, ...]:
    """The stages of a trace, from the first probe to the last one; the early ones are shorter.

    Most of a graph is found by a few probes, and the rest of them make sure that it is all.
    """
    counts = _counts(len(trace.outcomes))
    return tuple(_stage(trace, stage) for stage in stages(trace, counts))


def stages_together(comparison: Comparison) -> tuple[StageWords, ...]:
    """The stages of a comparison, whose protocols are probed at once: what all had shown by then.

    A stage promises nothing: each protocol has a chance that it missed something.
    """
    traces = [view.trace for view in comparison.views]
    lanes = _lanes_in_time(traces)
    counts = _counts(len(lanes))
    of_lanes = [
        list(stages(trace, (lanes[:came].count(lane) for came in counts)))
        for lane, trace in enumerate(traces)
    ]
    graph = comparison.graph
    found = []
    for came, together in zip(counts, zip(*of_lanes, strict=True), strict=True):
        vertices = {
            merged(own, lane) for lane, stage in enumerate(together) for own in stage.vertices
        }
        edges = {
            (merged(near, lane), merged(far, lane))
            for lane, stage in enumerate(together)
            for near, far in stage.edges
        }
        shown = vertices & set(graph), edges & set(graph.edges)
        found.append(_words(_found_by(came, len(lanes), shown, graph), *shown))
    return tuple(found)


def _counts(total: int) -> list[int]:
    return sorted({round(total * (turn / _MOST) ** 2) for turn in range(_MOST + 1)})


def _lanes_in_time(traces: Sequence[Trace]) -> list[int]:
    """The number of the trace that each outcome belongs to, in the order in which they came."""
    came = []
    for lane, trace in enumerate(traces):
        times_s = (
            own.received_at_s if isinstance(own, Reply) else own.gave_up_at_s
            for own in trace.outcomes
        )
        # The order within a trace is that of its outcomes, whatever their times.
        came += [(at_s, lane) for at_s in accumulate(times_s, max)]
    return [lane for _, lane in sorted(came)]


def _stage(trace: Trace, stage: Stage) -> StageWords:
    # What a stage showed and the whole trace does not is not drawn.
    shown = stage.vertices & set(trace.dag), stage.edges & set(trace.dag.edges)
    found = _found_by(stage.outcomes, len(trace.outcomes), shown, trace.dag)
    return _words(found + _promise(trace, stage), *shown)


def _words(sentence: str, vertices: Iterable[Vertex], edges: Iterable[Edge]) -> StageWords:
    return StageWords(
        sentence=sentence,
        vertices=frozenset(map(key_of, vertices)),
        edges=frozenset((key_of(near), key_of(far)) for near, far in edges),
    )


def _found_by(
    outcomes: int, total: int, shown: tuple[Collection[Vertex], Collection[Edge]], dag: Dag
) -> str:
    vertices, edges = map(len, shown)
    return (
        f"after {outcomes} of {count(total, 'probe', 'probes')}: {vertices} of "
        f"{count(len(dag), 'vertex', 'vertices')}, {edges} of "
        f"{count(len(dag.edges), 'edge', 'edges')}"
    )


def _promise(trace: Trace, stage: Stage) -> str:
    """What may be missing at a stage."""
    if not stage.outcomes or trace.plan.algorithm is Algorithm.PARIS:
        return ""  # one flow promises nothing
    found = ""
    if stage.unfinished:
        found += f"; {count(stage.unfinished, 'vertex', 'vertices')} not fully explored"
    if stage.miss_probability < 1:
        chance = percent(stage.miss_probability)
        found += f"; one more even branch of a vertex would stay unseen with {chance} at most"
    return found
