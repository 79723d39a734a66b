"""Probes every path again and again: a procedure that follows those that find the graph.

In each round every hop of every path that replies is probed once, path after path; each round
begins with another path. The flows of a path take turns, so that a share that moves is seen. Hops
that were silent are not probed again.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import locate
from mda.answers.table import tabulate
from mda.model import ProbeRequest, Reply
from mda.procedure import Procedure
from mda.rounds import Outage, WatchedPath
from mda.studies.flow_paths import FlowPaths
from mda.studies.paths import chosen, paths
from mda.variants import plain_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.answers.table import FlowTable
    from mda.model import IPAddress, Outcome, Vertex
    from mda.procedure import History
    from mda.studies.flow_paths import Vertices
    from mda.studies.watch import Watch

MOST_WATCHED: Final = 64  # paths
_MOST_FLOWS: Final = 32  # of a path, that take turns


class Repetition(NamedTuple):
    """How to watch: a round begins every `every_s` seconds, or when the one before is complete.

    It ends after so many `rounds`, or when a round would begin after `until_s` on the wire's clock.
    Of all paths only the one that `follow` names is probed, if it names any (see `paths.chosen`).
    """

    source: IPAddress
    first_ttl: int
    attempts: int
    every_s: float
    rounds: int | None = None
    until_s: float | None = None
    follow: str | None = None


class Watching(Procedure):
    """See Procedure: repeats the paths of `history`, into `watch`."""

    def __init__(self, repetition: Repetition, watch: Watch, history: History) -> None:
        self._repetition = repetition
        self._watch = watch
        self._table = tabulate(plain_outcomes(history.outcomes), repetition.attempts)
        self._first_attempt = 1 + max((own.attempt for own in history.requests), default=0)
        self._queue: deque[ProbeRequest] = deque()
        self._flying: dict[ProbeRequest, tuple[int, int]] = {}
        self._asked: dict[ProbeRequest, tuple[int, int]] = {}  # path and TTL, of this round
        self._outcomes: dict[tuple[int, int], Outcome] = {}
        self._refused: Outage | None = None  # in this round
        self._next_s: float | None = None  # when the next round is due
        self._resumes_s = -inf
        watch.begin(_watched(self._table, repetition))
        self._is_done = not watch.paths

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        if not (self._is_done or self._queue or self._flying):
            self._begin()
        requests = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        self._flying.update((request, self._asked[request]) for request in requests)
        return requests

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure; what comes after its round is too late."""
        place = self._asked.get(outcome.request)
        if place is None:
            return
        self._outcomes[place] = outcome
        self._flying.pop(outcome.request, None)
        self._end_if_over()

    def on_withheld(self, request: ProbeRequest, *, is_new: bool) -> bool:
        """See Procedure."""
        if self._refused is not None:
            self._refused = self._refused._replace(probes=self._refused.probes + 1)
        self._flying.pop(request, None)
        self._end_if_over()
        return False

    def on_refusal(self, reason: str, at_s: float) -> bool:
        """See Procedure; what cannot be sent now may be sent in a later round."""
        if self._refused is None:
            self._refused = Outage(reason, at_s, None, probes=0)
        return True

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        return self._table.rate_pps(ttl)

    @property
    def finished(self) -> bool:
        """See Procedure."""
        return self._is_done

    @property
    def is_recorded(self) -> bool:
        """See Procedure: `watch` is the account."""
        return False

    @property
    def resumes_s(self) -> float:
        """See Procedure."""
        return self._resumes_s

    def _begin(self) -> None:
        paths, number = self._watch.paths, self._watch.count
        turn = number % len(paths)
        self._outcomes, self._asked = {}, {}
        for path in (*paths[turn:], *paths[:turn]):
            flow = path.flows[number % len(path.flows)]
            for vertex in path.vertices:
                request = ProbeRequest(flow, vertex.ttl, self._first_attempt + number)
                self._queue.append(request)
                self._asked[request] = (path.number, vertex.ttl)

    def _end_if_over(self) -> None:
        if self._queue or self._flying or not self._asked:
            return
        outcomes, self._asked = self._outcomes, {}
        refused, self._refused = self._refused, None
        self._watch.end_round(outcomes, refused)
        repetition = self._repetition
        began_s = self._next_s
        if began_s is None:
            began_s = self._watch.latest_s
        ended_s = max(map(_ended_s, outcomes.values()), default=self._watch.latest_s)
        self._next_s = self._resumes_s = max(began_s + repetition.every_s, ended_s)
        is_last = repetition.rounds is not None and self._watch.count >= repetition.rounds
        is_late = repetition.until_s is not None and self._next_s > repetition.until_s
        self._is_done = is_last or is_late


def _ended_s(outcome: Outcome) -> float:
    return outcome.received_at_s if isinstance(outcome, Reply) else outcome.gave_up_at_s


def _watched(table: FlowTable, repetition: Repetition) -> list[WatchedPath]:
    """The paths to watch. Where flows do not keep to a path, flow 0 stands for all."""
    located = locate(table, repetition.source, repetition.first_ttl)
    if repetition.follow is not None:
        path = chosen(paths(table, located, ()), repetition.follow)
        return [] if path is None else [_watched_path(path.number, path.flows, path.vertices)]
    taken = FlowPaths(table, located).paths()
    if not taken and (met := _met(table, repetition.first_ttl)):
        taken = {met: [0]}
    return [
        _watched_path(number, flows, vertices)
        for number, (vertices, flows) in enumerate(islice(taken.items(), MOST_WATCHED), start=1)
    ]


def _watched_path(number: int, flows: Sequence[int], vertices: Vertices) -> WatchedPath:
    answering = tuple(vertex for vertex in vertices if vertex.address is not None)
    return WatchedPath(number, tuple(flows[:_MOST_FLOWS]), answering)


def _met(table: FlowTable, first_ttl: int) -> tuple[Vertex, ...]:
    """The vertices that flow 0 met, up to the end of its path."""
    end = table.ended.get(0, inf)
    return tuple(
        hop.answers[0]
        for ttl, hop in sorted(table.hops.items())
        if first_ttl <= ttl <= end and 0 in hop.answers
    )
