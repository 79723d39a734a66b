"""What the user asks for, checked, in groups: one frozen value from the command line down."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mda.frozen import Frozen
from paris.checks import address, checked_bound, positive, text, within
from paris.defaults import DEFAULT_RATE_PPS
from paris.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv6Address

    from mda.statistics.stopping import Bound

MAX_TTL: Final = 255


class Lane(NamedTuple):
    """A protocol to trace by, and its destination port (None for the usual one)."""

    protocol: str
    dport: int | None

    @property
    def name(self) -> str:
        """As the user writes it: "udp", "tcp/443"."""
        return self.protocol if self.dport is None else f"{self.protocol}/{self.dport}"


class Target(Frozen):
    """What is traced, and by which interface and wire.

    - `host`: a name or address; None with a simulated network.
    - `network`: a simulated network's name or file, None for the real one.
    - `ip_version`: 4 or 6; None takes what the name resolves to first.
    - `source`, `interface`: where to send from, None for the routing table's choice. The source
      may be given as text.
    - `wire`: what carries probes (see `paris.wire.registry`), None for the best available.
    - `by_link`: the bulk wire sends frames to the next hop, past routing.
    - `mark`: the mark of packets (SO_MARK), by which policy rules may route them.
    """

    host: str | None = None
    network: str | None = None
    ip_version: int | None = None
    source: IPv4Address | IPv6Address | None = None
    interface: str | None = None
    wire: str | None = None
    by_link: bool = False
    mark: int | None = None

    def __post_init__(self) -> None:
        if self.host is None and self.network is None:
            raise SettingsError("name a HOST to trace, or a simulated network with --sim")
        if self.host is not None and self.network is not None:
            raise SettingsError("name either a HOST or a simulated network with --sim, not both")
        self._check_texts()
        if self.network is not None and self.wire is not None:
            raise SettingsError("--wire is for a real network; --sim brings its own")
        if self.network is not None:
            for option, value in (
                ("-s/--source", self.source),
                ("-i/--interface", self.interface),
                ("--mark", self.mark),
            ):
                if value is not None:
                    raise SettingsError(f"{option} is for a real network; --sim brings its own")
        if self.mark is not None:
            within("--mark", self.mark, 1, 0xFFFFFFFF)
        if self.by_link and self.wire != "bulk":
            raise SettingsError("--link requires --wire bulk")

    def _check_texts(self) -> None:
        """Texts can be written again; addresses may be given as texts, and texts as addresses."""
        if self.host is not None:
            self.__dict__.update(host=str(self.host))
        if isinstance(self.source, str):
            self.__dict__.update(source=address("-s/--source", self.source))
        for option, value in (("-i/--interface", self.interface), ("--sim", self.network)):
            if value is not None:
                text(option, str(value))


class ProbeOptions(Frozen):
    """What the headers of probes hold.

    - `flow_field`: the field that numbers the flows, None for the protocol's usual one.
    - `sport`, `dport`: the ports of flow 0; None for a random source port, and for the protocol's
      usual destination port.
    - `traffic_class`: the TOS byte of IPv4, or the traffic class of IPv6.
    - `flow_label`: of IPv6, 20 bits.
    - `payload`: what UDP probes say (see `paris.packets.payloads`), None for what suits the port.
    """

    protocol: str = "udp"
    flow_field: str | None = None
    sport: int | None = None
    dport: int | None = None
    traffic_class: int = 0
    flow_label: int = 0
    payload: str | None = None

    def __post_init__(self) -> None:
        within("-t/--tos", self.traffic_class, 0, 255)
        within("--flow-label", self.flow_label, 0, 0xFFFFF)
        for option, port in (("--sport", self.sport), ("-p/--port", self.dport)):
            if port is not None:
                within(option, port, 1, 65535)
        if self.protocol == "icmp" and self.dport is not None:
            raise SettingsError("-p/--port has no meaning with -I: ICMP has no ports")
        if self.payload is not None:
            self.__dict__.update(payload=str(self.payload))
            if self.protocol != "udp":
                raise SettingsError(f"--payload is for UDP; leave out -{self.protocol[0].upper()}")


class Search(Frozen):
    """How many paths to look for, how far, and how sure to be.

    - `multipath`: every path, not the path of one flow; with `lite` by MDA-Lite.
    - `queries`: how many probes each hop gets in a single-path trace, and in a multipath trace how
      often a probe is tried before its silence is believed.
    - `gap_limit`: how many silent hops in a row end the trace.
    - `failure_probability`: the chance of missing a branch of an even split, in the whole graph, or
      with `per_vertex` at each vertex.
    - `min_share`: the bound then holds for every branch that carries at least this share of its
      router's flows, even or not.
    """

    multipath: bool = False
    lite: bool = False
    first_ttl: int = 1
    max_ttl: int = 30
    queries: int = 3
    gap_limit: int = 3
    failure_probability: float = 0.05
    per_vertex: bool = False
    min_share: float | None = None

    def __post_init__(self) -> None:
        within("-f/--first-hop", self.first_ttl, 1, MAX_TTL)
        within("-m/--max-hops", self.max_ttl, 1, MAX_TTL)
        if self.first_ttl > self.max_ttl:
            raise SettingsError(
                f"-f/--first-hop {self.first_ttl} is beyond -m/--max-hops {self.max_ttl}"
            )
        within("-q/--queries", self.queries, 1, 20)
        within("--gap-limit", self.gap_limit, 1, MAX_TTL)
        self.bound()
        for option, is_given in (
            ("--mda-lite", self.lite),
            ("--per-vertex", self.per_vertex),
            ("--min-share", self.min_share is not None),
            ("-c/--confidence", self.failure_probability != Search.failure_probability),
            ("--gap-limit", self.gap_limit != Search.gap_limit),
        ):
            if is_given and not self.multipath:
                raise SettingsError(f"{option} requires every path (--mda, multipath=True)")

    def bound(self) -> Bound:
        """What may be missed."""
        return checked_bound(
            self.failure_probability, per_vertex=self.per_vertex, min_share=self.min_share
        )


class Pace(Frozen):
    """How fast probes are sent, and how long a silence lasts before it is believed.

    `wait_s` None adapts the wait to the round trips that are seen. `most_in_flight` bounds the
    probes that wait for replies at one time, None for no bound.
    """

    rate_pps: float = DEFAULT_RATE_PPS
    wait_s: float | None = None
    most_in_flight: int | None = None

    def __post_init__(self) -> None:
        if self.most_in_flight is not None:
            within("-N/--sim-queries", self.most_in_flight, 1, 10**6)
        positive("--rate", self.rate_pps, "probes per second")
        if self.wait_s is not None:
            positive("-w/--wait", self.wait_s, "seconds")


class Budget(Frozen):
    """What a measurement may spend: probes sent in all, seconds in all; None for no limit."""

    max_probes: int | None = None
    deadline_s: float | None = None

    def __post_init__(self) -> None:
        if self.max_probes is not None:
            within("--max-probes", self.max_probes, 1, 10**9)
        if self.deadline_s is not None:
            positive("--deadline", self.deadline_s, "seconds")


class StudyOptions(Frozen):
    """What is asked beyond the graph.

    - `studies`: the names of studies (see `mda.studies.registry`), each with its argument, None
      where it takes none.
    - `parameters`: those parameters of studies that are not as usual.
    - `compare`: protocols that are used at once, instead of the one protocol and port.
    """

    studies: Mapping[str, str | None] = MappingProxyType({})
    parameters: Mapping[str, int] = MappingProxyType({})
    compare: tuple[Lane, ...] = ()

    def __post_init__(self) -> None:
        # Copies: the caller may change its own, and the defaults cannot be pickled.
        self.__dict__.update(studies=dict(self.studies), parameters=dict(self.parameters))
        self._check_names()
        if self.compare and self.studies:
            raise SettingsError("--compare and --ports cannot be combined with studies")
        if len(set(self.compare)) < len(self.compare) or len(self.compare) == 1:
            raise SettingsError("--compare needs two protocols at least, each given once")

    def _check_names(self) -> None:
        """Each study and parameter is known, and each parameter has a study that uses it."""
        if not self.studies and not self.parameters:
            return
        from mda.studies import registry

        known = registry.parameters()
        unknown = (self.studies.keys() - {study.name for study in registry.STUDIES}) | (
            self.parameters.keys() - known.keys()
        )
        if unknown:
            raise SettingsError(f"not a study or a parameter of one: {min(unknown)!r}")
        for name, value in self.parameters.items():
            within(f"--{name}", value, known[name].lowest, known[name].highest)
            users = registry.users(name)
            if not self.studies.keys() & set(users):
                raise SettingsError(f"--{name} requires --{' or --'.join(users)}")


class Repeat(Frozen):
    """Whether, how often and until when the paths that were found are probed again.

    A round begins every `every_s` seconds, None for no rounds, and ends when all are answered.
    `rounds` is how many there are, and `until_s` the seconds from the start of the measurement
    after which none begins; both None for no limit.
    """

    every_s: float | None = None
    rounds: int | None = None
    until_s: float | None = None

    def __post_init__(self) -> None:
        if self.every_s is None:
            for option, value in (("--count", self.rounds), ("--until", self.until_s)):
                if value is not None:
                    raise SettingsError(f"{option} requires --watch")
            return
        positive("--watch", self.every_s, "seconds")
        if self.rounds is not None:
            within("--count", self.rounds, 1, 10**9)
        if self.until_s is not None:
            positive("--until", self.until_s, "seconds")


class Settings(Frozen):
    """How to measure. Raises SettingsError with one clear line where values cannot be used.

    `seed` makes what is measured repeatable: which flows, with which headers, in which order. On a
    real network each run has its own tags all the same, and without raw sockets its own ports.
    """

    target: Target
    probe: ProbeOptions = ProbeOptions()
    search: Search = Search()
    pace: Pace = Pace()
    budget: Budget = Budget()
    study: StudyOptions = StudyOptions()
    repeat: Repeat = Repeat()
    seed: int | None = None

    @classmethod
    def of(cls, **options: Any) -> Settings:
        """Settings from the fields of all groups, each by its own name.

        >>> Settings.of(network="two-way", multipath=True).search.multipath
        True

        Raises TypeError for what is not a field, and SettingsError.
        """
        groups: dict[str, Any] = {
            name: group(**{own: options.pop(own) for own in group.field_names() if own in options})
            for name, group in GROUPS.items()
        }
        return cls(**groups, **options)

    def __post_init__(self) -> None:
        if self.seed is not None:
            within("--seed", self.seed, 0, 2**64 - 1)
        self._check_protocol()
        if self.study.compare and self.probe.payload is not None:
            raise SettingsError(
                "--compare takes the payload that suits a port; leave out --payload"
            )
        others = self.study.studies.keys() - {"follow"}
        if self.repeat.every_s is not None and (others or self.study.compare):
            raise SettingsError(
                "--watch cannot be combined with --compare, --ports and studies but --follow"
            )
        if self.target.network is not None:
            self._check_virtual_rounds()
        if self.study.studies and not self.search.multipath:
            self._check_single_path()
        if self.budget.max_probes is not None and self.search.multipath:
            self._check_budget(self.budget.max_probes)

    def _check_virtual_rounds(self) -> None:
        """In virtual time rounds never wait, so nobody could read them, or end them in time."""
        if self.repeat.until_s is not None:
            raise SettingsError("--until is a time of the real network; --count ends a simulation")
        if self.repeat.every_s is not None and self.repeat.rounds is None:
            raise SettingsError("--watch of a simulated network requires --count")

    def _check_single_path(self) -> None:
        """Each study can do with one path."""
        from mda.studies.registry import named

        if not all(named(study).follows_any for study in self.study.studies):
            raise SettingsError("studies require every path (--mda, multipath=True)")

    def _check_protocol(self) -> None:
        """Each study can work with the protocol."""
        if not self.study.studies:
            return
        from mda.studies.registry import STUDIES

        for study in STUDIES:
            if study.name in self.study.studies and self.probe.protocol in study.refuses:
                letter = self.probe.protocol[0].upper()
                raise SettingsError(f"--{study.name} cannot be used with -{letter}")

    def _check_budget(self, most: int) -> None:
        """A budget is enough for one hop: with less, nothing can be stated with confidence."""
        from mda.explore.scout import first_ttls

        flows = self.search.bound().points(0).stop_at(1)
        one_hop = max(first_ttls(self.search.gap_limit) + 1, flows)
        if most < one_hop:
            raise SettingsError(
                f"--max-probes {most} cannot complete a single hop at this confidence: that takes "
                f"{one_hop}, a plain path of 12 hops {12 * flows}; "
                "allow more, or lower -c"
            )


GROUPS: Final[Mapping[str, type[Frozen]]] = {
    "target": Target,
    "probe": ProbeOptions,
    "search": Search,
    "pace": Pace,
    "budget": Budget,
    "study": StudyOptions,
    "repeat": Repeat,
}
