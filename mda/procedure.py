"""What every procedure is: asked for requests, told of outcomes, until it has no more to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mda.model import Outcome, ProbeRequest


class Procedure(Protocol):
    """Decides what to probe; knows no socket, clock or file.

    `on_outcome` only records and `wanted` only derives from what is recorded, so the order in
    which answers arrive cannot change what is known in the end.
    """

    def wanted(self, room: int) -> list[ProbeRequest]:
        """All requests worth having in flight now and not yet returned, at most `room` of them."""

    def on_outcome(self, outcome: Outcome) -> None:
        """Take in one outcome of a returned request; a reply may follow the loss of the same."""

    def rate_pps(self, ttl: int) -> float | None:
        """The probes a second that `ttl` answers, where routers there limit their answers."""

    @property
    def finished(self) -> bool:
        """Whether every returned request has its outcome and there is nothing more to ask."""
