"""The scout: flow 0, sent ahead of all others to learn how far the path goes.

It is sent to a dozen TTLs and to the last one. The probe to the last TTL is answered by the
destination, usually from much nearer; the answer then is a hint at the distance and belongs to no
hop, unless the path turns out to be that long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.model import Reply

if TYPE_CHECKING:
    from mda.answers.table import FlowTable
    from mda.explore.search import Reach
    from mda.explore.wave import Wave
    from mda.model import Outcome, ProbeRequest

SCOUT_WINDOW: Final = 12  # TTLs that the scout asks at a time; a longer path costs another round


class Scout:
    """Asks flow 0, and keeps the outcomes of its far probe out of the table until they count."""

    def __init__(self, table: FlowTable, reach: Reach) -> None:
        self._table = table
        self._reach = reach
        self._scouted_to = 0
        self._distance_hint = 0
        self._far_outcomes: list[Outcome] = []

    def is_far_probe(self, request: ProbeRequest) -> bool:
        """Whether this is the scout's probe to the last TTL and the path may end before it."""
        return request.flow == 0 and request.ttl > self._scouted_to

    def on_far_outcome(self, outcome: Outcome) -> None:
        """Take in an outcome of the far probe."""
        self._far_outcomes.append(outcome)
        if isinstance(outcome, Reply) and outcome.ends_path and outcome.quoted_ttl:
            # The end quotes the TTL that was left, which shows how far away it is.
            self._distance_hint = outcome.request.ttl - outcome.quoted_ttl + 1

    def ask(self, wave: Wave) -> None:
        """Ask flow 0 at the first TTLs and at the last, then to where the path seems to go."""
        max_ttl, ended = self._reach.max_ttl, self._table.ended
        last = min(self._reach.first_ttl - 1 + SCOUT_WINDOW, max_ttl)
        last = max(last, self._scouted_to, min(self._distance_hint, max_ttl))
        last_answer = self._table.answered_to.get(0, 0)
        if last_answer > last - self._reach.gap_limit and 0 not in ended:
            last = min(last + SCOUT_WINDOW, max_ttl)
        self._scouted_to = last
        while self._far_outcomes and last >= max_ttl:
            # The path is that long: the answer is not a hint, but a hop's.
            self._table.add(self._far_outcomes.pop())
        for ttl in range(self._reach.first_ttl, min(last, ended.get(0, last)) + 1):
            wave.ask_first(0, ttl)
        wave.ask_first(0, max_ttl)
