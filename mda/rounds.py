"""What the rounds of a watch showed: figures of every vertex, link and path, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import Vertex
    from mda.statistics.delays import Delays


class WatchedPath(NamedTuple):
    """A path that is watched: its number from 1, the flows that take turns, and where it replies.

    `vertices` ascend by TTL.
    """

    number: int
    flows: tuple[int, ...]
    vertices: tuple[Vertex, ...]


class Figures(NamedTuple):
    """The figures of many probes, and the latest of their round trips in seconds, if any."""

    delays: Delays
    last_s: float | None


class Change(NamedTuple):
    """At a TTL, a path's probes are answered by `after` rather than `before`.

    `last_s` is when the last probe was sent before the change, and `first_s` when the first one
    after it was; `found_s` is when the test was sure. `moved` of the `trials` replies since then
    come from elsewhere than `before`. `probability` is the chance of that without a change. All
    times are seconds on the wire's clock.
    """

    path: int
    ttl: int
    before: Vertex
    after: Vertex
    last_s: float
    first_s: float
    found_s: float
    moved: int
    trials: int
    probability: float


class Outage(NamedTuple):
    """This system refused to send `probes`, and said `reason`.

    That began at `began_s`, and `ended_s` is when all probes of a round left again; None if that
    has not happened yet. Times are seconds on the wire's clock.
    """

    reason: str
    began_s: float
    ended_s: float | None
    probes: int


class Rounds(NamedTuple):
    """The account of a `number` of complete rounds.

    A link's figures are those of probes to its far end that passed its near one, a path's (`ends`,
    by its number) those of probes to its last vertex that replies. Of `change_count` changes and
    `outage_count` outages the latest are kept.
    """

    number: int
    paths: tuple[WatchedPath, ...]
    vertices: Mapping[Vertex, Figures]
    links: Mapping[tuple[Vertex, Vertex], Figures]
    ends: Mapping[int, Figures]
    changes: tuple[Change, ...]
    change_count: int
    outages: tuple[Outage, ...]
    outage_count: int
