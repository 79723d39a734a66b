"""Where probes get lost: at a router that does not answer all of them, or on the way.

A router that limits or ignores some answers loses more probes than the hops behind it do: those
go through it. Loss on the way begins at a link and persists at every hop behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.findings.same_flows import (
    LEVEL,
    Flows,
    Series,
    Value,
    differences,
    more_often_above,
    proven,
)
from mda.statistics.inference import at_most

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from mda.answers.rate_limits import Answering
    from mda.findings.tries import Tries
    from mda.model import Vertex

_USUAL: Final = 0.001  # loss of the first link, from which it must differ
_FEWEST_HOPS: Final = 2  # that must show a loss, so that it is not that of one router's answers


class AnswersLost(NamedTuple):
    """A vertex that loses `share` of its answers, while hop `behind` loses `share_behind`.

    `probability` is the chance of such counts if both lost as many.
    """

    vertex: Vertex
    share: float
    behind: int
    share_behind: float
    probability: float


class LostOnWay(NamedTuple):
    """A share of all probes that gets lost between `near` and `far`, there or on the way back.

    `near` is the last vertex before the loss that shows it, or the source. `probability` is the
    chance of such counts if some hop behind lost no more than `near` does.
    """

    near: Vertex
    far: Vertex
    share: float
    probability: float


def answers_lost(flows: Flows) -> tuple[AnswersLost, ...]:
    """The vertices that lose answers to probes of flows that lose fewer behind them."""
    series = _series(flows.tries)
    if not series:
        return ()
    found = []
    for vertex in flows.vertices:
        through, behind = flows.through(vertex), flows.behind(vertex.ttl)
        tests = [
            (more_often_above(differences(series, through, farther, vertex.ttl)), farther)
            for farther in behind
        ]
        if tests:
            chance, farther = min(tests)
            found.append((vertex, farther, min(1.0, chance * len(tests))))
    sure = proven([chance for _, _, chance in found])
    return tuple(
        AnswersLost(
            vertex,
            _share(series, flows.through(vertex), [vertex.ttl]),
            farther,
            _share(series, flows.through(vertex), [farther]),
            chance,
        )
        for (vertex, farther, chance), is_sure in zip(found, sure, strict=True)
        if is_sure
    )


def lost_on_way(flows: Flows, limited: Collection[Vertex]) -> tuple[LostOnWay, ...]:
    """The links at which a loss begins that every hop behind shows.

    Vertices that are `limited`, or may be, show nothing of it. Of a loss that only the last hop
    shows, nothing is said: it may be that of its answers.
    """
    series = _series(flows.tries)
    if not series:
        return ()
    found = []
    for edge in flows.edges:
        near, far = edge
        along = flows.meeting(flows.along(edge), far.ttl, limited)
        before = _before(flows, along, near.ttl, limited)
        tests = []
        for farther in (far.ttl, *flows.behind(far.ttl)):
            meeting = flows.meeting(along, farther, limited)
            if any((flow, farther) in series for flow in meeting):
                tests.append((_chance(series, meeting, before, farther), farther))
        if len(tests) < _FEWEST_HOPS:
            continue
        chance = max(chance for chance, _ in tests)
        begin = flows.origin if before is None else flows.at[before][along[0]]
        share = _share(series, along, [farther for _, farther in tests])
        found.append(LostOnWay(begin, far, share, chance))
    sure = proven([lost.probability for lost in found])
    return tuple(lost for lost, is_sure in zip(found, sure, strict=True) if is_sure)


def are_of_way(flows: Flows, way: Iterable[LostOnWay], vertex: Vertex, own: Answering) -> bool:
    """Whether what gets lost on the way to a vertex explains the losses of its answers.

    It does where the `own` losses are no more than the shares of the links before it suggest. What
    the last of these loses is what the hops behind the vertex show: they are not its own answers.
    """
    through = set(flows.through(vertex))
    share = 0.0
    for lost in way:
        passing = through.intersection(
            flows.along((lost.near, lost.far))
            if flows.dag.has_edge(lost.near, lost.far)
            else flows.through(lost.far)
        )
        if lost.far.ttl <= vertex.ttl and passing:
            of_link = lost.share
            if lost.far == vertex:
                of_link = _share(_series(flows.tries), passing, flows.behind(vertex.ttl))
            share += of_link * len(passing) / len(through)
    return share > 0 and 1.0 - at_most(own.lost - 1, own.asked, share) > LEVEL


def fair(tries: Tries) -> Series:
    """For each probe, 1 if it was lost, else 0, once its flow is known to be answered at the hop.

    The first answer shows where the flow goes: only what is sent afterwards is a draw.
    """
    series: Series = {}
    for key, own in tries.items():
        first = next((place for place, tried in enumerate(own) if tried.rtt_s is not None), None)
        if first is not None and len(own) > first + 1:
            series[key] = [
                Value(tried.sent_at_s, float(tried.rtt_s is None)) for tried in own[first + 1 :]
            ]
    return series


def _before(
    flows: Flows, along: Sequence[int], ttl: int, limited: Collection[Vertex]
) -> int | None:
    """The last TTL up to `ttl` at which flows meet a vertex that shows losses; None for none."""
    return next(
        (
            nearer
            for nearer in reversed(flows.ttls)
            if nearer <= ttl and len(flows.meeting(along, nearer, limited)) == len(along)
        ),
        None,
    )


def _chance(series: Series, flows: Collection[int], before: int | None, farther: int) -> float:
    """The chance of what is lost at the TTL `farther`, if no more is than at `before`.

    Without a hop before, that is the usual loss of a link.
    """
    if before is not None:
        return more_often_above(differences(series, flows, before, farther))
    values = [own.value for flow in flows for own in series.get((flow, farther), ())]
    lost = int(sum(values))
    return 1.0 if not lost else 1.0 - at_most(lost - 1, len(values), _USUAL)


def _share(series: Series, flows: Collection[int], ttls: Iterable[int]) -> float:
    values = [own.value for ttl in ttls for flow in flows for own in series.get((flow, ttl), ())]
    return sum(values) / len(values) if values else 0.0


def _series(tries: Tries) -> Series:
    """The same as `fair`; empty where no such probe was lost."""
    if all(tried.rtt_s is not None for own in tries.values() for tried in own):
        return {}
    series = fair(tries)
    return series if any(own.value for values in series.values() for own in values) else {}
