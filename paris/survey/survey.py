"""Many destinations from start to their traces: one wire, one rate, a window of them at a time."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from mda.errors import ParisTraceError
from mda.loading import load
from paris import run
from paris.engine import setup
from paris.engine.crowd import Crowd, Started
from paris.engine.loop import Engine
from paris.engine.pacing import Pacing, burst
from paris.engine.spacing import Spacing
from paris.errors import SettingsError, WireError
from paris.lookup import ways
from paris.packets import tags
from paris.packets.anywhere import AnyDestination
from paris.survey.shared_hops import SharedHops
from paris.wire.base import UNLIMITED
from paris.wire.linux.own_tags import own_tags
from paris.wire.opening import wire_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from mda.model import IPAddress, Outcome
    from mda.trace import Trace
    from paris.engine.record import RawRecord
    from paris.engine.stopping import Stop
    from paris.packets.flows import Flows
    from paris.settings import Settings
    from paris.wire.base import Wire


class Manner(NamedTuple):
    """How targets are traced: `seed` chooses headers, `window` is how many are under way at a time.

    No router is asked more than `per_router_pps` times per second, if that is given. Hops that so
    many traces share as `share_after` says are not asked anew; with 0, all are.
    """

    seed: int
    window: int
    per_router_pps: float | None
    share_after: int


class SurveyHooks(NamedTuple):
    """What a caller wants to do: see `paris.run.Hooks`.

    `finished` is given each destination with its trace, `failed` each that has none, and why.
    """

    finished: Callable[[IPAddress, Trace], None]
    failed: Callable[[IPAddress, str], None]
    observe: Callable[[Outcome], None]
    before_parsing: Callable[[], None]
    stop: Stop


class _Ends(NamedTuple):
    """The wire, what finds the source of probes to a destination, and the tags of the run."""

    wire: Wire
    source_for: Callable[[IPAddress], IPAddress]
    tags: Generator[int, None, None]


def survey(
    settings: Settings, targets: Iterable[IPAddress], manner: Manner, hooks: SurveyHooks
) -> bool:
    """Trace each target as `settings` say, in that manner.

    Returns whether it came to its end: a signal may stop it, and what is then under way has no
    trace. Raises a ParisTraceError where nothing can be measured.
    """
    if settings.study.compare or settings.repeat.every_s is not None:
        raise SettingsError("a survey traces each destination once, by one protocol")
    if setup.varies_length(settings):
        raise SettingsError("a survey does not vary the length of its probes")
    following = iter(targets)
    first = next(following, None)
    if first is None:
        return True
    random = Random(manner.seed)
    if settings.probe.sport is None:
        sport = setup.flows_for(settings, first, first, random).sport
        settings = settings.replace(probe=settings.probe.replace(sport=sport))
    ends = _ends(settings, first, random)
    with closing(ends.wire), closing(ends.tags):
        rate_pps = settings.pace.rate_pps
        pacing = Pacing(rate_pps, burst(rate_pps))
        crowd = Crowd(ends.wire, pacing, ends.tags, manner.window, hooks.stop)
        members = _Members(settings, ends, manner, crowd, hooks)
        return crowd.run(members.each(chain([first], following)))


def _ends(settings: Settings, first: IPAddress, random: Random) -> _Ends:
    """What all measurements share; the wire carries probes of the version of `first`."""
    target = settings.target
    if target.network is not None:
        from paris.sim.registry import chosen

        row, argument = chosen(target.network)
        network = load(row.maker)(argument, random.randrange(1 << 32))
        if network.source.version != first.version:
            raise SettingsError(f"{first}: the simulated network is IPv{network.source.version}")
        flows = setup.flows_for(settings, network.source, first, random)
        return _Ends(
            wire=load(row.wire)(network, flows),
            source_for=lambda _: network.source,
            tags=tags.in_turn(random.randrange(1, 0xFF00)),
        )
    source_for = partial(ways.source_for, target=target)
    flows = setup.flows_for(settings, source_for(first), first, random)
    wire = wire_for(settings, AnyDestination.like(flows))
    if not wire.sends_whole:
        source_for = partial(_only_source, flows.source, source_for)
    return _Ends(wire, source_for, own_tags())


def _only_source(
    source: IPAddress, source_for: Callable[[IPAddress], IPAddress], destination: IPAddress
) -> IPAddress:
    """The source of probes to a destination, where sockets are bound to one; raises for another."""
    own = source_for(destination)
    if own != source:
        raise SettingsError(f"probes would leave from {own}: ordinary sockets have one source")
    return own


class _Members:
    """Makes the measurement of each destination, and its trace when it is finished."""

    def __init__(
        self, settings: Settings, ends: _Ends, manner: Manner, crowd: Crowd, hooks: SurveyHooks
    ) -> None:
        self._settings = settings
        self._ends = ends
        self._seed = manner.seed
        most_pps = manner.per_router_pps
        self._spacing = None if most_pps is None else Spacing(most_pps)
        self._crowd = crowd
        self._hooks = hooks
        self._shared = SharedHops(manner.share_after, settings.search.first_ttl)
        self._is_prepared = False
        self._version: int | None = None

    def each(self, targets: Iterable[IPAddress]) -> Iterator[Started]:
        """The measurements of all targets; those that cannot begin are failures."""
        for target in targets:
            try:
                yield self._started(target, self._shared.next_first_ttl())
            except ParisTraceError as error:
                self._hooks.failed(target, str(error))

    def _started(self, target: IPAddress, first_ttl: int) -> Started:
        ends, crowd = self._ends, self._crowd
        source = ends.source_for(target)
        self._version = self._version or source.version
        if self._version != target.version:
            raise SettingsError(f"this survey probes IPv{self._version} only")
        search = self._settings.search.replace(first_ttl=first_ttl)
        settings = self._settings.replace(search=search)
        if settings.target.network is None:
            settings = settings.replace(target=settings.target.replace(host=str(target)))
        # A neighbour's address may be another measurement's destination: addresses do not vary.
        flows = setup.flows_for(settings, source, target, Random(self._seed))
        flows = flows.replace(prefix_len=None)
        wire, packed = crowd.lane_wire(), target.packed
        engine = Engine(
            procedure=setup.procedure_for(
                settings,
                flows,
                sends_whole=wire.sends_whole,
                one_at_a_time=wire.one_at_a_time,
            ),
            wire=wire,
            flows=flows,
            pacing=crowd.pacing,
            budget=setup.budget_of(settings),
            wait_s=settings.pace.wait_s,
            most_in_flight=settings.pace.most_in_flight or UNLIMITED,
            own_tags=crowd.lane_tags(packed),
            observe=self._hooks.observe,
            before_parsing=self._prepare,
            keeps_refusal=setup.goes_to_service(settings),
            spacing=None if self._spacing is None else self._spacing.lane(target),
        )
        return Started(engine, packed, partial(self._finish, settings, flows, target))

    def _prepare(self) -> None:
        if not self._is_prepared:
            self._is_prepared = True
            self._hooks.before_parsing()

    def _finish(
        self, settings: Settings, flows: Flows, target: IPAddress, record: RawRecord | WireError
    ) -> Started | None:
        if isinstance(record, WireError):
            self._hooks.failed(target, str(record))
            return None
        plan = setup.measurement_plan(settings, flows, self._seed, None)
        zero_unix_s = self._ends.wire.unix_s(0.0)  # outcomes are timed from when the wire opened
        measured = run.Measurement(settings, plan, zero_unix_s, record, ways={})
        trace = run.assemble(measured)
        if not self._shared.learn(trace):
            return self._started(target, self._settings.search.first_ttl)
        self._hooks.finished(target, trace)
        return None
