"""What was to be measured, and by which means: what a reader of results needs of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress
    from mda.statistics.stopping import Bound


class Algorithm(Enum):
    """What was asked: one flow's path, or every path, each hop taken as one balancer or not."""

    PARIS = "paris"
    MDA = "mda"
    MDA_LITE = "mda-lite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """How the probes looked, as far as a reader of results needs it.

    `protocol` and `flow_field` are the option values ("udp", "sport", ...). `sport` and `dport`
    are those of flow 0; for ICMP `sport` is the echo identifier and `dport` None. Variants had
    their destinations in a prefix of `prefix_len` bits and their sources among `sources`; without
    `prefix_len` neither varied.
    """

    protocol: str
    flow_field: str
    sport: int
    dport: int | None
    traffic_class: int
    flow_label: int
    prefix_len: int | None = None
    sources: tuple[IPAddress, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was to be measured.

    `host` is the destination as the user wrote it; `network` names the simulated network, None
    for a real one; `seed` is what the run's random choices came from. `studies` are the names of
    those that were asked for, each with the argument of its option, None where it takes none.
    """

    host: str
    source: IPAddress
    destination: IPAddress
    algorithm: Algorithm
    bound: Bound
    probing: Probing
    first_ttl: int
    max_ttl: int
    attempts: int
    network: str | None
    seed: int
    studies: Mapping[str, str | None] = field(default_factory=dict)


class Stamp(Enum):
    """Who told when a probe left or an answer came: each is later or earlier than the wire.

    KERNEL: its own time stamp on the packet. USER: this program's clock, read just before sending
    or just after receiving. BATCH: spread evenly over the system call that sent many. VIRTUAL:
    simulated time, which is exact.
    """

    KERNEL = "kernel"
    USER = "user"
    BATCH = "batch"
    VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireReport:
    """How probes and answers were carried, and what this machine itself lost of them.

    `wire` is the option value ("raw", "unprivileged", ...). `sent` and `received` say who told
    the times; of sent probes `sent_otherwise` have the program's own, for want of a better one.
    `hidden` names the fields of replies that this wire cannot see. `waits` counts the sends that
    had to wait for room in a full queue, `dropped` the answers for which a receive queue had no
    room, and `reverse_path` the datagrams to this machine (anybody's) that its reverse path filter
    dropped meanwhile.
    """

    wire: str
    sent: Stamp
    received: Stamp
    sent_otherwise: int = 0
    hidden: tuple[str, ...] = ()
    waits: int = 0
    dropped: int = 0
    reverse_path: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Overrides for reading a saved measurement again; None keeps the recorded value."""

    algorithm: Algorithm | None = None
    bound: Bound | None = None
    studies: Mapping[str, str | None] = field(default_factory=dict)
