"""What a measurement would take: opens its wire, and makes it in simulated networks."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from mda.procedure import Procedure
from paris import run
from paris.engine import setup
from paris.errors import OneProtocolError, PrivilegeError
from paris.settings import Repeat, Target
from paris.sim.network import Network
from paris.sim.topology import DESTINATION, SOURCE, Router, Topology

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import Outcome, ProbeRequest
    from paris.run import Hooks, Measurement
    from paris.settings import Lane, Settings

_HOPS: Final = 12  # of a usual way
_WIDTH: Final = 16  # of a wide balancer on it
_HOP_S: Final = 0.0025  # that each hop adds to a round trip
_FIRST: Final = {4: ip_address("198.18.0.0"), 6: ip_address("2001:2::")}  # RFC 2544, RFC 5180
_ANY_SEED: Final = 1
_NAME: Final = "forecast"


class Measure(Protocol):
    """Measures as settings ask for, and returns all that was measured."""

    def __call__(self, settings: Settings, hooks: Hooks) -> Sequence[Measurement]:
        """Raises as `run.measure` does."""


class Expected(NamedTuple):
    """What a measurement takes of a network: probes, and seconds from its start to its end."""

    network: str
    probes: int
    duration_s: float


def opened(settings: Settings, lanes: Sequence[Lane] = ()) -> list[Measurement]:
    """The measurement, or one for each of `lanes`, as it is before its first probe.

    Names are resolved and sockets are opened, and nothing is sent. Raises as `run.measure` does.
    """
    # To learn a neighbour's link address takes a packet.
    settings = settings.replace(target=settings.target.replace(by_link=False), repeat=Repeat())
    if not lanes:
        return [run.measure(settings, procedure=_Nothing())]
    every = [setup.of_protocol(settings, lane) for lane in lanes]
    try:
        return run.measure_lanes(settings, every, lambda *_: _Nothing())
    except (OneProtocolError, PrivilegeError):
        if settings.study.compare:
            raise
        return [run.measure(own, procedure=_Nothing()) for own in every[:1]]  # --auto: one by one


def expected(settings: Settings, version: int, measure: Measure) -> list[Expected]:
    """What `measure` takes of the simulated network of `settings`, else of some that may be there.

    `version` is that of IP. Rounds that follow are left out.
    """
    settings = settings.replace(repeat=Repeat())
    if settings.target.network is not None:
        return [_expected("this network", measure(settings, run.NO_HOOKS))]
    rows = [
        ("the host is the next hop", _path(1, version)),
        (f"{_HOPS} hops, no balancer", _path(_HOPS, version)),
        (f"{_HOPS} hops, one balancer of {_WIDTH}", _path(_HOPS, version, width=_WIDTH)),
        (f"{_HOPS} hops, the last one silent", _path(_HOPS, version, silent=(_HOPS,))),
        ("nobody answers", _path(1, version, silent=(1,))),
    ]
    settings = settings.replace(target=Target(network=_NAME))
    return [
        _expected(name, measure(settings, run.Hooks(network=Network(own, _ANY_SEED))))
        for name, own in rows
        if settings.search.multipath or len(own.routers) <= _HOPS
    ]


def _expected(name: str, found: Sequence[Measurement]) -> Expected:
    every = [part for own in found for part in (own, *own.controls)]
    return Expected(
        name,
        sum(own.record.probes_sent for own in every),
        max(own.record.ended_at_s - own.record.started_at_s for own in every),
    )


def _path(hops: int, version: int, *, width: int = 1, silent: Sequence[int] = ()) -> Topology:
    """A way of so many hops; the one in its middle is `width` routers, `silent` ones drop all."""
    middle = (hops + 1) // 2
    names = [
        [f"R{hop}.{branch}" for branch in range(width if hop == middle else 1)]
        for hop in range(1, hops)
    ]
    levels = [[SOURCE], *names, [DESTINATION]]
    first = _FIRST[version]
    every = [name for level in levels[1:] for name in level]
    hop_of = {name: hop for hop, level in enumerate(levels) for name in level}
    routers = [
        Router(
            name=name,
            interfaces=(first + 2 + number,),
            delay_s=_HOP_S,
            silent=hop_of[name] in silent,
            drops=hop_of[name] in silent,
        )
        for number, name in enumerate(every)
    ]
    steps = [(near, far) for here, there in pairwise(levels) for near in here for far in there]
    return Topology.of(_NAME, first + 1, routers, steps)


class _Nothing(Procedure):
    """Asks for nothing; see Procedure."""

    finished = True

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        return []

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure; there is none."""

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        return None
