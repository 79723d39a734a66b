"""Finds flows for every path from end to end: what procedures that measure paths begin with.

The lowest flow numbers are probed at every hop where a flow can be at several vertices, so that the
path of each is known. The stopping points say how many flows are enough: all paths count as the
successors of one wide balancer.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Final

from mda.answers.graph import locate
from mda.answers.table import tabulate
from mda.explore.rounds import Rounds
from mda.explore.wave import Wave
from mda.statistics.stopping import stop_at
from mda.studies.flow_paths import FlowPaths
from mda.variants import plain_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import ProbeRequest
    from mda.procedure import History
    from mda.studies.task import Task

MOST_FLOWS: Final = 2000  # flows whose paths are searched for
_MANY_PATHS: Final = 128  # with more, all flows are sent: stopping points take long to compute
_MOST_SEARCHES: Final = 20  # rounds


class PathSearch(Rounds):
    """Finds flows for every path, then asks what `measure` asks, in as many rounds as that takes.

    In a trace of flow 0 alone, it is the path of that flow.
    """

    def __init__(self, task: Task, history: History) -> None:
        super().__init__(history, task.attempts)
        self._task = task
        self._searches = 0
        self._is_searching = True

    def next_round(self) -> Sequence[ProbeRequest]:
        """See Rounds."""
        wave = Wave(self.sent)
        if self._is_searching:
            self._search(wave)
            if wave.requests:
                return wave.requests
            self._is_searching = False
        self.measure(wave)
        return wave.requests

    @abstractmethod
    def choose(self, flow_paths: FlowPaths) -> None:
        """Choose what to measure, now that the paths are known."""

    @abstractmethod
    def measure(self, wave: Wave) -> None:
        """Ask what the next round measures; nothing at the end."""

    def _search(self, wave: Wave) -> None:
        """Ask flows whose path is not known; if there are none, choose what to measure."""
        task = self._task
        table = tabulate(plain_outcomes(self.outcomes), task.attempts)
        located = locate(table, task.source, task.first_ttl)
        flow_paths = FlowPaths(table, located)
        taken = len(flow_paths.paths())
        self._searches += 1
        if task.is_multipath and not located.unordered and self._searches <= _MOST_SEARCHES:
            enough = MOST_FLOWS
            if taken < _MANY_PATHS:
                enough = stop_at(max(taken, 1), task.failure_probability)
            for flow in range(min(enough, MOST_FLOWS, task.flows)):
                self._ask_path(flow, flow_paths, wave)
        if not wave.requests:
            self.choose(flow_paths)

    def _ask_path(self, flow: int, flow_paths: FlowPaths, wave: Wave) -> None:
        """Ask a flow at every hop where it can be at several vertices, again after losses."""
        for ttl in flow_paths.undecided(flow):
            wave.ask_first(flow, ttl)
        for ttl in flow_paths.located.hops:
            hop = flow_paths.table.hop(ttl)
            is_lost = flow in hop.losses and flow not in hop.answers
            if is_lost and wave.count(flow, ttl) < self._task.attempts:
                wave.ask(flow, ttl)
