"""A simulated internet: each IPv4 address has its own path, and shares routers with others.

Three routers lead out of the source's network, and each /16 and each /24 has routers too. Behind
them 30 % of the destinations have a diamond. Some routers lose or limit their replies, or are
silent, and so are some destinations. Everything follows from the number of the internet and the
address, so nothing is kept but the paths that were asked for last.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, ip_address
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Final

from paris.errors import TopologyError
from paris.sim.balancers import Balance
from paris.sim.network import Network
from paris.sim.topology import DESTINATION, SOURCE, Router, Topology

if TYPE_CHECKING:
    from mda.model import IPAddress

_SOURCE: Final = IPv4Address("192.0.2.1")
_FIRST: Final = IPv4Address("10.0.0.1")
_CORE: Final = int(IPv4Address("100.64.0.1"))  # three routers that all paths share
_REGIONS: Final = int(IPv4Address("100.65.0.0"))  # a router of each /16
_EDGES: Final = int(IPv4Address("172.16.0.0"))  # 16 addresses for the routers near a destination
_KEPT: Final = 4096  # paths
_DIAMONDS: Final = 0.3  # of destinations
_LINK_BYTES: Final = 1500


class Internet:
    """Answers probes to any IPv4 address; see `paris.sim.registry.Simulated`."""

    def __init__(self, number: int, seed: int) -> None:
        self._number = number
        self._seed = seed
        self._network = lru_cache(maxsize=_KEPT)(self._made)

    @property
    def source(self) -> IPAddress:
        """The address that probes leave from."""
        return _SOURCE

    @property
    def destination(self) -> IPAddress:
        """One of the addresses to trace."""
        return _FIRST

    @property
    def longest(self) -> int:
        """The length in bytes of the longest packet that the source sends."""
        return _LINK_BYTES

    def answers(self, datagram: bytes, at_s: float) -> list[tuple[float, bytes]]:
        """See Simulated."""
        if datagram[0] >> 4 != 4:
            return []
        return self._network(datagram[16:20]).answers(datagram, at_s)

    def network(self, destination: IPAddress) -> Network:
        """The routers on the way to one destination."""
        return self._network(destination.packed)

    def _made(self, packed: bytes) -> Network:
        address = ip_address(packed)
        topology = self._topology(address, Random(f"{self._number} {address}"))
        return Network(topology, self._seed)

    def _topology(self, destination: IPAddress, random: Random) -> Topology:
        region = Random(f"{self._number} {int(destination) >> 16}")
        routers = [self._router(f"core{at}", _CORE + at, region) for at in range(3)]
        routers.append(self._router("region", _REGIONS + (int(destination) >> 16), region))
        edges = _EDGES + (int(destination) & 0xFFFF) * 16
        names: list[list[str]] = [[router.name] for router in routers]
        for at in range(random.randrange(1, 4)):
            routers.append(self._router(f"edge{at}", edges + at, random, may_be_silent=True))
            names.append([routers[-1].name])
        if random.random() < _DIAMONDS:
            width = random.choice((2, 2, 2, 3, 4))
            several = [self._router(f"way{at}", edges + 4 + at, random) for at in range(width)]
            routers += [*several, self._router("join", edges + 12, random)]
            names += [[router.name for router in several], ["join"]]
        end = Router(
            name=DESTINATION, interfaces=(destination,), silent=random.random() < 0.1,
            delay_s=0.001,
        )  # fmt: skip
        line = [[SOURCE], *names, [DESTINATION]]
        steps = [(near, far) for here, there in pairwise(line) for near in here for far in there]
        return Topology.of("internet", _SOURCE, [*routers, end], steps)

    def _router(
        self, name: str, address: int, random: Random, *, may_be_silent: bool = False
    ) -> Router:
        trouble = random.random()
        return Router(
            name=name,
            interfaces=(IPv4Address(address),),
            delay_s=random.uniform(0.0005, 0.008),
            by=Balance.FLOW,
            loss=0.02 if trouble < 0.1 else 0.0,
            silent=may_be_silent and 0.1 <= trouble < 0.15,
            rate_pps=100.0 if 0.15 <= trouble < 0.2 else None,
            burst=10,
        )


def internet(argument: str, seed: int) -> Internet:
    """The internet of a number. Raises TopologyError for any other text."""
    if not argument.isdecimal():
        raise TopologyError(f"--sim internet:{argument}: its number is a whole one, as internet:1")
    return Internet(int(argument), seed)
