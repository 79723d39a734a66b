"""A trace by one protocol after another, until the destination answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.model import Reply
from mda.multiplex import Multiplexed, lane_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress, Loss, ProbeRequest
    from mda.procedure import Procedure


class Escalating(Multiplexed):
    """See Procedure: each of `procedures`, in a lane, begins where those before do not get through.

    It need not wait for them to finish: they may still wait for replies. Nothing else is waited for
    where one has finished that got an answer of the `destination`.
    """

    def __init__(self, procedures: Sequence[Procedure], destination: IPAddress) -> None:
        super().__init__(procedures[:1])
        self._waiting = list(procedures[1:])
        self._destination = destination
        self._through: set[int] = set()  # lanes

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        requests = super().wanted(room)
        while not requests and super().finished and self._begins_next():
            requests = super().wanted(room)
        return requests

    def wanted_in_silence(self) -> list[ProbeRequest]:
        """See Procedure."""
        requests = super().wanted_in_silence()
        self._begins_next()
        return requests

    def on_outcome(self, outcome: Reply | Loss) -> None:
        """See Procedure."""
        super().on_outcome(outcome)
        if isinstance(outcome, Reply) and self._is_arrival(outcome):
            self._through.add(lane_of(outcome.request.flow)[0])

    def _is_arrival(self, reply: Reply) -> bool:
        return reply.ends_path and not reply.is_refusal and reply.is_from(self._destination)

    @property
    def finished(self) -> bool:
        """See Procedure."""
        if any(self._procedures[lane].finished for lane in self._through):
            return True
        return super().finished and (bool(self._through) or not self._waiting)

    def _begins_next(self) -> bool:
        """Begin the next procedure, if it is needed and there is one."""
        if self._through or not self._waiting:
            return False
        self._procedures.append(self._waiting.pop(0))
        return True
