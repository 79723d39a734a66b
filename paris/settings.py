"""What the user asked for, checked: one frozen value from the command line down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mda.statistics.stopping import Bound
from paris.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv6Address

    from mda.plan import Algorithm

MAX_TTL: Final = 255
# Probes a second. Routers answer from their slow path, many at no more than some hundreds a
# second; a wave is spread over all hops, so each of ten hops sees a tenth of this.
DEFAULT_RATE_PPS: Final = 1000.0
DEFAULT_CONFIDENCE: Final = 95.0  # percent
MIN_SHARE: Final = 0.001  # finding thinner branches takes more flows than there are source ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read a saved measurement, where not as it was made: None leaves it as it was."""

    algorithm: Algorithm | None = None
    bound: Bound | None = None
    studies: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lane:
    """One of several protocols to be compared, and its destination port (None for the usual)."""

    protocol: str
    dport: int | None

    @property
    def name(self) -> str:
        """As the user writes it: "udp", "tcp/443"."""
        return self.protocol if self.dport is None else f"{self.protocol}/{self.dport}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to measure. Raises SettingsError with one clear line where values cannot be used.

    `multipath` asks for every path, with `lite` by MDA-Lite. `ip_version` None takes what the
    name resolves to first. `sport` and `dport` None leave the choice to the plan.
    `failure_probability` is what may be missed: in the whole graph, or with `per_vertex` at each
    vertex; with `min_share` it holds for uneven splits as well, for branches that carry at least
    that share. `queries` is how many probes each hop gets in a single-path trace, and how often a
    probe is tried before its silence is believed in a multipath trace. `network` is a simulated
    network's name or file, None for the real one. `wait_s` is how long a silence must
    last to be believed, None for what is usual. `wire` is what carries probes ("raw",
    "unprivileged" or "bulk"), None for the best that the system lets us have; `by_link` has
    "bulk" send frames to the next hop, past routing. `studies` are the names of the studies (see
    `mda.studies.registry`) that are asked for, each with its argument, None where it takes none,
    and `parameters` those that are not to be as usual. With
    `compare` each of those protocols is used instead of `protocol` and `dport`, all at once.
    """

    host: str | None = None
    network: str | None = None
    multipath: bool = False
    lite: bool = False
    ip_version: int | None = None
    protocol: str = "udp"
    flow_field: str | None = None
    sport: int | None = None
    dport: int | None = None
    traffic_class: int = 0
    flow_label: int = 0
    source: IPv4Address | IPv6Address | None = None
    interface: str | None = None
    first_ttl: int = 1
    max_ttl: int = 30
    queries: int = 3
    gap_limit: int = 3
    failure_probability: float = 0.05
    per_vertex: bool = False
    min_share: float | None = None
    wait_s: float | None = None
    rate_pps: float = DEFAULT_RATE_PPS
    max_probes: int | None = None
    deadline_s: float | None = None
    seed: int | None = None
    wire: str | None = None
    by_link: bool = False
    studies: Mapping[str, str | None] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    compare: tuple[Lane, ...] = ()

    def __post_init__(self) -> None:
        if self.host is None and self.network is None:
            raise SettingsError("name a HOST to trace, or a simulated network with --sim")
        if self.host is not None and self.network is not None:
            raise SettingsError("name either a HOST or a simulated network with --sim, not both")
        if self.network is not None and self.wire is not None:
            raise SettingsError("--wire is for a real network; --sim brings its own")
        if self.by_link and self.wire != "bulk":
            raise SettingsError("--link requires --wire bulk")
        _within("-f/--first-hop", self.first_ttl, 1, MAX_TTL)
        _within("-m/--max-hops", self.max_ttl, 1, MAX_TTL)
        self._check_studies()
        if self.compare and self.studies:
            raise SettingsError("--compare cannot be combined with other studies")
        if len(set(self.compare)) < len(self.compare) or len(self.compare) == 1:
            raise SettingsError("--compare needs two protocols at least, each given once")
        if self.first_ttl > self.max_ttl:
            raise SettingsError(
                f"-f/--first-hop {self.first_ttl} is beyond -m/--max-hops {self.max_ttl}"
            )
        _within("-q/--queries", self.queries, 1, 20)
        _within("--gap-limit", self.gap_limit, 1, MAX_TTL)
        _within("-t/--tos", self.traffic_class, 0, 255)
        _within("--flow-label", self.flow_label, 0, 0xFFFFF)
        for option, port in (("--sport", self.sport), ("-p/--port", self.dport)):
            if port is not None:
                _within(option, port, 1, 65535)
        self.bound()
        if self.wait_s is not None:
            _positive("-w/--wait", self.wait_s, "seconds")
        _positive("--rate", self.rate_pps, "probes per second")
        if self.max_probes is not None:
            _within("--max-probes", self.max_probes, 1, 10**9)
            self._check_budget(self.max_probes)
        if self.deadline_s is not None:
            _positive("--deadline", self.deadline_s, "seconds")

    def bound(self) -> Bound:
        """What may be missed."""
        return checked_bound(
            self.failure_probability, per_vertex=self.per_vertex, min_share=self.min_share
        )

    def _check_studies(self) -> None:
        """Each study and parameter is known, and goes with the rest."""
        from mda.studies import registry

        known = registry.parameters()
        for study in registry.STUDIES:
            if study.name in self.studies and self.protocol in study.refuses:
                letter = self.protocol[0].upper()
                raise SettingsError(f"--{study.name} cannot be used with -{letter}")
        unknown = (self.studies.keys() - {study.name for study in registry.STUDIES}) | (
            self.parameters.keys() - known.keys()
        )
        if unknown:
            raise SettingsError(f"not a study or a parameter of one: {min(unknown)!r}")
        for name, value in self.parameters.items():
            _within(f"--{name}", value, known[name].lowest, known[name].highest)
            users = registry.users(name)
            if not self.studies.keys() & set(users):
                raise SettingsError(f"--{name} requires --{' or --'.join(users)}")

    def _check_budget(self, most: int) -> None:
        """A budget must do for one hop: with less there is nothing to be sure of."""
        if not self.multipath:
            return
        from mda.explore.scout import SCOUT_WINDOW

        flows = self.bound().points(0).stop_at(1)
        one_hop = SCOUT_WINDOW + flows
        if most < one_hop:
            raise SettingsError(
                f"--max-probes {most} cannot complete a single hop at this confidence: that takes "
                f"{one_hop}, a plain path of 12 hops {one_hop + 11 * (flows - 1)}; "
                "allow more, or lower -c"
            )


def checked_bound(
    failure_probability: float, *, per_vertex: bool, min_share: float | None
) -> Bound:
    """What may be missed. Raises SettingsError where the probability or share cannot be used."""
    if not 0 < failure_probability < 1:
        raise SettingsError(
            f"-c/--confidence must lie above 0 and below 100, not "
            f"{100 * (1 - failure_probability):g}"
        )
    if min_share is not None and not MIN_SHARE <= min_share <= 0.5:
        raise SettingsError(
            f"--min-share must be from {100 * MIN_SHARE:g} to 50 percent, not {100 * min_share:g}"
        )
    return Bound(failure_probability, per_vertex, min_share)


def _within(option: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise SettingsError(f"{option} must be from {lowest} to {highest}, not {value}")


def _positive(option: str, value: float, unit: str) -> None:
    if not 0 < value < float("inf"):
        raise SettingsError(f"{option} must be a number of {unit} above 0, not {value:g}")
