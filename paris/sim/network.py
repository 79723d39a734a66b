"""The simulated network: takes real probe bytes, returns real reply bytes and when they arrive.

It is a function of topology and seed: loss, per-packet balancers and hash keys draw from the seed,
per router, so that two runs with the same seed are equal.
"""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from ipaddress import ip_network
from random import Random
from typing import TYPE_CHECKING, Final

from mda.model import MplsEntry
from paris.errors import WithheldError
from paris.packets import headers, numbers
from paris.packets.flows import PREFIX_LEN
from paris.packets.headers import IPHeader
from paris.sim.balancers import header_fields
from paris.sim.filters import Action, action_on
from paris.sim.forwarding import Forwarding
from paris.sim.listening import Listening
from paris.sim.rewriting import with_fields, with_source
from paris.sim.segments import with_segments
from paris.sim.topology import DESTINATION, Service

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.sim.balancers import HeaderFields
    from paris.sim.forwarding import End
    from paris.sim.listening import Said
    from paris.sim.topology import Router, Topology

_IP4_QUOTE: Final = 28  # bytes; the minimum of RFC 792, and the quote of many routers
_IP6_QUOTE: Final = 1232  # bytes; the most that fits into the minimum MTU (RFC 4443 section 2.4)
_ROUTER_TTL: Final = 255
_HOST_TTL: Final = 64
_COPY_AFTER_S: Final = 0.0005  # a duplicate reply follows so closely
_DNS_HEADER_BYTES: Final = 12
_LINK_BYTES: Final = 1500  # of a packet, on every link that has no other MTU
_SHORTEST: Final = 8  # bytes after the IP header; every probe has at least these


class _Bucket:
    """The tokens of a router's rate limit, as counted at a moment."""

    def __init__(self, tokens: float) -> None:
        self.tokens = tokens
        self.counted_at_s = 0.0


class _Randoms(dict[str, Random]):
    """The random numbers of each router by its name, from when they are first asked for."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def __missing__(self, name: str) -> Random:
        self[name] = Random(f"{self._seed} {name}")
        return self[name]


class Network:
    """Answers datagrams as the routers of `topology` would. `seed` is the seed of the run."""

    def __init__(self, topology: Topology, seed: int) -> None:
        self.topology = topology
        destination = topology.destination
        self._prefix = ip_network((destination, PREFIX_LEN[destination.version]), strict=False)
        self._buckets = {
            name: _Bucket(float(router.burst))
            for name, router in topology.routers.items()
            if router.rate_pps is not None
        }
        self._randoms = _Randoms(seed)
        self._forwarding = Forwarding(topology, seed, self._randoms)
        self._listening: defaultdict[str, Listening] = defaultdict(Listening)

    @property
    def source(self) -> IPAddress:
        """The address that probes leave from."""
        return self.topology.source

    @property
    def destination(self) -> IPAddress:
        """The address to trace."""
        return self.topology.destination

    @property
    def longest(self) -> int:
        """The length in bytes of the longest packet that the source sends."""
        return _LINK_BYTES

    def answers(self, datagram: bytes, at_s: float) -> list[tuple[float, bytes]]:
        """The replies to a datagram sent at `at_s`, each with the moment at which it arrives.

        Only datagrams to the destination's prefix get replies. Of the hosts in that prefix, only
        the destination itself is up. Raises WithheldError if the source's own filter drops it.
        """
        read = headers.read_ip(datagram)
        if read is None:
            return []
        header, payload = read
        if header.destination not in self._prefix or len(payload) < _SHORTEST:
            return []
        fields = header_fields(
            header.source,
            header.destination,
            header.protocol,
            header.flow_label,
            header.traffic_class,
            payload,
        )
        if action_on(fields, self.topology.rules) is Action.DROP:
            reason = os.strerror(errno.EPERM)  # as Linux says
            raise WithheldError(f"cannot send to {header.destination}: {reason}", reason)
        end = (
            self._forwarding.end_of(fields, header.ttl, len(datagram), header.source, at_s)
            if header.ttl
            else None
        )
        if end is None:
            return []
        if end.name == DESTINATION and header.destination != self.topology.destination:
            return []
        router = self.topology.routers[end.name]
        here_s = at_s + end.delay_s / 2
        does_reply, said = self._does_reply(end, here_s), None
        if self._does_accept(end, header):
            ends = end.source.packed + header.destination.packed
            listening = self._listening[end.name]
            said = listening.hears(ends, payload, here_s, end.delay_s, is_lost=not does_reply)
            does_reply = said is not None
        reply = self._reply_of(end, header, payload, datagram, said) if does_reply else None
        if reply is None:
            return []
        arrives_s = at_s + end.delay_s + router.answers_after_s + end.after_s
        if said is not None:
            arrives_s += said.wait_s
        copies = [(arrives_s + _COPY_AFTER_S, reply)] if self._does_repeat(router) else []
        return [(arrives_s, reply), *copies]

    def _does_accept(self, end: End, header: IPHeader) -> bool:
        """Whether a SYN comes to whoever accepts it: a listening host, or one in its place."""
        if end.action is not Action.PASS:
            return end.action is Action.ANSWER
        return (
            end.name == DESTINATION
            and not self.topology.routers[end.name].silent
            and header.protocol == numbers.TCP
            and end.fields.dport in self.topology.open_ports
        )

    def path(self, fields: HeaderFields) -> tuple[IPAddress | None, ...]:
        """The interfaces that reply to packets with these fields, from TTL 1; None if silent.

        For statistics over many flows: it builds no bytes, loses no reply, and takes no time.
        """
        return tuple(
            None
            if self.topology.routers[name].silent
            else self._forwarding.replies_from(name, before, fields)
            for name, before in self._forwarding.path(fields)
        )

    def _does_reply(self, end: End, at_s: float) -> bool:
        """Whether the router at a packet's end, which the packet reaches at `at_s`, replies."""
        router = self.topology.routers[end.name]
        if router.silent and end.action is Action.PASS:
            return False
        if router.rate_pps is not None:
            bucket = self._buckets[router.name]
            earned = max(0.0, at_s - bucket.counted_at_s) * router.rate_pps
            bucket.tokens = min(float(router.burst), bucket.tokens + earned)
            bucket.counted_at_s = max(at_s, bucket.counted_at_s)
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
        return not router.loss or self._randoms[router.name].random() >= router.loss

    def _does_repeat(self, router: Router) -> bool:
        """Whether a reply of the router arrives twice."""
        return router.duplicates > 0 and self._randoms[router.name].random() < router.duplicates

    def _reply_of(
        self, end: End, header: IPHeader, payload: bytes, datagram: bytes, said: Said | None
    ) -> bytes | None:
        """The reply to a packet that came to its `end`; `said` is what a listening host says."""
        version = header.source.version
        is_host, router = end.name == DESTINATION, self.topology.routers[end.name]
        usual_ttl = _HOST_TTL if is_host or end.stands_in else _ROUTER_TTL
        does_copy = router.copies_ttl and said is None and self._service(end, header) is None
        initial_ttl = end.left if does_copy else router.initial_ttl or usual_ttl
        ttl = initial_ttl - end.distance + 1 - router.longer_back
        if ttl < 1:
            return None  # the reply's TTL expires on the way back
        own = self._forwarding.replies_from(end.name, end.before, end.fields)
        shown = self.topology.destination if end.is_masked else own
        back = IPHeader(
            source=header.destination if end.stands_in else shown,
            destination=header.source,
            protocol=numbers.ICMP[version],
            ttl=ttl,
            ip_id=self._randoms[end.name].randrange(1, 0x10000) if version == 4 else 0,
        )
        if said is not None:
            return _tcp_reply(back, payload, said)
        if end.action is Action.RESET:
            return headers.tcp_reply(back, payload, open_port=False)
        left = router.quotes_ttl if end.refusal is None else None
        arrived = headers.with_ttl(datagram, end.left if left is None else left)
        arrived = with_fields(arrived, end.fields)
        if end.source != header.source:
            arrived = with_source(arrived, end.source)
        if is_host and end.refusal is None:
            return self._host_reply(end, back, header, payload, arrived)
        return self._error_of(end, back, arrived)

    def _host_reply(
        self, end: End, back: IPHeader, header: IPHeader, payload: bytes, arrived: bytes
    ) -> bytes | None:
        """The destination's own reply; it is an ICMP error only if no UDP service listens."""
        version, service = header.source.version, self._service(end, header)
        if service is not None:
            returned = _served(service, payload[8:])
            return None if returned is None else headers.udp_reply(back, payload, returned)
        if header.protocol == numbers.UDP:
            unreachable = numbers.PORT_UNREACHABLE[version]
            return self._error_of(end._replace(refusal=unreachable), back, arrived)
        if header.protocol == numbers.TCP:
            return headers.tcp_reply(back._replace(protocol=numbers.TCP), payload, open_port=False)
        if header.protocol == back.protocol and payload[0] == numbers.ECHO_REQUEST[version]:
            return headers.echo_reply(back, payload)
        return None

    def _service(self, end: End, header: IPHeader) -> Service | None:
        """The UDP service at the destination for which a packet is."""
        is_udp = header.protocol == numbers.UDP
        return self.topology.services.get(end.fields.dport) if is_udp else None

    def _error_of(self, end: End, back: IPHeader, arrived: bytes) -> bytes:
        """The ICMP error of whoever refuses the probe, or at which the probe's TTL ends."""
        version, router = back.source.version, self.topology.routers[end.name]
        quote = self._quote(router, version, arrived)
        if end.mtu is not None:
            return headers.too_big(back, end.mtu, quote)
        described = self.topology.described(end.name, end.before)
        if end.refusal is not None:
            kind = numbers.UNREACHABLE[version]
            return headers.icmp_error(back, kind, end.refusal, quote, interfaces=described)
        stack = tuple(
            MplsEntry(label, 0, index == len(router.mpls) - 1, router.label_ttl)
            for index, label in enumerate(router.mpls)
        )
        return headers.icmp_error(back, numbers.TIME_EXCEEDED[version], 0, quote, stack, described)

    def _quote(self, router: Router, version: int, arrived: bytes) -> bytes:
        most = _IP4_QUOTE if version == 4 else _IP6_QUOTE
        if router.segments:
            arrived = with_segments(arrived, router.segments)
        return arrived[: most if router.quote_bytes is None else router.quote_bytes]


def _tcp_reply(back: IPHeader, syn: bytes, said: Said) -> bytes:
    """What a listening host says to a SYN, as a whole datagram."""
    return headers.tcp(
        back._replace(protocol=numbers.TCP),
        sport=int.from_bytes(syn[2:4]),
        dport=int.from_bytes(syn[:2]),
        sequence=1,
        acknowledgment=said.acknowledged,
        flags=said.flags,
    )


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
