"""One destination from start to Trace: the straight line."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.loading import load
from mda.variants import MOST_BYTES
from paris.engine import setup
from paris.engine.loop import Engine
from paris.engine.pacing import Pacing, burst, together
from paris.engine.stopping import NeverStops
from paris.errors import PortTakenError, SettingsError, WithheldError
from paris.lookup import addresses, ways
from paris.packets import tags
from paris.packets.variations import other_addresses
from paris.wire.base import UNLIMITED
from paris.wire.linux.own_tags import own_tags
from paris.wire.opening import builder_for, wire_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from mda.model import IPAddress, Outcome, Way
    from mda.plan import Plan
    from mda.procedure import Procedure
    from mda.record import Control
    from mda.rounds import Rounds
    from mda.studies.watch import Watch
    from mda.trace import Trace
    from paris.engine.record import Journal, RawRecord, Recorder
    from paris.engine.stopping import Stop
    from paris.packets.flows import Flows
    from paris.settings import Settings
    from paris.sim.registry import Simulated
    from paris.wire.base import Wire

_MOST_AROUND: Final = 254  # neighbours of the source that may be this machine's too
_MOST_PORTS: Final = 64  # source ports to try
_SIMULATED_SOURCES: Final = 3  # further addresses from which a simulated machine sends
_SIMULATED_SEED: Final = 1  # without --seed a simulated network is the same every time


class Measurement(NamedTuple):
    """The raw record of a run, and what it takes to read it; `started_at_unix_s` dates it.

    `ways` has the way of each flow, if they had several. `others` are the outcomes of the other
    protocols of a comparison. `controls` and `connections` are those of a trace to a service, and
    `addresses` those of the host's name; see `paris.diagnosing`. `rounds` are those of a watch.
    """

    settings: Settings
    plan: Plan
    started_at_unix_s: float
    record: RawRecord
    ways: Mapping[int, Way]
    others: tuple[Outcome, ...] = ()
    controls: tuple[Measurement, ...] = ()
    connections: tuple[Control, ...] = ()
    addresses: tuple[IPAddress, ...] = ()
    rounds: Rounds | None = None


class Hooks(NamedTuple):
    """What a caller of `measure` wants to do during the run.

    `before_parsing` is called when the sockets are open and the first probes have left, before any
    reply is parsed; `observe` with every outcome as soon as it is known. `journals` see every
    packet: of a comparison each those of one protocol. `stop` ends the run. `watch` is the account
    of the rounds that follow, if `settings.repeat` asks for any; their outcomes are not observed,
    and their packets are in no journal. Where `settings` name a simulated network, `network` is
    probed in its place if given.
    """

    before_parsing: Callable[[], None] = lambda: None
    observe: Callable[[Outcome], None] = lambda _: None
    journals: Sequence[Journal] = ()
    stop: Stop = NeverStops()
    watch: Watch | None = None
    network: Simulated | None = None


NO_HOOKS: Final = Hooks()


def measure(
    settings: Settings, hooks: Hooks = NO_HOOKS, procedure: Procedure | None = None
) -> Measurement:
    """Do what `settings` ask for, over the real network or a simulated one.

    A `procedure` asks for other probes than theirs.

    Raises a ParisTraceError where nothing could be measured; Ctrl-C and failures later on end the
    record early instead.
    """
    seed = _seed(settings)
    random = Random(seed)
    ends = _ends(settings, seed, hooks.network)
    wire, flows = _opened(settings, ends, random)
    watch = _watch(settings, hooks)
    with closing(wire):
        plan = setup.measurement_plan(settings, flows, seed, ends.zone)
        job = _Job(
            settings=settings,
            flows=flows,
            procedure=procedure
            or setup.procedure_for(
                settings,
                flows,
                sends_whole=wire.sends_whole,
                one_at_a_time=wire.one_at_a_time,
                watch=watch,
            ),
            own_tags=ends.own_tags(random),
            lanes=[(plan, flows)],
        )
        record, started_at_unix_s = _record(job, wire, hooks)
    return Measurement(
        settings=settings,
        plan=plan,
        started_at_unix_s=started_at_unix_s,
        record=record,
        ways=_taken(flows, record),
        rounds=watch.rounds if watch is not None and watch.count else None,
    )


def _watch(settings: Settings, hooks: Hooks) -> Watch | None:
    """The account of the rounds, if there are to be any."""
    if settings.repeat.every_s is None:
        return None
    from mda.studies.watch import Watch

    return hooks.watch or Watch()


def compare(settings: Settings, hooks: Hooks = NO_HOOKS) -> list[Measurement]:
    """Do what `settings` ask for by each of the protocols that it compares, all at once.

    Raises and ends as `measure` does.
    """
    from mda.multiplex import Multiplexed, of_others  # not where nothing is compared

    lanes = [setup.of_protocol(settings, lane) for lane in settings.study.compare]
    found = measure_lanes(settings, lanes, lambda procedures, _: Multiplexed(procedures), hooks)
    outcomes = [own.record.outcomes for own in found]
    return [
        own._replace(others=tuple(of_others(outcomes, number))) for number, own in enumerate(found)
    ]


def measure_lanes(
    settings: Settings,
    lanes: Sequence[Settings],
    joined: Callable[[Sequence[Procedure], IPAddress], Procedure],
    hooks: Hooks = NO_HOOKS,
) -> list[Measurement]:
    """Do what each of `lanes` asks for, by one wire; they differ in their probes and their search.

    `joined` makes one procedure of those of all lanes and the destination. Raises and ends as
    `measure` does.
    """
    from paris.packets.multiplex import MultiplexedFlows  # only several lanes need it

    seed = _seed(settings)
    random = Random(seed)
    ends = _ends(settings, seed, hooks.network)
    sport = setup.flows_for(settings, ends.source, ends.destination, random).sport
    lanes = [lane.replace(probe=lane.probe.replace(sport=sport)) for lane in lanes]
    flows = [
        ends.with_ways(setup.flows_for(lane, ends.source, ends.destination, random))
        for lane in lanes
    ]
    # Whatever their ways, they come from one machine.
    flows = [own.replace(source=flows[0].source) for own in flows]
    plans = [
        setup.measurement_plan(lane, own, seed, ends.zone)
        for lane, own in zip(lanes, flows, strict=True)
    ]
    procedures = [
        setup.procedure_for(lane, own, sends_whole=True)
        for lane, own in zip(lanes, flows, strict=True)
    ]
    job = _Job(
        settings=settings,
        flows=MultiplexedFlows.join(flows),
        procedure=joined(procedures, ends.destination),
        own_tags=ends.own_tags(random),
        lanes=list(zip(plans, flows, strict=True)),
    )
    with closing(ends.open_wire(job.flows)) as wire:
        record, started_at_unix_s = _record(job, wire, hooks)
    records = [_of_lane(record, number) for number in range(len(lanes))]
    return [
        Measurement(
            settings=lane,
            plan=plan,
            started_at_unix_s=started_at_unix_s,
            record=own_record,
            ways=_taken(own, own_record),
        )
        for lane, plan, own, own_record in zip(lanes, plans, flows, records, strict=True)
    ]


class _Ends(NamedTuple):
    """The addresses at the ends of the wire, the ways between, what opens it, and its tags.

    `zone` is that of a link-local destination; see Plan. `longest` is the length in bytes of the
    longest packet that can leave by the ways of flows.

    `--seed` chooses the headers that are measured, and on a real network not the tags, which tell
    this run's probes from those of a concurrent one.
    """

    source: IPAddress
    destination: IPAddress
    zone: str | None
    with_ways: Callable[[Flows], Flows]
    longest: Callable[[Flows], int]
    open_wire: Callable[[Flows], Wire]
    own_tags: Callable[[Random], Generator[int, None, None]]


class _Job(NamedTuple):
    """What the engine runs; `lanes` are the plan and the flows of each protocol, for journals."""

    settings: Settings
    flows: Flows
    procedure: Procedure
    own_tags: Generator[int, None, None]
    lanes: Sequence[tuple[Plan, Flows]]


def _of_lane(record: RawRecord, lane: int) -> RawRecord:
    from mda.multiplex import in_lane

    outcomes = tuple(in_lane(record.outcomes, lane))
    unresolved = tuple(in_lane(record.unresolved, lane))
    sent = {known.request for known in (*outcomes, *unresolved)}
    return record._replace(outcomes=outcomes, unresolved=unresolved, probes_sent=len(sent))


def _seed(settings: Settings) -> int:
    """What all random choices come from."""
    if settings.seed is not None:
        return settings.seed
    if settings.target.network is not None:
        return _SIMULATED_SEED
    return SystemRandom().getrandbits(32)


def _opened(settings: Settings, ends: _Ends, random: Random) -> tuple[Wire, Flows]:
    """The wire and the flows; if another program has the source port, those of the next choice.

    Raises PortTakenError if the user chose the port, and whatever opening the wire raises.
    """
    left = _MOST_PORTS
    while True:
        flows = ends.with_ways(setup.flows_for(settings, ends.source, ends.destination, random))
        flows = flows.replace(sources=_other_sources(settings, flows))
        if setup.varies_length(settings):
            flows = flows.replace(longest=ends.longest(flows))
        try:
            return ends.open_wire(flows), flows
        except PortTakenError:
            left -= 1
            if settings.probe.sport is not None or not left:
                raise


def _record(job: _Job, wire: Wire, hooks: Hooks) -> tuple[RawRecord, float]:
    """The record of one run of the engine, and the Unix time at which it began."""
    with closing(job.own_tags):
        started_at_unix_s = wire.unix_s(0.0)  # outcomes are timed from when the wire opened
        if hooks.watch is not None:
            hooks.watch.started_at_unix_s = started_at_unix_s
        for journal, (plan, flows) in zip(hooks.journals, job.lanes, strict=False):
            taken = flows.ways.taken if flows.ways is not None and flows.ways.differ else {}
            journal.begin(plan, wire.report(), started_at_unix_s, taken)
        pace = job.settings.pace
        engine = Engine(
            procedure=job.procedure,
            wire=wire,
            flows=job.flows,
            pacing=_pacing(job.settings),
            wait_s=pace.wait_s,
            most_in_flight=pace.most_in_flight or UNLIMITED,
            budget=setup.budget_of(job.settings),
            own_tags=job.own_tags,
            observe=hooks.observe,
            recorder=_recorder(hooks.journals, len(job.lanes)),
            stop=hooks.stop,
            before_parsing=hooks.before_parsing,
            build_many=builder_for(job.settings, job.flows),
            keeps_refusal=setup.goes_to_service(job.settings),
        )
        return engine.run(), started_at_unix_s


def _pacing(settings: Settings) -> Pacing:
    """When probes may leave; in simulated time, where waking up costs nothing, one by one."""
    rate_pps = settings.pace.rate_pps
    is_real = settings.target.network is None
    return Pacing(rate_pps, burst(rate_pps), together(rate_pps) if is_real else 1)


def _recorder(journals: Sequence[Journal], lanes: int) -> Recorder | None:
    """What receives every datagram, for the journals of the first lanes."""
    if lanes < 2 or not journals:
        return journals[0] if journals else None
    from paris.engine.lanes import ByLane  # only several lanes need it

    return ByLane(journals)


def _ends(settings: Settings, seed: int, other: Simulated | None) -> _Ends:
    """The ends of the wire, a simulated one to the `other` network if given.

    Imports only what the run needs.
    """
    target = settings.target
    if target.network is not None:
        from paris.sim.registry import chosen

        row, argument = chosen(target.network)
        network: Simulated = other or load(row.maker)(argument, seed)
        version = network.destination.version
        if target.ip_version not in (None, version):
            raise SettingsError(
                f"-{target.ip_version} cannot be used: the simulated network is IPv{version}"
            )
        return _Ends(
            source=network.source,
            destination=network.destination,
            zone=None,
            with_ways=lambda flows: flows,
            longest=lambda _: network.longest,
            open_wire=lambda flows: load(row.wire)(network, flows),
            own_tags=lambda random: tags.in_turn(random.randrange(1, 0xFF00)),
        )
    found = addresses.destination(target.host or "", target.ip_version)
    interface = addresses.interface_for(found, asked=target.interface, source=target.source)
    placed = settings.replace(target=target.replace(interface=interface))
    ends = _Ends(
        source=ways.no_source(found.address),
        destination=found.address,
        zone=interface if found.address.version == 6 and found.address.is_link_local else None,
        with_ways=lambda flows: ways.with_ways(flows, placed.target),
        longest=lambda flows: ways.longest(flows, placed.target),
        open_wire=lambda flows: wire_for(placed, flows),
        own_tags=lambda _: own_tags(),
    )
    try:
        return ends._replace(source=ways.source_for(found.address, placed.target))
    except WithheldError as error:
        if not setup.goes_to_service(settings):
            raise
        return _without_way(ends, placed, error)


def _without_way(ends: _Ends, settings: Settings, refused: WithheldError) -> _Ends:
    """The same ends where no way leads from one to the other: no probe leaves, nor any frame."""
    unlinked = settings.replace(target=settings.target.replace(by_link=False))
    return ends._replace(
        with_ways=lambda flows: ways.without_way(flows, refused),
        longest=lambda _: MOST_BYTES,
        open_wire=lambda flows: wire_for(unlinked, flows),
    )


def _taken(flows: Flows, record: RawRecord) -> Mapping[int, Way]:
    """The way of each flow that was sent, if they had several."""
    if flows.ways is None:
        return {}
    from paris.packets.ways import several

    sent = {known.request.flow for known in (*record.outcomes, *record.unresolved)}
    return several({flow: way for flow, way in flows.ways.taken.items() if flow in sent})


def _other_sources(settings: Settings, flows: Flows) -> tuple[IPAddress, ...]:
    """Addresses around the source's from which probes may be sent as well."""
    prefix_len = setup.prefix_len(settings, flows.destination)
    if prefix_len is None:
        return ()
    from mda.variants import MOST_SCARCE

    around = islice(other_addresses(flows.source, prefix_len), _MOST_AROUND)
    if settings.target.network is not None:
        return tuple(islice(around, _SIMULATED_SOURCES))
    return tuple(islice(addresses.own_addresses(around, flows.source, prefix_len), MOST_SCARCE))


def assemble(measurement: Measurement) -> Trace:
    """The trace that a measurement makes: graph, certainty, diamonds."""
    from mda.record import Record
    from mda.trace import Trace  # needed only after the last reply

    record = measurement.record
    controls: tuple[Control, ...] = ()
    if measurement.controls:
        from mda.service.controls import control

        controls = tuple(control(assemble(own)) for own in measurement.controls)
    return Trace.of(
        Record(
            plan=measurement.plan,
            started_at_unix_s=measurement.started_at_unix_s,
            duration_s=record.ended_at_s - record.started_at_s,
            probes_sent=record.probes_sent,
            outcomes=record.outcomes,
            unresolved=record.unresolved,
            wire=record.wire,
            unmatched=dict(sorted(record.unmatched.items())),
            stopped=record.stopped,
            ways=measurement.ways,
            others=measurement.others,
            controls=(*controls, *measurement.connections),
            addresses=measurement.addresses,
            rounds=measurement.rounds,
        )
    )
