"""A trace to a service with control probes, which begin where the service does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.model import Reply
from mda.multiplex import Multiplexed, lane_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import Loss, ProbeRequest
    from mda.procedure import Procedure


class Controlled(Multiplexed):
    """See Procedure: runs `main` in lane 0, and `controls` in the lanes behind it.

    The controls begin when `main` has found something other than an open port, or has waited in
    vain for a while; with `always`, at the latest when it has finished.
    """

    def __init__(self, main: Procedure, controls: Sequence[Procedure], *, always: bool) -> None:
        super().__init__([main])
        self._main = main
        self._waiting = list(controls)
        self._always = always
        self._is_open = self._is_refused = False

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        requests = super().wanted(room)
        if requests or not self._main.finished or not self._is_due():
            return requests
        self._begin()
        return super().wanted(room)

    def wanted_in_silence(self) -> list[ProbeRequest]:
        """See Procedure."""
        if not self._is_open:
            self._begin()
        return super().wanted_in_silence()

    def on_outcome(self, outcome: Reply | Loss) -> None:
        """See Procedure."""
        super().on_outcome(outcome)
        if isinstance(outcome, Reply) and not lane_of(outcome.request.flow)[0]:
            self._is_open |= outcome.is_open
            self._is_refused |= outcome.ends_path and not outcome.is_open

    @property
    def finished(self) -> bool:
        """See Procedure."""
        return super().finished and not (self._waiting and self._is_due())

    def _is_due(self) -> bool:
        return self._always or self._is_refused or not self._is_open

    def _begin(self) -> None:
        self._procedures += self._waiting
        self._waiting = []
