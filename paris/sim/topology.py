"""The description of a simulated network: its routers, and the steps between them."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mda.frozen import Frozen
from paris.sim.balancers import DEFAULT_FIELDS, Balance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mda.model import HeaderField, InterfaceInfo, IPAddress
    from paris.sim.filters import Rule

_Value = TypeVar("_Value")

SOURCE: Final = "source"
DESTINATION: Final = "destination"


class Service(Enum):
    """A UDP service at the destination: it returns the payload, a DNS answer, or its own text."""

    ECHO = "echo"
    DNS = "dns"
    OTHER = "other"


class Router(Frozen):
    """A router. It replies from the interface that faces the router that the probe came from.

    With `way_back` it replies from any of its interfaces instead, as a router does that balances
    its replies (RFC 1812 section 4.3.2.4): each flow, packet or destination gets one of them.

    `delay_s` is the delay that the router adds to a round trip through it; `answers_after_s` is the
    extra delay before it replies. `weights` are its successors' shares (default 1). `loss` is the
    fraction of its replies that get lost, `duplicates` the fraction of the others that arrive
    twice; it sends up to `burst` replies at once, then `rate_pps` per second. `quote_bytes` is how
    much of a probe it quotes; None means the protocol's default. Its replies leave with a TTL of
    `initial_ttl`; None means 255, and 64 for a host. Its ICMP errors say which of the interfaces
    that it `describes` the probe arrived at, and quote `mpls` labels with `label_ttl` left. Those
    that expire there have a TTL of `quotes_ttl` in its quotes, as in a tunnel, and its replies come
    back over `longer_back` links more. With
    `prohibits` it refuses all probes with that ICMP code, with `refuses` those that it would
    forward. From `turns_at_s` on, it forwards all probes to the router `turns_to`; before, it
    forwards none there. Of what it forwards, it `loses` a share, or `drops` all. With
    `passes_expired` it forwards expired probes, with a TTL of 0. If it `counts_twice`, it lowers
    the TTL by two. Probes that it forwards come from `rewrites_source` if given, and with
    `sets_dscp`, `sets_ecn`, `sets_flow_label` and `sets_ttl`. If it `masks`, replies from behind it
    come from the destination's address. It quotes probes on their way to its `segments`, in IPv6.
    All that a host sends is from `answers_from` if given. If it `copies_ttl`, its errors, resets
    and echo replies leave with the TTL that the probe had left. A host with `down_after_s` is down:
    after so long the router before it reports that. The first of its `rules` that matches a packet
    decides what becomes of it: a router asks them of what it would forward, after it has lowered
    the TTL, and a host of what arrives. Where they reply, `silent` has no say. It forwards no
    packet longer than `mtu` bytes: it says that it could if that had `states_mtu` (None: `mtu`), or
    nothing if it is a `black_hole`.
    """

    name: str
    interfaces: tuple[IPAddress, ...]
    way_back: Balance | None = None
    by: Balance = Balance.FLOW
    fields: tuple[HeaderField, ...] = DEFAULT_FIELDS
    weights: Mapping[str, int] = MappingProxyType({})
    seed: int | None = None
    delay_s: float = 0.001
    answers_after_s: float = 0.0
    silent: bool = False
    loss: float = 0.0
    rate_pps: float | None = None
    burst: int = 6
    duplicates: float = 0.0
    quote_bytes: int | None = None
    initial_ttl: int | None = None
    quotes_ttl: int | None = None
    longer_back: int = 0
    mpls: tuple[int, ...] = ()
    label_ttl: int = 1
    describes: tuple[InterfaceInfo, ...] = ()
    prohibits: int | None = None
    refuses: int | None = None
    loses: float = 0.0
    drops: bool = False
    passes_expired: bool = False
    counts_twice: bool = False
    rewrites_source: IPAddress | None = None
    sets_dscp: int | None = None
    sets_ecn: int | None = None
    sets_flow_label: int | None = None
    sets_ttl: int | None = None
    masks: bool = False
    segments: tuple[IPAddress, ...] = ()
    answers_from: IPAddress | None = None
    copies_ttl: bool = False
    down_after_s: float | None = None
    turns_at_s: float = 0.0
    turns_to: str | None = None
    rules: tuple[Rule, ...] = ()
    mtu: int | None = None
    states_mtu: int | None = None
    black_hole: bool = False

    @property
    def refuses_all(self) -> bool:
        """Whether it forwards nothing, and says so."""
        return self.prohibits is not None or self.refuses is not None


class Topology(Frozen):
    """A network: `successors` and `predecessors` by name, from SOURCE to DESTINATION.

    The destination accepts TCP connections at `open_ports`, and a service answers at each UDP port
    in `services`. The source's own system withholds what its `rules` drop. `expect` holds the
    findings that the file expects from tracing it, as read.
    """

    name: str
    source: IPAddress
    destination: IPAddress
    routers: Mapping[str, Router]
    successors: Mapping[str, tuple[str, ...]]
    predecessors: Mapping[str, tuple[str, ...]]
    open_ports: frozenset[int] = frozenset()
    services: Mapping[int, Service] = MappingProxyType({})
    rules: tuple[Rule, ...] = ()
    expect: Mapping[str, Any] = MappingProxyType({})

    @classmethod
    def of(
        cls,
        name: str,
        source: IPAddress,
        routers: Iterable[Router],
        steps: Iterable[tuple[str, str]],
    ) -> Topology:
        """The topology of these routers (DESTINATION included) and steps between their names."""
        by_name = {router.name: router for router in routers}
        successors: dict[str, list[str]] = {}
        predecessors: dict[str, list[str]] = {}
        for near, far in steps:
            successors.setdefault(near, []).append(far)
            predecessors.setdefault(far, []).append(near)
        return cls(
            name=name,
            source=source,
            destination=by_name[DESTINATION].interfaces[0],
            routers=by_name,
            successors={near: tuple(after) for near, after in successors.items()},
            predecessors={far: tuple(before) for far, before in predecessors.items()},
        )

    def interface(self, name: str, came_from: str) -> IPAddress:
        """The address from which `name` replies to a probe that came from `came_from`.

        A probe that returns in a loop is answered from the first interface.
        """
        router = self.routers[name]
        return router.answers_from or self._facing(name, came_from, router.interfaces)

    def described(self, name: str, came_from: str) -> tuple[InterfaceInfo, ...]:
        """What `name` says of the interface at which a probe from `came_from` arrives.

        As with `interface`, the first interface is described where there is none for it.
        """
        describes = self.routers[name].describes
        return (self._facing(name, came_from, describes),) if describes else ()

    def _facing(self, name: str, came_from: str, values: Sequence[_Value]) -> _Value:
        if len(values) == 1:
            return values[0]
        before = self.predecessors[name]
        index = before.index(came_from) if came_from in before else 0
        return values[index] if index < len(values) else values[0]
