"""What every wire is: datagrams out, datagrams in, and the clock.

A wire owns its clock because only it can reconcile kernel time stamps with the time of day, and
only it can make time jump (a simulated network waits for nothing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.plan import WireReport

# What each kind of wire is called, in options and in results.
RAW: Final = "raw"
UNPRIVILEGED: Final = "unprivileged"
BULK: Final = "bulk"
SIMULATED: Final = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireOptions:
    """What the user may choose of a wire.

    `interface` is the one that probes leave by, None for what routing says. With `by_link` they are
    sent as frames to the next hop, past routing.
    """

    interface: str | None = None
    by_link: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A datagram from its IP header on, and when it arrived (seconds on the wire's clock)."""

    datagram: bytes
    at_s: float


class Wire(Protocol):
    """Carries whole IP datagrams, header included, both ways.

    Moments are seconds on the wire's clock, in whole nanoseconds.
    """

    @property
    def hidden(self) -> frozenset[str]:
        """The fields of a Reply that this wire cannot see: what it shows of them means nothing."""

    @property
    def one_at_a_time(self) -> bool:
        """Whether each flow can have only one probe in flight."""

    @property
    def sends_whole(self) -> bool:
        """Whether datagrams leave as they are; if not, with their TTL, ports and payload."""

    @property
    def longest_wait_s(self) -> float:
        """How long after a probe the wire still takes in an answer to it; infinite if for ever."""

    def now_s(self) -> float:
        """Seconds since the wire was opened; never goes back."""

    def unix_s(self, at_s: float) -> float:
        """The moment `at_s` of this wire's clock as seconds since 1970, UTC."""

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """Send each datagram, in order; the moment that each left (same length).

        Raises WireError where the system refuses for good.
        """

    def corrections(self) -> list[tuple[int, float]]:
        """Moments of sending that became known since the last call.

        Each is the number of a datagram, counted from the wire's first, and when it left.
        """

    def receive(self, until_s: float) -> list[Received]:
        """What has arrived, waiting no longer than `until_s` for the first; empty if nothing did.

        Datagrams that have nothing to do with us may be among them: the caller matches.
        """

    def report(self) -> WireReport:
        """What kind of wire this is, and what was lost on this machine so far."""

    def close(self) -> None:
        """Give back what the wire holds; safe to call twice."""
