"""What a trace had shown after some of its probes, in words, for whoever replays it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.findings.stages import stages
from mda.plan import Algorithm
from render.words.quantities import count, percent
from render.words.vertices import key_of

if TYPE_CHECKING:
    from mda.findings.stages import Stage
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
    total = len(trace.outcomes)
    counts = sorted({round(total * (turn / _MOST) ** 2) for turn in range(_MOST + 1)})
    return tuple(_stage(trace, stage) for stage in stages(trace, counts))


def _stage(trace: Trace, stage: Stage) -> StageWords:
    # What a stage showed and the whole trace does not is not drawn.
    vertices = stage.vertices & set(trace.dag)
    edges = stage.edges & set(trace.dag.edges)
    return StageWords(
        sentence=_sentence(trace, stage, len(vertices), len(edges)),
        vertices=frozenset(map(key_of, vertices)),
        edges=frozenset((key_of(near), key_of(far)) for near, far in edges),
    )


def _sentence(trace: Trace, stage: Stage, vertices: int, edges: int) -> str:
    probes = count(len(trace.outcomes), "probe", "probes")
    found = (
        f"after {stage.outcomes} of {probes}: {vertices} of "
        f"{count(len(trace.dag), 'vertex', 'vertices')}, {edges} of "
        f"{count(len(trace.dag.edges), 'edge', 'edges')}"
    )
    if not stage.outcomes or trace.plan.algorithm is Algorithm.PARIS:
        return found  # one flow promises nothing
    if stage.unfinished:
        found += f"; {count(stage.unfinished, 'vertex', 'vertices')} not fully explored"
    if stage.miss_probability < 1:
        chance = percent(stage.miss_probability)
        found += f"; one more even branch of a vertex would stay unseen with {chance} at most"
    return found
