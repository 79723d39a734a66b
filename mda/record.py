"""The record of a measurement: its plan and its outcomes. All findings follow from it."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mda.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress, Outcome, StopReason, Unresolved, Way
    from mda.plan import Plan, WireReport
    from mda.rounds import Rounds


class Fate(Enum):
    """How a flow's path ends; the strongest statement comes first."""

    #: The destination accepts: a SYN-ACK, or an answer by UDP or ICMP.
    OPEN = "open"
    #: A reset, or of UDP the destination's "port unreachable".
    CLOSED = "closed"
    #: Someone refuses the probes on purpose, by an ICMP error.
    REFUSED = "refused"
    #: An ICMP error says that there is no way to the destination.
    UNREACHABLE = "unreachable"
    #: The path goes round.
    LOOP = "loop"
    #: Nothing answers any more.
    SILENT = "silent"

    @property
    def is_at_host(self) -> bool:
        """Whether probes reach the host."""
        return self in (Fate.OPEN, Fate.CLOSED)


class Control(NamedTuple):
    """What control probes of a protocol and port found beside a trace to a service.

    `name` is their protocol and port ("tcp/443"), and `probes` how many were sent. They ended with
    `fate` at the responder `address`, `hop` hops away, or were answered there last; None if nothing
    answered. `reply_ttl` is the TTL of the reply that ended them. `via` has the addresses that they
    are known to have passed, in order.
    """

    name: str
    probes: int
    fate: Fate
    hop: int | None
    address: IPAddress | None
    reply_ttl: int | None
    via: tuple[IPAddress, ...]

    def reaches(self, version: int) -> bool:
        """Whether they reach the host by this IP version."""
        is_of_version = self.address is not None and self.address.version == version
        return self.fate.is_at_host and is_of_version


class Table(NamedTuple):
    """A file that a lookup asks, and its date: when it was built if it says so, or last changed."""

    file: str
    at_unix_s: float
    is_built: bool


class Record(Frozen):
    """One measurement, finished or cut short. Times of outcomes count from its start, in seconds.

    `outcomes` are in the order in which they became known. `unresolved` are the probes without an
    outcome at the end. `wire` describes what carried them. `unmatched` counts, by reason, the
    datagrams that were not replies to our probes. `names` has the responders' names from the name
    service, if it was asked. `facts` has the texts that other lookups found, by lookup and address,
    and `tables` the files that were asked for them, by lookup. `ways` has the way of each flow out
    of this machine, if they had several. `others` are the outcomes of other protocols that probed
    at the same time, with flow numbers that no procedure gives. `controls` say what other probes
    found beside a trace to a service, and `addresses` are all of the host's name, in the order in
    which the system prefers them, if that was asked. `rounds` are those of a watch that followed.
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
    names: Mapping[IPAddress, str] = MappingProxyType({})
    facts: Mapping[str, Mapping[IPAddress, str]] = MappingProxyType({})
    tables: Mapping[str, tuple[Table, ...]] = MappingProxyType({})
    ways: Mapping[int, Way] = MappingProxyType({})
    others: tuple[Outcome, ...] = ()
    controls: tuple[Control, ...] = ()
    addresses: tuple[IPAddress, ...] = ()
    rounds: Rounds | None = None
