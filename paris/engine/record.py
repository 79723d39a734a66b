"""The record of one run, and the recorder of its datagrams."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from mda.model import Outcome, ProbeRequest, StopReason, Unresolved, Way
    from mda.plan import Plan, WireReport
    from paris.errors import WireError
    from paris.wire.base import Received


class RawRecord(NamedTuple):
    """What one run of the engine recorded; times are seconds on the wire's clock.

    `failure` is the wire's error, if that ended the measurement.
    """

    started_at_s: float
    ended_at_s: float
    probes_sent: int
    outcomes: tuple[Outcome, ...]
    unresolved: tuple[Unresolved, ...]
    unmatched: Counter[str]
    wire: WireReport
    stopped: StopReason
    failure: WireError | None = None


class Recorder(Protocol):
    """Receives every datagram as soon as it is sent or received."""

    def sent(
        self, requests: Sequence[ProbeRequest], datagrams: Sequence[bytes], at_s: Sequence[float]
    ) -> None:
        """Record probes that have been sent."""

    def received(self, arrived: Sequence[Received]) -> None:
        """Record datagrams that arrived, replies and strays alike."""


class Journal(Recorder, Protocol):
    """Keeps a measurement as it is made."""

    def begin(
        self, plan: Plan, wire: WireReport, started_at_unix_s: float, taken: Mapping[int, Way]
    ) -> None:
        """Begin with a plan, before the first datagram.

        When a flow's first probe is sent, `taken` has its way, if flows may have several.
        """
