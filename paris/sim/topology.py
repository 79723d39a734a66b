"""A simulated network described: its routers, and the steps from one to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from mda.model import HeaderField
from paris.sim.balancers import DEFAULT_FIELDS, Balance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.model import HeaderField, IPAddress

SOURCE: Final = "source"
DESTINATION: Final = "destination"


class Service(Enum):
    """What a destination answers to UDP: all that came, its first word as DNS does, or its own."""

    ECHO = "echo"
    DNS = "dns"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """A router. Answers come from the interface that faces the one the probe came from.

    `delay_s` is the delay that it adds to a round trip through it, `answers_after_s` the further
    delay of its own replies. `weights` are its successors' shares, 1 where not given. `loss` is the
    share of its replies that get lost, `rate_pps` how many it sends per second after `burst` at
    once. `quote_bytes` is how much of a probe it quotes, None for as much as is allowed.
    `prohibits` makes it refuse all probes with that ICMP code. From `turns_at_s` on it forwards
    everything to the router `turns_to`, and nothing before that.
    """

    name: str
    interfaces: tuple[IPAddress, ...]
    by: Balance = Balance.FLOW
    fields: tuple[HeaderField, ...] = DEFAULT_FIELDS
    weights: Mapping[str, int] = field(default_factory=dict)
    seed: int | None = None
    delay_s: float = 0.001
    answers_after_s: float = 0.0
    silent: bool = False
    loss: float = 0.0
    rate_pps: float | None = None
    burst: int = 6
    quote_bytes: int | None = None
    mpls: tuple[int, ...] = ()
    prohibits: int | None = None
    turns_at_s: float = 0.0
    turns_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """A network: `successors` and `predecessors` by name, from SOURCE to DESTINATION.

    `open_ports` are the TCP ports at which the destination accepts, `service` answers UDP at all
    its ports. `expect` is the file's own statement of what tracing it should find, as read.
    """

    name: str
    source: IPAddress
    destination: IPAddress
    routers: Mapping[str, Router]
    successors: Mapping[str, tuple[str, ...]]
    predecessors: Mapping[str, tuple[str, ...]]
    open_ports: frozenset[int] = frozenset()
    service: Service | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        name: str,
        source: IPAddress,
        routers: Iterable[Router],
        steps: Iterable[tuple[str, str]],
    ) -> Topology:
        """The topology of routers, DESTINATION among them, and steps from one name to the next."""
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
        """The address from which `name` answers a probe that came from `came_from`.

        One that came back to it, in a loop, is answered from the first.
        """
        interfaces = self.routers[name].interfaces
        before = self.predecessors[name]
        index = before.index(came_from) if came_from in before else 0
        return interfaces[index] if index < len(interfaces) else interfaces[0]
