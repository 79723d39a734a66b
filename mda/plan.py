"""What a measurement was to find, and how: what a reader of its results needs to know."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress
    from mda.statistics.stopping import Bound


# Where traceroutes send UDP because nothing listens there.
_NO_SERVICES: Final = range(33434, 33535)


class Algorithm(Enum):
    """What to look for: one flow's path, or every path; MDA-Lite takes each hop as one balancer.

    The probes of a classic traceroute are another flow each; only other programs measure so.
    """

    CLASSIC = "classic"
    PARIS = "paris"
    MDA = "mda"
    MDA_LITE = "mda-lite"

    @property
    def is_multipath(self) -> bool:
        """Whether it looks for every path."""
        return self in (Algorithm.MDA, Algorithm.MDA_LITE)


class Probing(NamedTuple):
    """The header values of the probes.

    `protocol` and `flow_field` are the option values ("udp", "sport", ...). `sport` and `dport`
    are the ports of flow 0; for ICMP `sport` is the echo identifier, and `dport` is None. They are
    None where a file of another program does not say them, and then its flows are numbers. Variants
    have destinations in a prefix of `prefix_len` bits, and sources among `sources`. Without
    `prefix_len` neither varies. `mark` is that of the packets on the machine that sent them, 0 for
    none. `interface` names the interface, and `asked_source` is the source, that the user chose
    there; None for routing's choice. `payload` names what UDP probes say, None for our own text.
    `flags` is "ack" where TCP probes are ACKs, as other programs send, and None where these are
    SYNs.
    """

    protocol: str
    flow_field: str
    sport: int | None
    dport: int | None
    traffic_class: int
    flow_label: int
    prefix_len: int | None = None
    sources: tuple[IPAddress, ...] = ()
    mark: int = 0
    interface: str | None = None
    asked_source: IPAddress | None = None
    payload: str | None = None
    flags: str | None = None

    @property
    def service(self) -> str:
        """The protocol and port of the probes, as people write them: tcp/443, or icmp."""
        return self.protocol if self.dport is None else f"{self.protocol}/{self.dport}"

    @property
    def has_known_ports(self) -> bool:
        """Whether the probes have ports, and these are known."""
        return self.sport is not None and self.dport is not None

    @property
    def is_to_service(self) -> bool:
        """Whether these probes ask for a service: see the function."""
        is_asking = self.flags is None  # a host resets any ACK that it does not expect
        return is_asking and is_to_service(self.protocol, self.dport, self.flow_field)


def is_to_service(protocol: str, dport: int | None, flow_field: str) -> bool:
    """Whether probes ask for a service: by TCP, or by UDP at a port where services may be."""
    if dport is None or flow_field == "dport":
        return False
    return protocol == "tcp" or dport not in _NO_SERVICES


class Plan(Frozen):
    """What a measurement was to find.

    `host` is the destination as the user wrote it. `zone` names the interface on whose link a
    link-local destination is meant. `network` names the simulated network; it is None for a real
    one. The random choices of what is measured derive from `seed`, None if another program made
    them. `studies` has the name of each requested study with the argument of its option, None where
    the option takes none.
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
    seed: int | None
    studies: Mapping[str, str | None] = MappingProxyType({})
    zone: str | None = None

    @property
    def target(self) -> str:
        """The destination's address with its zone, as programs take it (RFC 4007 section 11)."""
        return str(self.destination) if self.zone is None else f"{self.destination}%{self.zone}"


class Stamp(Enum):
    """Where the time of a departure or an arrival comes from."""

    #: The kernel's time stamp on the packet.
    KERNEL = "kernel"
    #: This program's clock, read just before sending or just after receiving.
    USER = "user"
    #: The duration of a system call that sent many probes, spread evenly over them.
    BATCH = "batch"
    #: Simulated time, which is exact.
    VIRTUAL = "virtual"
    #: A file of another program does not say.
    UNKNOWN = "unknown"


class Withheld(NamedTuple):
    """How many probes, of how many flows, this machine's system refused to send for one reason.

    `closed_ways` counts the ways out of this machine by which only such flows would have left. With
    `is_route` the reason is that no route leads there; otherwise a firewall may be the reason.
    """

    reason: str
    probes: int
    flows: int
    closed_ways: int = 0
    is_route: bool = False


class WireReport(NamedTuple):
    """How probes and replies were carried, and which of them this machine itself dropped.

    `wire` is the option value ("raw", "unprivileged", ...). `sent` and `received` say where their
    times come from; `sent_otherwise` counts the probes that have only the program's own time.
    `hidden` names the fields of replies that this wire cannot see. `waits` counts the sends that
    had to wait for room in a full queue. `dropped` counts the replies for which a receive queue had
    no room. `reverse_path` counts the datagrams, of any program, that the machine's reverse path
    filter dropped during the trace. `withheld` are the probes that the system refused to send, by
    its reason; they count as not sent. `tool` names the program that measured, if another did; then
    `wire` is "unknown", and so is what the machine did, whose counts are 0.
    """

    wire: str
    sent: Stamp
    received: Stamp
    sent_otherwise: int = 0
    hidden: tuple[str, ...] = ()
    waits: int = 0
    dropped: int = 0
    reverse_path: int = 0
    withheld: tuple[Withheld, ...] = ()
    tool: str | None = None


class Reading(NamedTuple):
    """Overrides for reading a saved measurement again; None keeps the recorded value."""

    algorithm: Algorithm | None = None
    bound: Bound | None = None
    studies: Mapping[str, str | None] = MappingProxyType({})
