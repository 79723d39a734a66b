"""One destination from start to Trace: the straight line."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Final

from paris import plan as plans
from paris import resolve
from paris.engine import Engine, Limits
from paris.pacing import Pacing

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.model import IPAddress, Outcome
    from mda.trace import Trace
    from paris.engine import Record
    from paris.flows import FlowPlan
    from paris.settings import Settings
    from paris.wire.base import Wire

# Probes back to back: at the default rate four flows to every hop of a path of sixteen. A router
# gets four of them, less than the six that Linux answers at once. At lower rates in proportion.
_MOST_BURST: Final = 64
_BURST_S: Final = 0.064
_SIMULATED_SEED: Final = 1  # without --seed a simulated network is the same every time


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The raw record of a run, and what it takes to read it; `started_at_unix_s` dates it."""

    settings: Settings
    flows: FlowPlan
    seed: int
    started_at_unix_s: float
    record: Record


def measure(settings: Settings, observe: Callable[[Outcome], None] = lambda _: None) -> Measurement:
    """Do what `settings` ask for, over the real network or a simulated one.

    `observe` is told of every outcome as it becomes known. Raises a ParisTraceError where
    nothing could be measured; Ctrl-C and failures later on end the record early instead.
    """
    seed = settings.seed
    if seed is None:
        seed = _SIMULATED_SEED if settings.network is not None else SystemRandom().getrandbits(32)
    random = Random(seed)
    wire, source, destination = _open(settings, seed)
    try:
        flows = plans.flow_plan(settings, source, destination, random)
        engine = Engine(
            procedure=plans.procedure_for(settings, flows),
            wire=wire,
            plan=flows,
            pacing=Pacing(settings.rate_pps, _burst(settings.rate_pps)),
            wait_s=settings.wait_s,
            limits=Limits(max_probes=settings.max_probes, deadline_s=settings.deadline_s),
            first_tag=random.randrange(1, 0xFF00),
            observe=observe,
        )
        record = engine.run()
        started_at_unix_s = wire.unix_s(0.0)  # outcomes are timed from when the wire opened
    finally:
        wire.close()
    return Measurement(
        settings=settings,
        flows=flows,
        seed=seed,
        started_at_unix_s=started_at_unix_s,
        record=record,
    )


def _burst(rate_pps: float) -> int:
    return max(1, min(_MOST_BURST, int(rate_pps * _BURST_S)))


def _open(settings: Settings, seed: int) -> tuple[Wire, IPAddress, IPAddress]:
    """The wire, and the addresses at its two ends. Imports only what the run needs."""
    if settings.network is not None:
        from paris.sim.network import Network
        from paris.sim.topology import find, load
        from paris.wire.sim import SimWire

        topology = load(find(settings.network))
        return SimWire(Network(topology, seed)), topology.source, topology.destination
    from paris.flows import Protocol
    from paris.wire.raw import RawWire

    destination = resolve.destination(settings.host or "", settings.ip_version)
    source = resolve.source_for(destination, asked=settings.source, interface=settings.interface)
    wire = RawWire.open(
        version=destination.version,
        protocol=Protocol(settings.protocol).number(destination.version),
        interface=settings.interface,
    )
    return wire, source, destination


def assemble(measurement: Measurement) -> Trace:
    """The trace that a measurement makes: graph, certainty, diamonds."""
    from mda import trace as traces  # networkx: needed only now that all probes are answered

    def algorithm() -> traces.Algorithm:
        if not settings.multipath:
            return traces.Algorithm.PARIS
        return traces.Algorithm.MDA_LITE if settings.lite else traces.Algorithm.MDA

    settings, flows, record = measurement.settings, measurement.flows, measurement.record
    headers = flows.headers(0)
    plan = traces.Plan(
        host=settings.host if settings.host is not None else str(flows.destination),
        source=flows.source,
        destination=flows.destination,
        algorithm=algorithm(),
        bound=plans.bound(settings),
        probing=traces.Probing(
            protocol=flows.protocol.value,
            flow_field=flows.field.value,
            sport=flows.sport,
            dport=headers.dport,
            traffic_class=flows.traffic_class,
            flow_label=flows.flow_label,
        ),
        first_ttl=settings.first_ttl,
        max_ttl=settings.max_ttl,
        attempts=settings.queries,
        network=settings.network,
        seed=measurement.seed,
    )
    return traces.Trace.assemble(
        plan=plan,
        started_at_unix_s=measurement.started_at_unix_s,
        duration_s=record.ended_at_s - record.started_at_s,
        probes_sent=record.probes_sent,
        outcomes=record.outcomes,
        unresolved=record.unresolved,
        unmatched=record.unmatched,
        stopped=record.stopped,
    )
