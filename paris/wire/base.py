"""What every wire is: batches of datagrams out, batches in, and the clock.

A wire owns its clock because only it can reconcile kernel time stamps with the time of day, and
only it can make time jump (a simulated network waits for nothing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Received:
    """A datagram from its IP header on, and when it arrived (seconds on the wire's clock)."""

    datagram: bytes
    at_s: float


class Wire(Protocol):
    """Carries whole IP datagrams, header included, both ways."""

    def now_s(self) -> float:
        """Seconds since the wire was opened; never goes back."""

    def unix_s(self, at_s: float) -> float:
        """The moment `at_s` of this wire's clock as seconds since 1970, UTC."""

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """Send each datagram, in order; the moment that each left (same length).

        Raises WireError where the system refuses for good.
        """

    def receive(self, until_s: float) -> list[Received]:
        """What has arrived, waiting no longer than `until_s` for the first; empty if nothing did.

        Datagrams that have nothing to do with us may be among them: the caller matches.
        """

    def close(self) -> None:
        """Give back what the wire holds; safe to call twice."""
