"""Measures paths: procedures that follow the MDA.

`EveryPath` probes the end of each path, up to a limit of paths, by one flow per path in each round.
`EveryHop` probes all hops of each path in the same way, and `ChosenPath` those of one path.
"""

from __future__ import annotations

from abc import abstractmethod
from math import inf
from typing import TYPE_CHECKING, Final

from mda.studies.flow_paths import measured_ttl
from mda.studies.path_search import PathSearch
from mda.studies.paths import MOST_COMPARED, chosen, paths

if TYPE_CHECKING:
    from mda.explore.wave import Wave
    from mda.model import Outcome
    from mda.procedure import History
    from mda.studies.flow_paths import FlowPaths
    from mda.studies.task import Task

_APART_S: Final = 0.02  # between two rounds


class _PathProbing(PathSearch):
    """Finds flows for every path, then measures for as many rounds as the task says."""

    def __init__(self, task: Task, history: History) -> None:
        super().__init__(task, history)
        self._measured = 0  # rounds

    def measure(self, wave: Wave) -> None:
        """See PathSearch."""
        if self._measured < self._task.parameters["rounds"]:
            self.measure_once(wave, self._measured)
        self._measured += 1

    @abstractmethod
    def measure_once(self, wave: Wave, number: int) -> None:
        """Ask what the round with that number, from 0, measures."""


class EveryPath(_PathProbing):
    """See Procedure: measures the end of every path."""

    def choose(self, flow_paths: FlowPaths) -> None:
        """See PathSearch."""
        paths = list(flow_paths.paths().items())[:MOST_COMPARED]
        self._targets = [(flows[0], measured_ttl(vertices)) for vertices, flows in paths]

    def measure_once(self, wave: Wave, number: int) -> None:
        """See _PathProbing. The paths take turns, so that none is always the first of a burst."""
        turn = number % max(len(self._targets), 1)
        for flow, ttl in (*self._targets[turn:], *self._targets[:turn]):
            wave.ask(flow, ttl)


class EveryHop(EveryPath):
    """See Procedure: measures every hop of every path.

    Rounds are apart: if each followed the replies to the one before, most would fall into the
    moments at which replies are quick, and a queue that comes and goes would hardly be seen.
    """

    def __init__(self, task: Task, history: History) -> None:
        super().__init__(task, history)
        self._resumes_s = -inf

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        super().on_outcome(outcome)
        if 0 < self._measured < self._task.parameters["rounds"]:
            self._resumes_s = max(self._resumes_s, outcome.sent_at_s + _APART_S)

    @property
    def resumes_s(self) -> float:
        """See Procedure."""
        return self._resumes_s

    def choose(self, flow_paths: FlowPaths) -> None:
        """See _PathProbing."""
        super().choose(flow_paths)
        self._targets = [
            (flow, ttl)
            for flow, last in self._targets
            for ttl in range(self._task.first_ttl, last + 1)
        ]


class ChosenPath(_PathProbing):
    """See Procedure: measures every hop of one path."""

    def choose(self, flow_paths: FlowPaths) -> None:
        """See PathSearch."""
        every = paths(flow_paths.table, flow_paths.located, ())
        self._path = chosen(every, self._task.argument or "")

    def measure_once(self, wave: Wave, number: int) -> None:
        """See _PathProbing."""
        if self._path is not None:
            for ttl in range(self._task.first_ttl, self._path.measured_ttl + 1):
                wave.ask(self._path.flows[0], ttl)
