"""One destination from start to Trace: the straight line."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Final

from mda.loading import load
from paris.engine import setup
from paris.engine.loop import Engine
from paris.engine.pacing import Pacing, burst
from paris.engine.record import Budget
from paris.lookup import addresses
from paris.packets.variations import other_addresses
from paris.wire.opening import builder_for, wire_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.model import IPAddress, Outcome
    from mda.plan import Plan
    from mda.procedure import Procedure
    from mda.trace import Trace
    from paris.engine.record import Record
    from paris.formats.capture import Writer
    from paris.packets.flows import Flows
    from paris.settings import Settings
    from paris.sim.registry import Simulated
    from paris.wire.base import Wire

_MOST_AROUND: Final = 254  # neighbours of the source that may be this machine's too
_SIMULATED_SOURCES: Final = 3  # addresses beside the source from which a simulated machine sends
_SIMULATED_SEED: Final = 1  # without --seed a simulated network is the same every time


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The raw record of a run, and what it takes to read it; `started_at_unix_s` dates it."""

    settings: Settings
    plan: Plan
    started_at_unix_s: float
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What a caller of `measure` wants to do meanwhile.

    `before_parsing` is called when the sockets are open and the first probes have left, before any
    answer is parsed; `observe` with every outcome as it becomes known; `capture` is shown every
    packet.
    """

    before_parsing: Callable[[], None] = lambda: None
    observe: Callable[[Outcome], None] = lambda _: None
    capture: Writer | None = None


def measure(settings: Settings, hooks: Hooks = Hooks()) -> Measurement:
    """Do what `settings` ask for, over the real network or a simulated one.

    Raises a ParisTraceError where nothing could be measured; Ctrl-C and failures later on end the
    record early instead.
    """
    seed = _seed(settings)
    random = Random(seed)
    open_wire, source, destination = _ends(settings, seed)
    sources = _other_sources(settings, source, destination)
    flows = setup.flows_for(settings, source, destination, random, sources)
    plan = setup.measurement_plan(settings, flows, seed)
    record, started_at_unix_s = _record(
        settings,
        flows,
        open_wire,
        lambda wire: setup.procedure_for(settings, flows, sends_whole=wire.sends_whole),
        hooks,
        first_tag=random.randrange(1, 0xFF00),
        captured=plan,
    )
    return Measurement(
        settings=settings, plan=plan, started_at_unix_s=started_at_unix_s, record=record
    )


def compare(settings: Settings, hooks: Hooks = Hooks()) -> list[Measurement]:
    """Do what `settings` ask for by each of the protocols that it compares, all at once.

    Raises and ends as `measure` does; packets cannot be captured.
    """
    from mda.multiplex import Together  # not where nothing is compared
    from paris.packets.multiplex import JoinedFlows

    seed = _seed(settings)
    random = Random(seed)
    open_wire, source, destination = _ends(settings, seed)
    sport = setup.flows_for(settings, source, destination, random).sport
    each = [
        replace(settings, protocol=lane.protocol, dport=lane.dport, sport=sport, compare=())
        for lane in settings.compare
    ]
    flows = [setup.flows_for(one, source, destination, random) for one in each]
    record, started_at_unix_s = _record(
        settings,
        JoinedFlows.join(flows),
        open_wire,
        lambda _: Together(
            [setup.procedure_for(*one, sends_whole=True) for one in zip(each, flows, strict=True)]
        ),
        hooks,
        first_tag=random.randrange(1, 0xFF00),
    )
    return [
        Measurement(
            settings=one,
            plan=setup.measurement_plan(one, lane_flows, seed),
            started_at_unix_s=started_at_unix_s,
            record=_of_lane(record, lane),
        )
        for lane, (one, lane_flows) in enumerate(zip(each, flows, strict=True))
    ]


def _of_lane(record: Record, lane: int) -> Record:
    from mda.multiplex import in_lane

    outcomes = tuple(in_lane(record.outcomes, lane))
    unresolved = tuple(in_lane(record.unresolved, lane))
    known = {one.request for one in (*outcomes, *unresolved)}
    return replace(record, outcomes=outcomes, unresolved=unresolved, probes_sent=len(known))


def _seed(settings: Settings) -> int:
    """What all random choices come from."""
    if settings.seed is not None:
        return settings.seed
    return _SIMULATED_SEED if settings.network is not None else SystemRandom().getrandbits(32)


def _record(
    settings: Settings,
    flows: Flows,
    open_wire: Callable[[Flows], Wire],
    procedure_on: Callable[[Wire], Procedure],
    hooks: Hooks,
    *,
    first_tag: int,
    captured: Plan | None = None,
) -> tuple[Record, float]:
    """The record of one engine's run, and when it began; packets are captured as `captured`."""
    with closing(open_wire(flows)) as wire:
        started_at_unix_s = wire.unix_s(0.0)  # outcomes are timed from when the wire opened
        if hooks.capture is not None and captured is not None:
            hooks.capture.begin(captured, wire.report(), started_at_unix_s)
        engine = Engine(
            procedure=procedure_on(wire),
            wire=wire,
            flows=flows,
            pacing=Pacing(settings.rate_pps, burst(settings.rate_pps)),
            wait_s=settings.wait_s,
            budget=Budget(max_probes=settings.max_probes, deadline_s=settings.deadline_s),
            first_tag=first_tag,
            observe=hooks.observe,
            recorder=hooks.capture,
            before_parsing=hooks.before_parsing,
            build_many=builder_for(settings, flows),
        )
        return engine.run(), started_at_unix_s


def _ends(settings: Settings, seed: int) -> tuple[Callable[[Flows], Wire], IPAddress, IPAddress]:
    """What opens the wire, and the addresses at its two ends. Imports only what the run needs."""
    if settings.network is not None:
        from paris.sim.registry import chosen

        row, argument = chosen(settings.network)
        network: Simulated = load(row.maker)(argument, seed)
        return lambda flows: load(row.wire)(network, flows), network.source, network.destination
    destination = addresses.destination(settings.host or "", settings.ip_version)
    source = addresses.source_for(destination, asked=settings.source, interface=settings.interface)
    return lambda flows: wire_for(settings, flows), source, destination


def _other_sources(
    settings: Settings, source: IPAddress, destination: IPAddress
) -> tuple[IPAddress, ...]:
    """Addresses around the source's that probes may come from as well."""
    prefix_len = setup.prefix_len(settings, destination)
    if prefix_len is None:
        return ()
    from mda.variants import MOST_SCARCE

    around = islice(other_addresses(source, prefix_len), _MOST_AROUND)
    if settings.network is not None:
        return tuple(islice(around, _SIMULATED_SOURCES))
    return tuple(islice(addresses.own_addresses(around, source, prefix_len), MOST_SCARCE))


def assemble(measurement: Measurement) -> Trace:
    """The trace that a measurement makes: graph, certainty, diamonds."""
    from mda.record import Record
    from mda.trace import Trace  # needed only now that all probes are answered

    record = measurement.record
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
        )
    )
