"""What a watch knows: figures of every vertex, link and path over many rounds, and what changed.

Its size does not grow with the rounds: times are in sketches, and of outcomes only the last round's
are kept.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final, TypeVar

from mda.model import Reply, Vertex
from mda.rounds import Change, Figures, Outage, Rounds
from mda.statistics.delays import whole_ns
from mda.statistics.shifts import LATEST, Steady
from mda.statistics.sketches import Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mda.model import Outcome
    from mda.rounds import WatchedPath

# The chance that a watch reports any change although nothing changes, however long it lasts.
LEVEL: Final = 0.01
_MOST_EVENTS: Final = 256  # changes, and outages, that are kept: the latest
_MOST_PLACES: Final = 4096  # vertices, and links, with figures: a forger could invent more

_Key = TypeVar("_Key")


class Watch:
    """The account of a watch. `started_at_unix_s` is the Unix time of the wire's clock at 0.

    `count` rounds are complete, and `latest` has the outcomes of the last of them, by the path's
    number and TTL; `latest_s` is when it began, and `withheld` how many of its probes this system
    refused to send. `rounds` has the figures and all that follows from them. `on_round` is called
    after each round.
    """

    def __init__(self, on_round: Callable[[], object] = lambda: None) -> None:
        self._on_round = on_round
        self.started_at_unix_s = 0.0
        self.paths: tuple[WatchedPath, ...] = ()
        self.count = 0
        self.latest: Mapping[tuple[int, int], Outcome] = {}
        self.latest_s = 0.0
        self.withheld = 0
        self.changes: deque[Change] = deque(maxlen=_MOST_EVENTS)
        self.change_count = 0
        self.outages: deque[Outage] = deque(maxlen=_MOST_EVENTS)
        self.outage_count = 0
        self._vertices: dict[Vertex, Sketch] = {}
        self._links: dict[tuple[Vertex, Vertex], Sketch] = {}
        self._ends: dict[int, Sketch] = {}
        self._places: dict[tuple[int, int], _Place] = {}

    def begin(self, paths: Iterable[WatchedPath]) -> None:
        """Watch these paths from now on."""
        self.paths = tuple(paths)
        places = sum(len(path.vertices) for path in self.paths)
        for path in self.paths:
            self._ends[path.number] = Sketch()
            for vertex in path.vertices:
                self._places[path.number, vertex.ttl] = _Place(vertex, LEVEL / places)

    def end_round(
        self, outcomes: Mapping[tuple[int, int], Outcome], refused: Outage | None = None
    ) -> None:
        """Take in the outcomes of a round, by the path's number and TTL, and what did not leave."""
        self.latest = outcomes
        self.withheld = 0 if refused is None else refused.probes
        sent_at_s = [own.sent_at_s for own in outcomes.values()]
        if refused is not None:
            self._refuse(refused)
            sent_at_s.append(refused.began_s)
        elif outcomes and self._is_out:
            self.outages[-1] = self.outages[-1]._replace(ended_s=min(sent_at_s))
        self.latest_s = min(sent_at_s, default=self.latest_s)
        self.count += 1
        for path in self.paths:
            self._take_in(path)
        self._on_round()

    @property
    def rounds(self) -> Rounds:
        """All that is known now."""
        return Rounds(
            number=self.count,
            paths=self.paths,
            vertices=_figures(self._vertices),
            links=_figures(self._links),
            ends=_figures(self._ends),
            changes=tuple(self.changes),
            change_count=self.change_count,
            outages=tuple(self.outages),
            outage_count=self.outage_count,
        )

    @property
    def _is_out(self) -> bool:
        """Whether this system refused to send in the round before."""
        return bool(self.outages) and self.outages[-1].ended_s is None

    def _refuse(self, refused: Outage) -> None:
        if self._is_out:
            probes = self.outages[-1].probes + refused.probes
            self.outages[-1] = self.outages[-1]._replace(probes=probes)
        else:
            self.outages.append(refused)
            self.outage_count += 1

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
            sketches = [_bounded(self._vertices, vertex)]
            if near is not None:
                sketches.append(_bounded(self._links, (near, vertex)))
            if planned is path.vertices[-1]:
                sketches.append(self._ends[path.number])
            for sketch in sketches:
                if isinstance(outcome, Reply):
                    sketch.add_reply(outcome.received_at_s - outcome.sent_at_s, path.number)
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


def _figures(sketches: Mapping[_Key, Sketch]) -> dict[_Key, Figures]:
    return {
        key: Figures(own.delays.in_whole_ns(), None if own.last_s is None else whole_ns(own.last_s))
        for key, own in sketches.items()
    }


def _bounded(sketches: dict[_Key, Sketch], key: _Key) -> Sketch:
    """The sketch of `key`; beyond the most that are kept, one that nobody reads."""
    if key not in sketches and len(sketches) >= _MOST_PLACES:
        return Sketch()
    return sketches.setdefault(key, Sketch())
