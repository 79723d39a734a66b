"""Turns settings and a resolved destination into flows, a procedure and a plan for the engine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mda.explore.explorer import Explorer
from mda.explore.search import Reach
from mda.explore.substitutes import Substituting
from mda.model import HeaderField
from mda.plan import Algorithm, Plan, Probing, is_to_service
from mda.studies.registry import STUDIES, named, users
from mda.variants import SHORTEST
from paris.defaults import DEFAULT_MEASURED_PROBES
from paris.errors import SettingsError
from paris.packets import payloads
from paris.packets.flows import PREFIX_LEN, Flows
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from random import Random

    from mda.model import IPAddress, Way
    from mda.procedure import Procedure
    from mda.studies.base import Study
    from mda.studies.task import Task
    from mda.studies.watch import Watch
    from paris.settings import Budget, Lane, Settings

_DEFAULT_PORT: Final = {Protocol.UDP: 33434, Protocol.TCP: 80, Protocol.ICMP: 0}
# Of a payload, where lengths vary: the shortest such probe has IPv6 headers, and padding too.
_ROOM_BYTES: Final = SHORTEST - 64
# What ordinary sockets can vary.
_OF_SOCKETS: Final = (HeaderField.SPORT, HeaderField.DPORT, HeaderField.LENGTH)
# So many flows take each of eight even ways, but for one run of 640.
_FLOWS_TO_SPREAD: Final = 64
# Base source ports lie below Linux's range of ephemeral ports, so that replies to other programs
# do not look like ours, and leave more than 10,000 ports above for flows.
_SOURCE_PORTS: Final = range(10_000, 22_000)


def flows_for(
    settings: Settings,
    source: IPAddress,
    destination: IPAddress,
    random: Random,
) -> Flows:
    """The header values of every flow of this run. Raises SettingsError if settings conflict."""
    protocol = Protocol(settings.probe.protocol)
    if settings.probe.flow_field is None:
        icmp = protocol is Protocol.ICMP
        field = HeaderField.ICMP_CHECKSUM if icmp else HeaderField.SPORT
    else:
        field = HeaderField(settings.probe.flow_field)
    sport = random.choice(_SOURCE_PORTS) if settings.probe.sport is None else settings.probe.sport
    dport = _DEFAULT_PORT[protocol] if settings.probe.dport is None else settings.probe.dport
    return Flows(
        source=source,
        destination=destination,
        protocol=protocol,
        field=field,
        sport=sport,
        dport=dport,
        traffic_class=settings.probe.traffic_class,
        flow_label=settings.probe.flow_label,
        varies=bool(settings.study.studies),
        prefix_len=prefix_len(settings, destination),
        payload=_payload(settings, dport) if protocol is Protocol.UDP else payloads.TEXT,
    )


def _payload(settings: Settings, dport: int) -> payloads.Payload:
    """What UDP probes say; where their length varies, what leaves room for that.

    Raises SettingsError if the user's own payload does not.
    """
    payload = payloads.chosen(settings.probe.payload, dport)
    if not varies_length(settings) or len(payload.request) <= _ROOM_BYTES:
        return payload
    if settings.probe.payload is not None:
        raise SettingsError(
            f"--mtu takes payloads of {_ROOM_BYTES - 2} bytes at most: --payload text"
        )
    return payloads.TEXT


def of_protocol(settings: Settings, lane: Lane) -> Settings:
    """The settings of a run with several protocols for one of them."""
    probe = settings.probe.replace(protocol=lane.protocol, dport=lane.dport)
    return settings.replace(probe=probe, study=settings.study.replace(compare=()))


def goes_to_service(settings: Settings) -> bool:
    """Whether all probes that `settings` ask for go to services; see `mda.plan.is_to_service`."""
    compared = [of_protocol(settings, lane) for lane in settings.study.compare]
    if compared:
        return all(map(goes_to_service, compared))
    probe = settings.probe
    usual = _DEFAULT_PORT[Protocol(probe.protocol)] or None
    dport = usual if probe.dport is None else probe.dport
    return is_to_service(probe.protocol, dport, probe.flow_field or HeaderField.SPORT.value)


def varies_length(settings: Settings) -> bool:
    """Whether a study that `settings` ask for sends probes of several lengths."""
    return any(named(study).varies_length for study in settings.study.studies)


def varies_addresses(settings: Settings) -> bool:
    """Whether a study that `settings` ask for sends probes to or from several addresses."""
    return any(named(study).varies_addresses for study in settings.study.studies)


def prefix_len(settings: Settings, destination: IPAddress) -> int | None:
    """The length of the prefix in which destinations vary, in bits; None if no address varies.

    Raises SettingsError if it is longer than the address.
    """
    if not varies_addresses(settings):
        return None
    asked = settings.study.parameters.get("prefix-len")
    if asked is None:
        return PREFIX_LEN[destination.version]
    if asked > destination.max_prefixlen:
        raise SettingsError(
            f"--prefix-len must be from 1 to {destination.max_prefixlen} for {destination}, "
            f"not {asked}"
        )
    return asked


def algorithm(*, multipath: bool, lite: bool) -> Algorithm:
    """The algorithm that the options select."""
    if not multipath:
        return Algorithm.PARIS
    return Algorithm.MDA_LITE if lite else Algorithm.MDA


def measurement_plan(settings: Settings, flows: Flows, seed: int, zone: str | None) -> Plan:
    """The plan of the measurement, as results record it; `zone` is that of the destination."""
    return Plan(
        host=settings.target.host if settings.target.host is not None else str(flows.destination),
        source=flows.source,
        destination=flows.destination,
        zone=zone,
        algorithm=algorithm(multipath=settings.search.multipath, lite=settings.search.lite),
        bound=settings.search.bound(),
        probing=Probing(
            protocol=flows.protocol.value,
            flow_field=flows.field.value,
            sport=flows.sport,
            dport=flows.first.dport,
            traffic_class=flows.traffic_class,
            flow_label=flows.flow_label,
            prefix_len=flows.prefix_len,
            sources=flows.sources,
            mark=settings.target.mark or 0,
            interface=settings.target.interface,
            asked_source=settings.target.source,
            payload=None if flows.payload is payloads.TEXT else flows.payload.name,
        ),
        first_ttl=settings.search.first_ttl,
        max_ttl=settings.search.max_ttl,
        attempts=settings.search.queries,
        network=settings.target.network,
        seed=seed,
        studies=settings.study.studies,
    )


def budget_of(settings: Settings) -> Budget:
    """What the run may spend; without a limit of probes, as many as memory has room for."""
    budget = settings.budget
    has_rounds = not settings.study.studies.keys().isdisjoint(users("rounds"))
    if budget.max_probes is not None or not has_rounds or settings.repeat.every_s is not None:
        return budget
    return budget.replace(max_probes=DEFAULT_MEASURED_PROBES)


def procedure_for(
    settings: Settings,
    flows: Flows,
    *,
    sends_whole: bool,
    one_at_a_time: bool = False,
    watch: Watch | None = None,
) -> Procedure:
    """The procedure that the settings select, if rounds follow into `watch`.

    The other arguments are those of the wire.
    """
    is_multipath = settings.search.multipath
    found: Procedure = (
        _explorer(settings, flows)
        if is_multipath
        else _single_path(settings, flows, one_at_a_time=one_at_a_time)
    )
    every = _with_studies(found, settings, flows, sends_whole=sends_whole)
    if watch is not None:
        every = _then_watching(every, settings, flows, watch)
    return Substituting(every, flows.capacity) if is_multipath else every


def _then_watching(first: Procedure, settings: Settings, flows: Flows, watch: Watch) -> Procedure:
    """A procedure, and the rounds that follow it."""
    from mda.procedure import Chain
    from mda.studies.watch_probing import Repetition, Watching

    repetition = Repetition(
        source=flows.source,
        first_ttl=settings.search.first_ttl,
        attempts=settings.search.queries,
        every_s=settings.repeat.every_s or 0.0,
        rounds=settings.repeat.rounds,
        until_s=settings.repeat.until_s,
        follow=settings.study.studies.get("follow"),
    )
    return Chain(first, partial(Watching, repetition, watch))


def _single_path(settings: Settings, flows: Flows, *, one_at_a_time: bool) -> Procedure:
    """The procedure that follows one flow; multipath traces start sooner without these imports."""
    search = settings.search
    reach = {"first_ttl": search.first_ttl, "max_ttl": search.max_ttl, "queries": search.queries}
    if is_to_service(flows.protocol.value, flows.first.dport, flows.field.value):
        from mda.explore.service_path import ServicePath

        return ServicePath(**reach, gap_limit=search.gap_limit if one_at_a_time else None)
    from mda.explore.single_flow import SingleFlow

    return SingleFlow(**reach)


def _with_studies(
    first: Procedure, settings: Settings, flows: Flows, *, sends_whole: bool
) -> Procedure:
    """The procedure that finds paths, and those of the studies that follow it."""
    asking = [study for study in STUDIES if study.asks and study.name in settings.study.studies]
    if not asking:
        return first
    from mda.procedure import Chain  # only studies need it

    return Chain(
        first,
        *(
            partial(study.procedure, _task(settings, flows, study, sends_whole=sends_whole))
            for study in asking
        ),
    )


def _explorer(settings: Settings, flows: Flows) -> Explorer:
    """The procedure that finds every path. Raises SettingsError where there are too few flows."""
    needed = settings.search.bound().points(0).stop_at(1)
    if flows.capacity < needed:
        raise SettingsError(
            f"a {flows.field.value} so high leaves too few flows ({flows.capacity}; this "
            f"confidence needs {needed}): choose a lower one"
        )
    return Explorer(
        source=flows.source,
        bound=settings.search.bound(),
        reach=Reach(
            first_ttl=settings.search.first_ttl,
            max_ttl=settings.search.max_ttl,
            attempts=settings.search.queries,
            gap_limit=settings.search.gap_limit,
            flows=flows.capacity,
            spread=_spread(flows),
        ),
        is_lite=settings.search.lite,
    )


def _spread(flows: Flows) -> int:
    """How many of the first flows together leave by all ways that these are known to have."""
    if flows.ways is None or not flows.ways.differ:
        return 0
    first: dict[Way | None, int] = {}
    for flow in range(min(flows.capacity, _FLOWS_TO_SPREAD)):
        first.setdefault(flows.way(flow), flow)
    return max(first.values()) + 1


def _task(settings: Settings, flows: Flows, study: Study[object], *, sends_whole: bool) -> Task:
    """A study's task; if the system builds the headers, probes vary only ports and length."""
    from mda.studies.task import Task

    able = HeaderField if sends_whole else _OF_SOCKETS
    return Task(
        source=flows.source,
        first_ttl=settings.search.first_ttl,
        max_ttl=settings.search.max_ttl,
        attempts=settings.search.queries,
        failure_probability=settings.search.failure_probability,
        is_multipath=settings.search.multipath,
        flow_field=flows.field,
        values={field: flows.values(field) for field in able},
        flows=flows.capacity,
        argument=settings.study.studies[study.name],
        parameters={own.name: own.default for own in study.parameters if own.default is not None}
        | dict(settings.study.parameters),
    )
