"""What a watch knows: figures of every vertex, link and path over many rounds, and what changed.

Its size does not grow with the rounds: times are in sketches, and of outcomes only the last round's
are kept.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from mda.model import Reply, Vertex
from mda.statistics.shifts import LATEST, Steady
from mda.statistics.sketches import Sketch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.model import Outcome

# The chance that a watch reports any change although nothing changes, however long it lasts.
LEVEL: Final = 0.01
_MOST_CHANGES: Final = 256  # that are kept, the latest
_MOST_PLACES: Final = 4096  # vertices, and links, with figures: a forger could invent more

_Key = TypeVar("_Key")


class WatchedPath(NamedTuple):
    """A path that is watched: its number from 1, the flows that take turns, and where it replies.

    `vertices` ascend by TTL.
    """

    number: int
    flows: tuple[int, ...]
    vertices: tuple[Vertex, ...]


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


class Watch:
    """The account of a watch. `started_at_unix_s` is the Unix time of the wire's clock at 0.

    `rounds` are those that are complete, and `latest` has the outcomes of the last of them, by the
    path's number and TTL; `latest_s` is when it began. `vertices`, `links` and `ends` have the
    figures: a link's are those of probes to its far end that passed its near one, a path's those of
    probes to its last vertex that replies. `change_count` counts all `changes`.
    """

    def __init__(self) -> None:
        self.started_at_unix_s = 0.0
        self.paths: tuple[WatchedPath, ...] = ()
        self.rounds = 0
        self.latest: Mapping[tuple[int, int], Outcome] = {}
        self.latest_s = 0.0
        self.vertices: dict[Vertex, Sketch] = {}
        self.links: dict[tuple[Vertex, Vertex], Sketch] = {}
        self.ends: dict[int, Sketch] = {}
        self.changes: deque[Change] = deque(maxlen=_MOST_CHANGES)
        self.change_count = 0
        self._places: dict[tuple[int, int], _Place] = {}

    def begin(self, paths: Iterable[WatchedPath]) -> None:
        """Watch these paths from now on."""
        self.paths = tuple(paths)
        places = sum(len(path.vertices) for path in self.paths)
        for path in self.paths:
            self.ends[path.number] = Sketch()
            for vertex in path.vertices:
                self._places[path.number, vertex.ttl] = _Place(vertex, LEVEL / places)

    def end_round(self, outcomes: Mapping[tuple[int, int], Outcome]) -> None:
        """Take in the outcomes of a round, by the path's number and TTL."""
        self.latest = outcomes
        self.latest_s = min((own.sent_at_s for own in outcomes.values()), default=self.latest_s)
        self.rounds += 1
        for path in self.paths:
            self._take_in(path)

    def standing(self, path: int, ttl: int) -> Vertex:
        """The vertex that a path now usually meets at a TTL."""
        return self._places[path, ttl].usual

    def _take_in(self, path: WatchedPath) -> None:
        near: Vertex | None = None
        for planned in path.vertices:
            outcome = self.latest.get((path.number, planned.ttl))
            place = self._places[path.number, planned.ttl]
            if outcome is None:
                near = None
                continue
            vertex = place.usual
            if isinstance(outcome, Reply):
                vertex = Vertex.of(planned.ttl, outcome)
                self._note(path.number, place.add(vertex, outcome.sent_at_s))
            sketches = [_bounded(self.vertices, vertex)]
            if near is not None:
                sketches.append(_bounded(self.links, (near, vertex)))
            if planned is path.vertices[-1]:
                sketches.append(self.ends[path.number])
            for sketch in sketches:
                if isinstance(outcome, Reply):
                    sketch.add_reply(outcome.rtt_s)
                else:
                    sketch.add_loss()
            near = vertex

    def _note(self, path: int, change: Change | None) -> None:
        if change is not None:
            self.changes.append(change._replace(path=path))
            self.change_count += 1


class _Place:
    """Where a path is at a TTL: its `usual` vertex, and whether replies still come from there."""

    def __init__(self, usual: Vertex, level: float) -> None:
        self.usual = usual
        self._level = level
        self._steady = Steady(level)
        self._latest: deque[tuple[float, Vertex]] = deque(maxlen=LATEST)

    def add(self, vertex: Vertex, at_s: float) -> Change | None:
        """Count a reply to a probe of `at_s`; returns the change that it proves, if any."""
        self._latest.append((at_s, vertex))
        shift = self._steady.add(at_s, is_other=vertex != self.usual)
        if shift is None:
            return None
        since = [(own_s, own) for own_s, own in self._latest if own_s >= shift.at_s]
        moved = Counter(own for _, own in since if own != self.usual)
        change = Change(
            path=0,
            ttl=vertex.ttl,
            before=self.usual,
            after=moved.most_common(1)[0][0],
            last_s=shift.before_s,
            first_s=shift.at_s,
            found_s=at_s,
            moved=shift.others,
            trials=shift.trials,
            probability=shift.probability,
        )
        self.usual = Counter(own for _, own in since).most_common(1)[0][0]
        self._steady = Steady(self._level)
        for own_s, own in since:
            self._steady.add(own_s, is_other=own != self.usual)
        return change


def _bounded(sketches: dict[_Key, Sketch], key: _Key) -> Sketch:
    """The sketch of `key`; beyond the most that are kept, one that nobody reads."""
    if key not in sketches and len(sketches) >= _MOST_PLACES:
        return Sketch()
    return sketches.setdefault(key, Sketch())
