"""Where round trips get longer: a router that is slow to answer, or a queue on the way.

A router that answers later than the hops behind it is slow to answer, not to forward: their
answers went through it. A queue delays some probes more than others, at every hop behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.findings.same_flows import (
    Flows,
    Series,
    Value,
    differences,
    more_often_above,
    proven,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.findings.tries import Tries
    from mda.model import Vertex

_WORTH_S: Final = 0.001  # of a delay that is named
_WORTH_SHARE: Final = 0.05  # of the round trip behind
_FEWEST_HOPS: Final = 2  # that must show a queue, so that it is not one router's unsteady answers


class SlowAnswer(NamedTuple):
    """A vertex that answers `slower_s` later, by the median, than hop `behind` does.

    `probability` is the chance of such times if either were as likely to answer first.
    """

    vertex: Vertex
    slower_s: float
    behind: int
    probability: float


class Queue(NamedTuple):
    """Between `near` and `far`, probes wait: `median_s` more than the fastest did, by the median.

    `probability` is the chance of such times if some hop behind varied no more than `near` does.
    """

    near: Vertex
    far: Vertex
    median_s: float
    probability: float


def slow_answers(flows: Flows) -> tuple[SlowAnswer, ...]:
    """The vertices that answer later than a hop behind them, to probes of the same flows."""
    series, found, chances = rtts(flows.tries), [], []
    for vertex in flows.vertices:
        through, behind = flows.through(vertex), flows.behind(vertex.ttl)
        tests = []
        for farther in behind:
            slower_s = differences(series, through, farther, vertex.ttl)
            if slower_s and _is_worth(median(slower_s), series, through, farther):
                tests.append((more_often_above(slower_s), farther, median(slower_s)))
        if behind:
            chance, farther, slower = min(tests, default=(1.0, vertex.ttl, 0.0))
            chances.append(min(1.0, chance * len(behind)))
            found.append(SlowAnswer(vertex, slower, farther, chances[-1]))
    return tuple(own for own, is_sure in zip(found, proven(chances), strict=True) if is_sure)


def queues(flows: Flows) -> tuple[Queue, ...]:
    """The links at which waiting begins that every hop behind shows.

    Of one that only the last hop shows, nothing is said: its answers may be unsteady.
    """
    series, found, chances = rtts(flows.tries), [], []
    for near, far in flows.edges:
        along = flows.meeting(flows.along((near, far)), far.ttl, ())
        if near == flows.origin or near.address is None:
            continue
        more_s = [
            differences(
                series, flows.meeting(along, farther, ()), near.ttl, farther, from_least=True
            )
            for farther in (far.ttl, *flows.behind(far.ttl))
        ]
        more_s = [own for own in more_s if own]
        if len(more_s) < _FEWEST_HOPS:
            continue
        least_s = min(map(median, more_s))
        is_worth = least_s >= _WORTH_S
        chances.append(max(map(more_often_above, more_s)) if is_worth else 1.0)
        found.append(Queue(near, far, least_s, chances[-1]))
    return tuple(own for own, is_sure in zip(found, proven(chances), strict=True) if is_sure)


def rtts(tries: Tries) -> Series:
    """The round trip of each probe that was answered, in seconds."""
    return {
        key: [Value(tried.sent_at_s, tried.rtt_s) for tried in own if tried.rtt_s is not None]
        for key, own in tries.items()
    }


def median(values: Sequence[float]) -> float:
    """The median of some values, of which there must be one."""
    ordered = sorted(values)
    return (ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2


def _is_worth(slower_s: float, series: Series, flows: Sequence[int], farther: int) -> bool:
    """Whether a delay is worth a word, given the round trips of these flows to a TTL behind."""
    if slower_s < _WORTH_S:
        return False
    usual_s = [own.value for flow in flows for own in series.get((flow, farther), ())]
    return slower_s >= _WORTH_SHARE * median(usual_s)
