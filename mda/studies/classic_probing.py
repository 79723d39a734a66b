"""A classic traceroute, for comparison: a procedure that follows the MDA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.explore.rounds import Rounds
from mda.studies.classic import requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import ProbeRequest
    from mda.procedure import History
    from mda.studies.task import Task


class ClassicProbing(Rounds):
    """Probes every hop as often as traceroute does, each probe as a different flow, none again."""

    def __init__(self, task: Task, history: History) -> None:
        super().__init__(history, task.attempts)
        last_ttl = self._table.last_answer()
        self._requests = list(requests(task.flow_field, task.first_ttl, last_ttl))

    def next_round(self) -> Sequence[ProbeRequest]:
        """See Rounds."""
        asked, self._requests = self._requests, []
        return asked
