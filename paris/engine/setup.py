"""Settings and a resolved destination into what the engine runs: headers, procedure, plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.explore.explorer import Explorer
from mda.explore.single_flow import Path
from mda.model import HeaderField
from mda.plan import Algorithm, Plan, Probing, Study
from mda.statistics.stopping import Bound
from paris.errors import SettingsError
from paris.packets.flows import PREFIX_LEN, Flows
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from mda.model import IPAddress
    from mda.procedure import History, Procedure
    from mda.studies.classifier import Scope
    from paris.settings import Settings

_DEFAULT_PORT: Final = {Protocol.UDP: 33434, Protocol.TCP: 80, Protocol.ICMP: 0}
# Base source ports lie below the range from which Linux gives its own sockets theirs, so that
# answers to other programs are not taken for ours, and leave more than 10,000 flows above.
_SOURCE_PORTS: Final = range(10_000, 22_000)


def flows_for(
    settings: Settings,
    source: IPAddress,
    destination: IPAddress,
    random: Random,
    sources: tuple[IPAddress, ...] = (),
) -> Flows:
    """The header fields of every flow of this run. Raises SettingsError where they clash.

    `sources` are other addresses that probes may come from.
    """
    protocol = Protocol(settings.protocol)
    if settings.flow_field is None:
        icmp = protocol is Protocol.ICMP
        field = HeaderField.ICMP_CHECKSUM if icmp else HeaderField.SPORT
    else:
        field = HeaderField(settings.flow_field)
    sport = random.choice(_SOURCE_PORTS) if settings.sport is None else settings.sport
    return Flows(
        source=source,
        destination=destination,
        protocol=protocol,
        field=field,
        sport=sport,
        dport=_DEFAULT_PORT[protocol] if settings.dport is None else settings.dport,
        traffic_class=settings.traffic_class,
        flow_label=settings.flow_label,
        varies=bool(settings.studies),
        prefix_len=prefix_len(settings, destination),
        sources=sources,
    )


def prefix_len(settings: Settings, destination: IPAddress) -> int | None:
    """The prefix in which destinations may vary; None if no address is to vary.

    Raises SettingsError if there is no such prefix.
    """
    if Study.CLASSIFY not in settings.studies:
        return None
    if settings.prefix_len is None:
        return PREFIX_LEN[destination.version]
    if settings.prefix_len > destination.max_prefixlen:
        raise SettingsError(
            f"--prefix-len must be from 1 to {destination.max_prefixlen} for {destination}, "
            f"not {settings.prefix_len}"
        )
    return settings.prefix_len


def bound(settings: Settings) -> Bound:
    """What may be missed."""
    return Bound(settings.failure_probability, settings.per_vertex, settings.min_share)


def algorithm(*, multipath: bool, lite: bool) -> Algorithm:
    """What the options ask for."""
    if not multipath:
        return Algorithm.PARIS
    return Algorithm.MDA_LITE if lite else Algorithm.MDA


def measurement_plan(settings: Settings, flows: Flows, seed: int) -> Plan:
    """What is to be measured, as results say it."""
    return Plan(
        host=settings.host if settings.host is not None else str(flows.destination),
        source=flows.source,
        destination=flows.destination,
        algorithm=algorithm(multipath=settings.multipath, lite=settings.lite),
        bound=bound(settings),
        probing=Probing(
            protocol=flows.protocol.value,
            flow_field=flows.field.value,
            sport=flows.sport,
            dport=flows.headers(0).dport,
            traffic_class=flows.traffic_class,
            flow_label=flows.flow_label,
            prefix_len=flows.prefix_len,
            sources=flows.sources,
        ),
        first_ttl=settings.first_ttl,
        max_ttl=settings.max_ttl,
        attempts=settings.queries,
        network=settings.network,
        seed=seed,
        studies=settings.studies,
        follow=settings.follow,
    )


def procedure_for(settings: Settings, flows: Flows, *, sends_whole: bool) -> Procedure:
    """The procedure that the settings ask for, given whether the wire sends whatever it is told."""
    if not settings.multipath:
        return Path(
            first_ttl=settings.first_ttl, max_ttl=settings.max_ttl, queries=settings.queries
        )
    explorer = Explorer(
        source=flows.source,
        bound=bound(settings),
        first_ttl=settings.first_ttl,
        max_ttl=settings.max_ttl,
        attempts=settings.queries,
        gap_limit=settings.gap_limit,
        flows=flows.capacity,
        lite=settings.lite,
    )
    if not settings.studies:
        return explorer
    from mda.procedure import Chain
    from mda.studies.classic_probing import Ordinary
    from mda.studies.classifier import Classifier  # not where nothing is studied
    from mda.studies.path_probing import Errand, Pathfinder

    following: list[Callable[[History], Procedure]] = []
    if Study.CLASSIC in settings.studies:
        following.append(
            lambda history: Ordinary(flows.field, settings.first_ttl, settings.queries, history)
        )
    if Study.CLASSIFY in settings.studies:
        scope = _scope(settings, flows, sends_whole=sends_whole)
        following.append(lambda history: Classifier(scope, history))
    if settings.studies & {Study.PATHS, Study.FOLLOW}:
        errand = Errand(
            source=flows.source,
            first_ttl=settings.first_ttl,
            attempts=settings.queries,
            failure_probability=settings.failure_probability,
            flows=flows.capacity,
            rounds=settings.rounds,
            measures=Study.PATHS in settings.studies,
            follow=settings.follow,
        )
        following.append(lambda history: Pathfinder(errand, history))
    return Chain(explorer, *following)


def _scope(settings: Settings, flows: Flows, *, sends_whole: bool) -> Scope:
    """What is classified: by ports only where the system builds the headers."""
    from mda.studies.classifier import Scope

    able = HeaderField if sends_whole else (HeaderField.SPORT, HeaderField.DPORT)
    return Scope(
        source=flows.source,
        first_ttl=settings.first_ttl,
        max_ttl=settings.max_ttl,
        attempts=settings.queries,
        failure_probability=settings.failure_probability,
        flow_field=flows.field,
        values={field: flows.values(field) for field in able},
        flows=flows.capacity,
        least_flows=settings.least_flows,
    )
