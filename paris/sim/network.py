"""The simulated network: real probe bytes in, real answer bytes out, at the moments they arrive.

A function of topology and seed: what is random (loss, packet balancers, hash keys) is drawn from
the seed, per router, so that two runs with one seed are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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

_IP4_QUOTE: Final = 28  # the least that RFC 792 asks for, and what many routers give
_IP6_QUOTE: Final = 1232  # as much as fits into the minimum MTU (RFC 4443 section 2.4)
_ROUTER_TTL: Final = 255
_HOST_TTL: Final = 64
_DNS_HEADER_BYTES: Final = 12
_SHORTEST: Final = 8  # bytes behind the IP header of anything that is a probe


@dataclass(slots=True)
class _Answers:
    """What a router's answering depends on: its random numbers and its rate limit's tokens."""

    random: Random
    tokens: float
    counted_at_s: float = 0.0


@dataclass(slots=True)
class Network:
    """Answers datagrams as the routers of `topology` would. `seed` is the run's."""

    topology: Topology
    seed: int
    _prefix: IPv4Network | IPv6Network = field(init=False)
    _answers: dict[str, _Answers] = field(init=False)
    _keys: dict[str, bytes] = field(init=False)
    _chosen: dict[tuple[str, HeaderFields], str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        destination = self.topology.destination
        self._prefix = ip_network((destination, PREFIX_LEN[destination.version]), strict=False)
        routers = self.topology.routers
        self._answers = {
            name: _Answers(Random(f"{self.seed} {name}"), float(router.burst))
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
        """The address that is traced."""
        return self.topology.destination

    def answer(self, datagram: bytes, at_s: float) -> tuple[float, bytes] | None:
        """When what comes back for a datagram sent at `at_s`; None if nothing does.

        Nothing ever comes back for what is no probe to the destination's prefix; of the hosts
        there only the destination itself is up.
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
        way = list(islice(self._walk(fields, at_s), header.ttl))
        if not way:
            return None
        name, before = way[-1]
        if name == DESTINATION and header.destination != self.topology.destination:
            return None
        router = self.topology.routers[name]
        delay_s = sum(self.topology.routers[passed].delay_s for passed, _ in way)
        if not self._does_answer(router, at_s + delay_s / 2):
            return None
        answer = self._answer_of(router, before, header, payload, datagram, len(way))
        return None if answer is None else (at_s + delay_s + router.answers_after_s, answer)

    def path(self, fields: HeaderFields) -> tuple[IPAddress | None, ...]:
        """What answers packets with these fields, from TTL 1 on; None for a silent router.

        For statistics over many flows: makes no bytes, loses nothing, and takes no time.
        """
        return tuple(
            None if self.topology.routers[name].silent else self.topology.interface(name, before)
            for name, before in islice(self._walk(fields, 0.0), _HOST_TTL)
        )

    def _walk(self, fields: HeaderFields, at_s: float) -> Iterator[tuple[str, str]]:
        """The routers that one packet meets, each with the one before: without end in a loop."""
        name = SOURCE
        while name != DESTINATION:
            before, name = name, self._successor(name, fields, at_s)
            yield name, before
            if self.topology.routers[name].prohibits is not None:
                return

    def _successor(self, name: str, fields: HeaderFields, at_s: float) -> str:
        """The router to which `name` forwards one more packet with these fields."""
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
            return self._answers[name].random.choices(after, weights)[0]
        read = router.fields if router.by is Balance.FLOW else (HeaderField.DESTINATION,)
        chosen = after[draw(self._keys[name], [fields.value(hashed) for hashed in read], weights)]
        self._chosen[name, fields] = chosen
        return chosen

    def _key(self, router: Router, name: str) -> bytes:
        """The key of a router's hash: of its own seed, or else of the run's seed and its name."""
        return key(f"{self.seed} {name}" if router.seed is None else f"{router.seed}")

    def _does_answer(self, router: Router, at_s: float) -> bool:
        """Whether the router answers a packet that reaches it at `at_s`."""
        if router.silent:
            return False
        state = self._answers[router.name]
        if router.rate_pps is not None:
            earned = max(0.0, at_s - state.counted_at_s) * router.rate_pps
            state.tokens = min(float(router.burst), state.tokens + earned)
            state.counted_at_s = max(at_s, state.counted_at_s)
            if state.tokens < 1:
                return False
            state.tokens -= 1
        return not router.loss or state.random.random() >= router.loss

    def _answer_of(
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
            return None  # the answer dies on its way back
        back = IPHeader(
            source=self.topology.interface(router.name, came_from),
            destination=header.source,
            protocol=icmp,
            ttl=ttl,
            ip_id=self._answers[router.name].random.randrange(1, 0x10000) if version == 4 else 0,
        )
        arrived = headers.with_ttl(datagram, header.ttl - hops + 1)
        if is_end:
            return self._host_answer(router, back, header, payload, arrived)
        return self._error_of(router, back, arrived)

    def _host_answer(
        self, host: Router, back: IPHeader, header: IPHeader, payload: bytes, arrived: bytes
    ) -> bytes | None:
        """What the destination answers by itself: an error only where no service listens."""
        version = header.source.version
        if header.protocol == numbers.UDP and self.topology.service is not None:
            said = _said(self.topology.service, payload[8:])
            return None if said is None else headers.udp_reply(back, payload, said)
        if header.protocol == numbers.UDP:
            quote = self._quote(host, version, arrived)
            code = numbers.PORT_UNREACHABLE[version]
            return headers.icmp_error(back, numbers.UNREACHABLE[version], code, quote)
        if header.protocol == numbers.TCP:
            is_open = int.from_bytes(payload[2:4]) in self.topology.open_ports
            return headers.tcp_reply(
                replace(back, protocol=numbers.TCP), payload, open_port=is_open
            )
        if header.protocol == back.protocol and payload[0] == numbers.ECHO_REQUEST[version]:
            return headers.echo_reply(back, payload)
        return None

    def _error_of(self, router: Router, back: IPHeader, arrived: bytes) -> bytes:
        """The ICMP error of a router: it refuses the probe, or the probe's TTL is exceeded."""
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


def _said(service: Service, asked: bytes) -> bytes | None:
    """What a service answers; None where it does not."""
    match service:
        case Service.ECHO:
            return asked
        case Service.DNS if len(asked) < _DNS_HEADER_BYTES:
            return None
        case Service.DNS:
            # That this kind of query is not implemented, as servers say to what is no query.
            return asked[:2] + bytes([asked[2] & 0x78 | 0x80, 4]) + bytes(8)
        case Service.OTHER:
            return b"Mon Jan  1 00:00:00 1970\r\n"


_SOURCE: Final = Router(name=SOURCE, interfaces=())  # the source hashes like any router
