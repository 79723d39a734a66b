"""Flows for every path from end to end, and their measuring: a procedure that follows the MDA.

Theory of operation. The first flows, by number, are asked at every hop where a flow can be in
several places, so that the way of each is known. How many are enough is told by the stopping
points: the ways are the successors of one balancer that is as wide as there are ways. Then one flow
of each way is asked at its end again and again, all ways in every round, in turns (of very many the
first ones); and the one that is to be followed at all of its hops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mda.answers.graph import locate
from mda.answers.table import tabulate
from mda.explore.rounds import Rounds
from mda.explore.wave import Wave
from mda.statistics.stopping import stop_at
from mda.studies.balancer_evidence import plain_outcomes
from mda.studies.paths import MOST_COMPARED, Wayfinder, chosen, measured_ttl, routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress, ProbeRequest
    from mda.procedure import History

MOST_FLOWS: Final = 2000  # for which ways are looked for
_MANY_WAYS: Final = 128  # from which on so many flows are sent as may be: points take long to find
_MOST_SEARCHES: Final = 20  # rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is to be done: `rounds` probes to the end of every way if `measures`, and by `follow`.

    `follow` names a path as `paths.chosen` takes it, None for none. `flows` is how many there are.
    """

    source: IPAddress
    first_ttl: int
    attempts: int
    failure_probability: float
    flows: int
    rounds: int
    measures: bool
    follow: str | None


class Pathfinder(Rounds):
    """See Procedure, and the module's theory of operation."""

    def __init__(self, errand: Errand, history: History) -> None:
        super().__init__(history, errand.attempts)
        self._errand = errand
        self._searches = 0
        self._targets: list[tuple[int, int]] | None = None  # flows and the TTLs of their ends
        self._followed: tuple[int, int] | None = None
        self._measured = 0

    def next_round(self) -> Sequence[ProbeRequest]:
        """See Rounds."""
        wave = Wave(self.sent)
        if self._targets is None:
            self._search(wave)
            if wave.requests:
                return wave.requests
        rounds = self._errand.rounds
        if self._errand.measures and self._measured < rounds:
            # In turns, so that no path is always the first of a burst.
            targets = self._targets or []
            turn = self._measured % max(len(targets), 1)
            for flow, ttl in (*targets[turn:], *targets[:turn]):
                wave.ask(flow, ttl)
        elif self._followed is not None and self._measured < rounds * (1 + self._errand.measures):
            flow, end = self._followed
            for ttl in range(self._errand.first_ttl, end + 1):
                wave.ask(flow, ttl)
        self._measured += 1
        return wave.requests

    def _search(self, wave: Wave) -> None:
        """Ask for flows whose way is not known; or settle what is measured, if all are."""
        errand = self._errand
        table = tabulate(plain_outcomes(self.outcomes), errand.attempts)
        located = locate(table, errand.source, errand.first_ttl)
        finder = Wayfinder(table, located)
        taken = finder.ways()
        self._searches += 1
        if not located.unordered and self._searches <= _MOST_SEARCHES:
            enough = MOST_FLOWS
            if len(taken) < _MANY_WAYS:
                enough = stop_at(max(len(taken), 1), errand.failure_probability)
            for flow in range(min(enough, MOST_FLOWS, errand.flows)):
                self._ask_ways(flow, finder, wave)
        if wave.requests:
            return
        ways = list(taken.items())[:MOST_COMPARED]
        self._targets = [(flows[0], measured_ttl(way)) for way, flows in ways]
        if errand.follow is not None:
            route = chosen(routes(table, located, ()), errand.follow)
            if route is not None:
                self._followed = route.flows[0], route.measured_ttl

    def _ask_ways(self, flow: int, finder: Wayfinder, wave: Wave) -> None:
        """A flow at every hop where it can be in several places, and again where it was lost."""
        for ttl in finder.undecided(flow):
            wave.ask_first(flow, ttl)
        for ttl in finder.located.hops:
            hop = finder.table.hop(ttl)
            is_lost = flow in hop.losses and flow not in hop.answers
            if is_lost and wave.count(flow, ttl) < self._errand.attempts:
                wave.ask(flow, ttl)
