"""The record of a measurement: its plan and its outcomes. All findings follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress, Outcome, StopReason, Unresolved, Way
    from mda.plan import Plan, WireReport


@dataclass(frozen=True, kw_only=True)
class Record:
    """One measurement, finished or cut short. Times of outcomes count from its start, in seconds.

    `outcomes` are in the order in which they became known. `unresolved` are the probes without an
    outcome at the end. `wire` describes what carried them. `unmatched` counts, by reason, the
    datagrams that were not replies to our probes. `names` has the responders' names from the name
    service, if it was asked. `facts` has the texts that other lookups found, by lookup and address.
    `ways` has the way of each flow out of this machine, if they had several.
    """

    plan: Plan
    started_at_unix_s: float
    duration_s: float
    probes_sent: int
    outcomes: tuple[Outcome, ...]
    unresolved: tuple[Unresolved, ...]
    wire: WireReport
    unmatched: Mapping[str, int]
    stopped: StopReason
    names: Mapping[IPAddress, str] = field(default_factory=dict)
    facts: Mapping[str, Mapping[IPAddress, str]] = field(default_factory=dict)
    ways: Mapping[int, Way] = field(default_factory=dict)
