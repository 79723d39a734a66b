"""The simulated network: takes real probe bytes, returns real reply bytes and when they arrive.

It is a function of topology and seed: loss, per-packet balancers and hash keys draw from the seed,
per router, so that two runs with the same seed are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Final

from mda.model import HeaderField, MplsEntry
from paris.packets import headers, numbers
from paris.packets.flows import PREFIX_LEN
from paris.packets.headers import IPHeader
from paris.sim.balancers import Balance, draw, header_fields, key
from paris.sim.topology import DESTINATION, SOURCE, Router, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import IPAddress
    from paris.sim.balancers import HeaderFields
    from paris.sim.topology import Topology

_IP4_QUOTE: Final = 28  # bytes; the minimum of RFC 792, and the quote of many routers
_IP6_QUOTE: Final = 1232  # bytes; the most that fits into the minimum MTU (RFC 4443 section 2.4)
_ROUTER_TTL: Final = 255
_HOST_TTL: Final = 64
_DNS_HEADER_BYTES: Final = 12
_SHORTEST: Final = 8  # bytes after the IP header; every probe has at least these


@dataclass(slots=True)
class _State:
    """The state of a router: its random numbers, and its rate limit's tokens."""

    random: Random
    tokens: float
    counted_at_s: float = 0.0


@dataclass(slots=True)
class Network:
    """Answers datagrams as the routers of `topology` would. `seed` is the seed of the run."""

    topology: Topology
    seed: int
    _prefix: IPv4Network | IPv6Network = field(init=False)
    _states: dict[str, _State] = field(init=False)
    _keys: dict[str, bytes] = field(init=False)
    _chosen: dict[tuple[str, HeaderFields], str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        destination = self.topology.destination
        self._prefix = ip_network((destination, PREFIX_LEN[destination.version]), strict=False)
        routers = self.topology.routers
        self._states = {
            name: _State(Random(f"{self.seed} {name}"), float(router.burst))
            for name, router in routers.items()
        }
        self._keys = {
            name: self._key(routers.get(name, _SOURCE), name)
            for name, after in self.topology.successors.items()
            if len(after) > 1
        }

    @property
    def source(self) -> IPAddress:
        """The address that probes leave from."""
        return self.topology.source

    @property
    def destination(self) -> IPAddress:
        """The address to trace."""
        return self.topology.destination

    def answer(self, datagram: bytes, at_s: float) -> tuple[float, bytes] | None:
        """When the reply to a datagram sent at `at_s` arrives, and the reply; None without one.

        Only datagrams to the destination's prefix get replies. Of the hosts in that prefix, only
        the destination itself is up.
        """
        read = headers.read_ip(datagram)
        if read is None:
            return None
        header, payload = read
        if header.destination not in self._prefix or len(payload) < _SHORTEST:
            return None
        fields = header_fields(
            header.source,
            header.destination,
            header.protocol,
            header.flow_label,
            header.traffic_class,
            payload,
        )
        path = list(islice(self._walk(fields, at_s), header.ttl))
        if not path:
            return None
        name, before = path[-1]
        if name == DESTINATION and header.destination != self.topology.destination:
            return None
        router = self.topology.routers[name]
        delay_s = sum(self.topology.routers[passed].delay_s for passed, _ in path)
        if not self._does_reply(router, at_s + delay_s / 2):
            return None
        reply = self._reply_of(router, before, header, payload, datagram, len(path))
        return None if reply is None else (at_s + delay_s + router.answers_after_s, reply)

    def path(self, fields: HeaderFields) -> tuple[IPAddress | None, ...]:
        """The interfaces that reply to packets with these fields, from TTL 1; None if silent.

        For statistics over many flows: it builds no bytes, loses no reply, and takes no time.
        """
        return tuple(
            None if self.topology.routers[name].silent else self.topology.interface(name, before)
            for name, before in islice(self._walk(fields, 0.0), _HOST_TTL)
        )

    def _walk(self, fields: HeaderFields, at_s: float) -> Iterator[tuple[str, str]]:
        """The routers on a packet's path, each with the router before; endless in a loop."""
        name = SOURCE
        while name != DESTINATION:
            before, name = name, self._successor(name, fields, at_s)
            yield name, before
            if self.topology.routers[name].prohibits is not None:
                return

    def _successor(self, name: str, fields: HeaderFields, at_s: float) -> str:
        """The router to which `name` forwards the next packet with these fields."""
        router = self.topology.routers.get(name, _SOURCE)
        after = self.topology.successors[name]
        if router.turns_to is not None:
            if at_s >= router.turns_at_s:
                return router.turns_to
            after = tuple(other for other in after if other != router.turns_to)
        if len(after) == 1:
            return after[0]
        known = self._chosen.get((name, fields))
        if known is not None:
            return known
        weights = [router.weights.get(other, 1) for other in after]
        if router.by is Balance.PACKET:
            return self._states[name].random.choices(after, weights)[0]
        read = router.fields if router.by is Balance.FLOW else (HeaderField.DESTINATION,)
        chosen = after[draw(self._keys[name], [fields.value(hashed) for hashed in read], weights)]
        self._chosen[name, fields] = chosen
        return chosen

    def _key(self, router: Router, name: str) -> bytes:
        """A router's hash key, from its own seed, or else from the run's seed and its name."""
        return key(f"{self.seed} {name}" if router.seed is None else f"{router.seed}")

    def _does_reply(self, router: Router, at_s: float) -> bool:
        """Whether the router replies to a packet that reaches it at `at_s`."""
        if router.silent:
            return False
        state = self._states[router.name]
        if router.rate_pps is not None:
            earned = max(0.0, at_s - state.counted_at_s) * router.rate_pps
            state.tokens = min(float(router.burst), state.tokens + earned)
            state.counted_at_s = max(at_s, state.counted_at_s)
            if state.tokens < 1:
                return False
            state.tokens -= 1
        return not router.loss or state.random.random() >= router.loss

    def _reply_of(
        self,
        router: Router,
        came_from: str,
        header: IPHeader,
        payload: bytes,
        datagram: bytes,
        hops: int,
    ) -> bytes | None:
        version = header.source.version
        icmp = numbers.ICMP[version]
        is_end = router.name == DESTINATION
        ttl = (_HOST_TTL if is_end else _ROUTER_TTL) - hops + 1
        if ttl < 1:
            return None  # the reply's TTL expires on the way back
        back = IPHeader(
            source=self.topology.interface(router.name, came_from),
            destination=header.source,
            protocol=icmp,
            ttl=ttl,
            ip_id=self._states[router.name].random.randrange(1, 0x10000) if version == 4 else 0,
        )
        arrived = headers.with_ttl(datagram, header.ttl - hops + 1)
        if is_end:
            return self._host_reply(router, back, header, payload, arrived)
        return self._error_of(router, back, arrived)

    def _host_reply(
        self, host: Router, back: IPHeader, header: IPHeader, payload: bytes, arrived: bytes
    ) -> bytes | None:
        """The destination's own reply; it is an ICMP error only if no UDP service listens."""
        version = header.source.version
        if header.protocol == numbers.UDP and self.topology.service is not None:
            returned = _served(self.topology.service, payload[8:])
            return None if returned is None else headers.udp_reply(back, payload, returned)
        if header.protocol == numbers.UDP:
            quote = self._quote(host, version, arrived)
            code = numbers.PORT_UNREACHABLE[version]
            return headers.icmp_error(back, numbers.UNREACHABLE[version], code, quote)
        if header.protocol == numbers.TCP:
            is_open = int.from_bytes(payload[2:4]) in self.topology.open_ports
            return headers.tcp_reply(
                back._replace(protocol=numbers.TCP), payload, open_port=is_open
            )
        if header.protocol == back.protocol and payload[0] == numbers.ECHO_REQUEST[version]:
            return headers.echo_reply(back, payload)
        return None

    def _error_of(self, router: Router, back: IPHeader, arrived: bytes) -> bytes:
        """The ICMP error of a router that refuses the probe, or at which the probe's TTL ends."""
        version = back.source.version
        quote = self._quote(router, version, arrived)
        if router.prohibits is not None:
            return headers.icmp_error(back, numbers.UNREACHABLE[version], router.prohibits, quote)
        stack = tuple(
            MplsEntry(label, 0, index == len(router.mpls) - 1, 1)
            for index, label in enumerate(router.mpls)
        )
        return headers.icmp_error(back, numbers.TIME_EXCEEDED[version], 0, quote, stack)

    def _quote(self, router: Router, version: int, arrived: bytes) -> bytes:
        most = _IP4_QUOTE if version == 4 else _IP6_QUOTE
        return arrived[: most if router.quote_bytes is None else router.quote_bytes]


def _served(service: Service, payload: bytes) -> bytes | None:
    """The payload that a service returns for a probe's payload; None if it stays silent."""
    match service:
        case Service.ECHO:
            return payload
        case Service.DNS if len(payload) < _DNS_HEADER_BYTES:
            return None
        case Service.DNS:
            # "Not implemented": servers say so for an unknown kind of query.
            return payload[:2] + bytes([payload[2] & 0x78 | 0x80, 4]) + bytes(8)
        case Service.OTHER:
            return b"Mon Jan  1 00:00:00 1970\r\n"


_SOURCE: Final = Router(name=SOURCE, interfaces=())  # the source balances like any router
