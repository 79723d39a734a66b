"""The interface of every wire: it sends datagrams, receives datagrams, and owns the clock.

Only the wire can reconcile kernel time stamps with the time of day, and only it can let time jump
(a simulated network waits for nothing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mda.model import IPAddress
    from mda.plan import WireReport

# The name of each kind of wire, in options and in results.
RAW: Final = "raw"
UNPRIVILEGED: Final = "unprivileged"
BULK: Final = "bulk"
SIMULATED: Final = "simulated"
UNLIMITED: Final = 1 << 30  # the room of a wire that can have any number of probes in flight


class WireOptions(NamedTuple):
    """What the user may choose about a wire.

    Probes leave by `interface`; None leaves that to routing. With `by_link` the wire bypasses
    routing and sends probes as frames to the next hop. `mark` is the mark of packets, by which
    policy rules may route them; 0 for none. `source` is the source that the user chose.
    """

    interface: str | None = None
    by_link: bool = False
    mark: int = 0
    source: IPAddress | None = None


class Received(NamedTuple):
    """A datagram, starting at its IP header, and when it arrived (seconds on the wire's clock)."""

    datagram: bytes
    at_s: float


class Wire(Protocol):
    """Carries whole IP datagrams, header included, in both directions.

    All times are seconds on the wire's clock, in whole nanoseconds.
    """

    @property
    def hidden(self) -> frozenset[str]:
        """The fields of a Reply that this wire cannot see; their values mean nothing."""

    @property
    def one_at_a_time(self) -> bool:
        """Whether each flow can have only one probe in flight."""

    @property
    def sends_whole(self) -> bool:
        """Whether datagrams leave unchanged; otherwise they keep only TTL, ports and payload."""

    @property
    def longest_wait_s(self) -> float:
        """How long after a probe (seconds) the wire still accepts its reply; may be infinite."""

    @property
    def room(self) -> int:
        """How many more probes can be in flight now; 0 only while some are."""

    def settle(self, numbers: Iterable[int]) -> None:
        """Learn that nobody waits any longer for replies to these datagrams.

        They are numbered as in `corrections`.
        """

    def now_s(self) -> float:
        """Seconds since the wire was opened; never decreases."""

    def unix_s(self, at_s: float) -> float:
        """The time `at_s` of this wire's clock as seconds since 1970, UTC."""

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        """Send each datagram, in order; returns when each left (same length).

        Raises WithheldError if the system refuses one of them, which then counts as not sent, and
        WireError if it fails for good; each has the send times of those before.
        """

    def corrections(self) -> list[tuple[int, float]]:
        """Send times that became known since the last call.

        Each is the number of a datagram, counted from the wire's first, and when it left.
        """

    def gather(self, until_s: float) -> None:
        """Let replies arrive until then, to read them all at once.

        A wire that does not learn from the kernel when each arrived does nothing.
        """

    def receive(self, until_s: float) -> list[Received]:
        """The datagrams that arrived; waits for the first until `until_s`, then returns none.

        Unrelated datagrams may be among them: the caller matches replies to probes.
        """

    def report(self) -> WireReport:
        """The kind of this wire, and how many datagrams this machine has lost so far."""

    def close(self) -> None:
        """Release the wire's resources; safe to call twice."""
