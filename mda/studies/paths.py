"""Paths from end to end: which flows take each, how it performs, and which differs from the others.

A path is listed only if a flow was seen to take it; combinations of branches that no flow took are
not. Behind a per-packet balancer there are no paths, for no flow keeps to one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.findings.tries import delays_at, tries
from mda.model import Reply
from mda.statistics.inference import holm, matters, share_interval
from mda.statistics.ranks import rank_probability
from mda.statistics.tables import fisher
from mda.studies.flow_paths import FlowPaths, Vertices, measured_ttl

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mda.answers.graph import Located
    from mda.answers.table import FlowTable
    from mda.findings.known import Known
    from mda.model import Outcome, ProbeRequest, Vertex
    from mda.statistics.delays import Delays

# A path differs where chance alone explains the difference with less than this probability, and the
# difference matters: enough probes would prove that routers differ by microseconds.
LEVEL: Final = 0.01
MOST_COMPARED: Final = 256  # paths that are measured and compared, the first by number
_WORTH_SHARE: Final = 0.02  # of probes, lost more or less than by others


@dataclass(frozen=True, slots=True)
class Times:
    """The number of probes sent, of probes lost, and the round-trip times of the others."""

    asked: int
    lost: int
    rtts_s: tuple[float, ...]  # ascending

    @property
    def loss(self) -> float:
        """The share of probes that were lost."""
        return self.lost / self.asked if self.asked else 0.0

    @property
    def median_s(self) -> float | None:
        """The median round-trip time; None without a reply."""
        return median(self.rtts_s) if self.rtts_s else None

    @property
    def p95_s(self) -> float | None:
        """The time within which 95 % of the replies came (nearest rank)."""
        if not self.rtts_s:
            return None
        return self.rtts_s[math.ceil(0.95 * len(self.rtts_s)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One path from end to end, its vertices from the first hop on.

    `number` counts from 1, in the order of the vertices. `flows` take it, and the first of them is
    measured. `share` is the path's share of all flows, with its 95 % interval from `low` to `high`.
    `times` are those of its last vertex that answers. `rtt_probability` and `loss_probability` are
    the probabilities of times and losses that differ so much from those of the other paths if all
    were alike, adjusted for the number of paths (Holm). `slower_s` is how far its median round-trip
    time lies above that of the others, `lossier` how far its loss lies above the median of theirs.
    """

    number: int
    vertices: Vertices
    flows: tuple[int, ...]
    share: float
    low: float
    high: float
    times: Times
    rtt_probability: float = 1.0
    loss_probability: float = 1.0
    slower_s: float = 0.0
    lossier: float = 0.0

    @property
    def measured_ttl(self) -> int:
        """The TTL of the last vertex that answers."""
        return measured_ttl(self.vertices)

    @property
    def end(self) -> Vertex:
        """The last vertex that answers, whose times are the path's; the last one if none does."""
        ends = (own for own in self.vertices if own.ttl == self.measured_ttl)
        return next(ends, self.vertices[-1])

    @property
    def is_silent(self) -> bool:
        """Whether nothing answers behind its end: what it carries may not arrive."""
        return self.vertices[-1].address is None

    @property
    def differs_in_rtt(self) -> bool:
        """Whether it is slower or faster than the others, by enough to matter."""
        usual_s = (self.times.median_s or 0.0) - self.slower_s
        return self.rtt_probability <= LEVEL and matters(self.slower_s, usual_s)

    @property
    def differs_in_loss(self) -> bool:
        """Whether it loses more or less than most of the others."""
        return self.loss_probability <= LEVEL and abs(self.lossier) >= _WORTH_SHARE


@dataclass(frozen=True, slots=True)
class PathHop:
    """A hop of a path that was followed: its vertex, and `others` that answered there as well."""

    ttl: int
    vertex: Vertex
    times: Times
    others: tuple[Vertex, ...]


@dataclass(frozen=True, slots=True)
class Followed:
    """The path to follow, and its `hops`; None if the name fits no path or several (see `chosen`).

    `every` are all paths.
    """

    every: tuple[Path, ...]
    path: Path | None
    hops: tuple[PathHop, ...]


class PathDelays(NamedTuple):
    """A path from end to end, and the figures of its last vertex that answers."""

    number: int
    vertices: Vertices
    delays: Delays


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to send packets that take a path: the ports in words, and commands that use them."""

    ports: str
    commands: tuple[str, ...]


def find(known: Known) -> tuple[Path, ...]:
    """Every path, with its times and losses."""
    if not known.follows_flows:
        return ()
    return paths(known.table, known.located, known.plain)


def find_delays(known: Known) -> tuple[PathDelays, ...]:
    """Every path, with the figures of all probes to its end."""
    if not known.follows_flows:
        return ()
    found = tries(known.plain, known.table.ends.places)
    taken = FlowPaths(known.table, known.located).paths()
    return tuple(
        PathDelays(number, vertices, delays_at(found, flows, measured_ttl(vertices)))
        for number, (vertices, flows) in enumerate(taken.items(), start=1)
    )


def find_followed(known: Known) -> Followed:
    """The path that the plan names, hop by hop."""
    every = find(known)
    path = chosen(every, known.record.plan.studies["follow"] or "")
    if path is None:
        return Followed(every, None, ())
    return Followed(every, path, hops_of(known.table, path, known.plain))


def paths(table: FlowTable, located: Located, outcomes: Iterable[Outcome]) -> tuple[Path, ...]:
    """Every path that flows are known to take, with its times and losses."""
    flow_paths = FlowPaths(table, located)
    taken = flow_paths.paths()
    if not taken:
        return ()
    everyone = sorted(located.hops[located.origin.ttl])
    # A flow that was sent further because of where it was would bias the shares.
    first_biased = next((flow for flow in everyone if flow_paths.undecided(flow)), None)
    fair = {
        vertices: [flow for flow in flows if first_biased is None or flow < first_biased]
        for vertices, flows in taken.items()
    }
    if not any(fair.values()):
        fair = taken
    total = sum(map(len, fair.values()))
    seen = Seen(outcomes)
    found = [
        Path(
            number=number,
            vertices=vertices,
            flows=tuple(flows),
            share=len(fair[vertices]) / total,
            low=share_interval(len(fair[vertices]), total)[0],
            high=share_interval(len(fair[vertices]), total)[1],
            times=seen.times(flows, measured_ttl(vertices)),
        )
        for number, (vertices, flows) in enumerate(taken.items(), start=1)
    ]
    ends = {vertex for path in found for vertex in path.vertices if vertex.ttl == path.measured_ttl}
    is_limited = any(vertex in table.limits(vertex.ttl).known() for vertex in ends)
    return _compared(found, compares_losses=not is_limited)


class Seen:
    """The replies and losses among outcomes, by flow and TTL; a late reply is not a loss."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._rtts: defaultdict[tuple[int, int], dict[ProbeRequest, float]] = defaultdict(dict)
        self._probed: defaultdict[tuple[int, int], set[ProbeRequest]] = defaultdict(set)
        for outcome in outcomes:
            request = outcome.request
            key = request.flow, request.ttl
            self._probed[key].add(request)
            if isinstance(outcome, Reply) and outcome.rtt_s is not None:
                self._rtts[key][request] = outcome.rtt_s

    def times(self, flows: Iterable[int], ttl: int) -> Times:
        """The times and losses of all probes of these flows at a TTL."""
        keys = [(flow, ttl) for flow in flows]
        rtts_s = sorted(rtt_s for key in keys for rtt_s in self._rtts.get(key, {}).values())
        asked = sum(len(self._probed.get(key, ())) for key in keys)
        return Times(asked, asked - len(rtts_s), tuple(rtts_s))


def _compared(every: Sequence[Path], *, compares_losses: bool) -> tuple[Path, ...]:
    """The paths, each with the probabilities that it does not differ from the others together.

    A path is compared with those that end at the same address: the figures of a path that goes
    silent before are those of a nearer router. Where an end limits the rate of its replies, losses
    say nothing of the path: not compared.
    """
    found = every[:MOST_COMPARED]
    by_rtt, by_loss, slower_s, lossier = [], [], [], []
    for path in found:
        alike = [other for other in found if other.end.address == path.end.address]
        others = [other for other in alike if other is not path]
        asked = sum(own.times.asked for own in alike)
        lost = sum(own.times.lost for own in alike)
        rtts_s = [rtt_s for other in others for rtt_s in other.times.rtts_s]
        by_rtt.append(rank_probability(path.times.rtts_s, rtts_s))
        has_losses = compares_losses and asked
        by_loss.append(
            fisher(path.times.lost, path.times.asked, lost, asked) if has_losses else 1.0
        )
        losses = [other.times.loss for other in others]
        # The median, because one lossy path would make every other path less lossy than the rest.
        lossier.append(path.times.loss - median(losses) if losses else 0.0)
        own_s = path.times.median_s
        slower_s.append(own_s - median(rtts_s) if rtts_s and own_s is not None else 0.0)
    compared = (
        replace(path, rtt_probability=rtt, loss_probability=loss, slower_s=slower, lossier=more)
        for path, rtt, loss, slower, more in zip(
            found, holm(by_rtt), holm(by_loss), slower_s, lossier, strict=True
        )
    )
    return (*compared, *every[MOST_COMPARED:])


def chosen(found: Sequence[Path], name: str) -> Path | None:
    """The path that a user names by its number, or by an address that is on no other path."""
    if name.isdecimal():
        return next((path for path in found if str(path.number) == name.lstrip("0")), None)
    through = [
        path for path in found if any(str(vertex.address) == name for vertex in path.vertices)
    ]
    return through[0] if len(through) == 1 else None


def hops_of(table: FlowTable, path: Path, outcomes: Iterable[Outcome]) -> tuple[PathHop, ...]:
    """Every hop of a path, as its first flow measured it."""
    flow, seen = path.flows[0], Seen(outcomes)
    found = []
    for vertex in path.vertices:
        answers = {answer for _, _, answer in table.hop(vertex.ttl).history(flow)}
        others = tuple(sorted(answers - {vertex}, key=lambda answer: answer.sort_key))
        found.append(PathHop(vertex.ttl, vertex, seen.times([flow], vertex.ttl), others))
    return tuple(found)
