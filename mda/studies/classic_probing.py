"""An ordinary traceroute, for comparison: a procedure that follows the MDA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.explore.rounds import Rounds
from mda.studies.classic import requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import HeaderField, ProbeRequest
    from mda.procedure import History


class Ordinary(Rounds):
    """Asks every hop as often as traceroute does, once, each probe in a flow of its own."""

    def __init__(
        self, flow_field: HeaderField, first_ttl: int, attempts: int, history: History
    ) -> None:
        super().__init__(history, attempts)
        self._requests = list(requests(flow_field, first_ttl, self._table.last_answer()))

    def next_round(self) -> Sequence[ProbeRequest]:
        """See Rounds."""
        asked, self._requests = self._requests, []
        return asked
