"""Searches for what fits on every path: a procedure that follows the one that finds the paths.

The end of each path is asked for the longest packet first: on a network without narrow links that
is one probe per path. Only where it is refused or unanswered, the length that fits is searched for,
and then every hop of the path is asked for one byte more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.model import HeaderField
from mda.studies.lengths import TESTED, Lengths, long_flow, searched
from mda.studies.path_search import PathSearch
from mda.variants import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.explore.wave import Wave
    from mda.model import Outcome, ProbeRequest
    from mda.procedure import History
    from mda.studies.flow_paths import FlowPaths
    from mda.studies.lengths import Fit, Hop
    from mda.studies.task import Task


_AT_ONCE: Final = 2  # of long and of short probes in a test


class MtuProbing(PathSearch):
    """See Procedure."""

    def __init__(self, task: Task, history: History) -> None:
        super().__init__(task, history)
        self._fresh: list[Outcome] = []

    def choose(self, flow_paths: FlowPaths) -> None:
        """See PathSearch."""
        paths = searched(flow_paths.paths())
        longest = self._task.values.get(HeaderField.LENGTH, 0)
        self._lengths = Lengths(paths, longest, self._task.attempts)
        self._fresh.clear()

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        super().on_outcome(outcome)
        self._fresh.append(outcome)

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure; that one length goes no further says nothing of another."""
        return False

    def measure(self, wave: Wave) -> None:
        """See PathSearch."""
        self._lengths.add(self._fresh)
        self._fresh.clear()
        fits = self._lengths.fits()
        exact = {hop for hop, fit in fits.items() if self._is_settled(hop, fit)}
        for hop in self._lengths.hops:
            known = frozenset(fits[end].passes for end in _ends(hop) if end in exact)
            if hop.is_end or all(end in exact for end in _ends(hop)):
                self._ask(hop, fits[hop], known, wave)
        if not wave.requests:
            self._test(fits, wave)

    def _is_settled(self, hop: Hop, fit: Fit) -> bool:
        return self._lengths.question(hop, fit, frozenset()) is None

    def _ask(self, hop: Hop, fit: Fit, known: frozenset[int], wave: Wave) -> None:
        """Ask the next length: once, and if that is lost, until silence is believed."""
        length = self._lengths.question(hop, fit, known)
        if length is None:
            return
        flow = long_flow(hop.flow, length)
        asked = wave.count(flow, hop.ttl)
        for _ in range(max(self._task.attempts - asked, 0) if asked else 1):
            wave.ask(flow, hop.ttl)

    def _test(self, fits: Mapping[Hop, Fit], wave: Wave) -> None:
        """Ask what shows whether a length does not fit or was lost, long and short in turn.

        A few at a time: a router may say only so often that a packet is too big.
        """
        for hop in self._lengths.suspects(fits):
            long = long_flow(hop.flow, fits[hop].passes + 1)
            short = long_flow(hop.flow, SHORTEST)
            missing = TESTED + self._task.attempts - wave.count(long, hop.ttl)
            for _ in range(min(missing, _AT_ONCE)):
                wave.ask(short, hop.ttl)
                wave.ask(long, hop.ttl)


def _ends(hop: Hop) -> list[Hop]:
    """The ends of the paths through a hop."""
    own = [hop] if hop.is_end else []
    return own + [end for behind in hop.behind for end in _ends(behind)]
