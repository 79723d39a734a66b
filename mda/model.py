"""The vocabulary: what a procedure asks for (ProbeRequest) and what it gets (Outcome).

A flow is a number here. Only `paris.packets.flows` knows which header bits carry it, so the same
procedures serve IPv4 and IPv6, UDP, ICMP and TCP.
"""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IPAddress = IPv4Address | IPv6Address
# Routers without an IPv4 address may all reply from this one (RFC 7600 section 4.8).
NOBODYS: Final = IPv4Address("192.0.0.8")
# Why a reply of this machine itself does not count.
FROM_OURSELVES: Final = "comes from an address of this machine"


class HeaderField(Enum):
    """A header field that a router may hash. `mda.variants` numbers the fields in this order."""

    #: Source port of UDP and TCP.
    SPORT = "sport"
    #: Destination port of UDP and TCP.
    DPORT = "dport"
    #: Checksum of an echo request: it stands behind the IP header where UDP has DPORT.
    ICMP_CHECKSUM = "icmp-checksum"
    #: Protocol number in IPv4, next header in IPv6.
    PROTOCOL = "protocol"
    #: Source address.
    SOURCE = "source"
    #: Destination address.
    DESTINATION = "destination"
    #: ToS byte in IPv4, traffic class in IPv6.
    TRAFFIC_CLASS = "traffic-class"
    #: Flow label, in IPv6 only.
    FLOW_LABEL = "flow-label"
    #: All fields at once, except the flow field and the scarce ones (`mda.variants`).
    ALL = "all"
    #: Length of the whole packet in bytes: no router hashes it, and some links limit it.
    LENGTH = "length"

    def __init__(self, value: str) -> None:
        #: The name of the attribute that holds this field in a record of header values.
        self.attribute: Final = value.replace("-", "_")


# The fields that can number flows: they are wide enough, and the sender may choose their values.
FLOW_FIELDS: Final = (
    HeaderField.SPORT,
    HeaderField.DPORT,
    HeaderField.ICMP_CHECKSUM,
    HeaderField.FLOW_LABEL,
)


class Way(NamedTuple):
    """A way out of this machine: the source of the packets, and where they leave.

    `gateway` is None where the link has no other station to choose, or the destination is on it.
    """

    source: IPAddress
    interface: str
    gateway: IPAddress | None


class ProbeRequest(NamedTuple):
    """One probe that is worth sending: flow number `flow` with a TTL (hop limit in IPv6) of `ttl`.

    `flow` counts from 0 and means the same headers at every TTL. `attempt` counts from 0. A higher
    attempt repeats the probe, after a loss or to see whether the reply changes.
    """

    flow: int
    ttl: int
    attempt: int = 0


class ReplyKind(Enum):
    """The kind of a reply. Every kind except TIME_EXCEEDED ends the flow's path."""

    TIME_EXCEEDED = "time-exceeded"
    UNREACHABLE = "unreachable"
    ECHO_REPLY = "echo-reply"
    SYN_ACK = "syn-ack"
    RST = "rst"
    UDP_ANSWER = "udp"
    #: Another program's file says that the destination answered, and not how.
    UNKNOWN = "unknown"


class MplsEntry(NamedTuple):
    """One entry of an MPLS label stack as quoted in an ICMP extension (RFC 4950)."""

    label: int
    traffic_class: int
    bottom: bool
    ttl: int


class InterfaceRole(Enum):
    """What an interface of a responder has to do with the probe (RFC 5837 section 4.1)."""

    #: The probe arrived at it.
    INCOMING = "incoming"
    #: A component of the interface at which the probe arrived, as a member of a bundle.
    SUB_IP = "sub-ip"
    #: The probe would have been forwarded to it.
    OUTGOING = "outgoing"
    #: The next hop, to which the probe would have been forwarded.
    NEXT_HOP = "next-hop"


class InterfaceInfo(NamedTuple):
    """What a responder says of an interface (RFC 5837); None for what it does not say.

    `ifindex` and `name` are those that its own management uses, `mtu` is in bytes.
    """

    role: InterfaceRole
    ifindex: int | None = None
    address: IPAddress | None = None
    name: str | None = None
    mtu: int | None = None


class UnreadReason(Enum):
    """Why a part of an extension structure stays bytes."""

    UNKNOWN = "unknown"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    CHECKSUM = "wrong-checksum"
    VERSION = "unknown-version"


class Unread(NamedTuple):
    """A part of an extension structure that stays bytes, and why (RFC 4884 section 7).

    It is an object's `payload` with its class and type, or else all bytes from where objects cannot
    be told apart.
    """

    reason: UnreadReason
    payload: bytes
    object_class: int | None = None
    object_type: int | None = None


class Reply(NamedTuple):
    """A reply to `request`, matched by what it quotes; times in seconds on the wire's clock.

    `quoted_ttl` is the TTL that the probe still had when it reached the responder. `reply_ttl` and
    `reply_ip_id` are fields of the reply itself. Each is None where the wire or the packet has
    none. `mpls`, `interfaces` and `unread` are all that its extension structure holds. `changed`
    names the fields of the quoted probe that a middlebox changed, sorted, and `shown` has what it
    shows in each, as text; older files lack that. `in_tunnel` means that the quote shows the probe
    inside another IP packet. `mtu` is None unless the reply says that the probe was too big: then
    it is what the responder says fits, in bytes, and 0 if it does not say. Without `is_timed`
    another program's file lacks the times; then both are those of what came before it.
    """

    request: ProbeRequest
    kind: ReplyKind
    responder: IPAddress
    sent_at_s: float
    received_at_s: float
    icmp_type: int | None = None
    icmp_code: int | None = None
    quoted_ttl: int | None = None
    reply_ttl: int | None = None
    reply_ip_id: int | None = None
    mpls: tuple[MplsEntry, ...] = ()
    interfaces: tuple[InterfaceInfo, ...] = ()
    unread: tuple[Unread, ...] = ()
    changed: tuple[str, ...] = ()
    in_tunnel: bool = False
    mtu: int | None = None
    shown: tuple[str, ...] = ()
    is_timed: bool = True

    def __deepcopy__(self, _: object) -> Reply:
        return self  # nothing in it ever changes

    @property
    def rtt_s(self) -> float | None:
        """Seconds from sending the probe to receiving its reply; None if nobody noted them."""
        return self.received_at_s - self.sent_at_s if self.is_timed else None

    @property
    def distinction(self) -> str:
        """What distinguishes routers that share the address NOBODYS; empty for other addresses.

        It is the name and the number of the interface at which the probe arrived, if described.
        """
        if self.interfaces and self.responder == NOBODYS:
            for interface in self.interfaces:
                if interface.role is InterfaceRole.INCOMING:
                    known = [part for part in (interface.name, interface.ifindex) if part]
                    return "/".join(map(str, known))
        return ""

    @property
    def label_ttl_left(self) -> int:
        """The TTL left of the upper label with which a probe expired; 0 if that expired as well."""
        if self.kind is not ReplyKind.TIME_EXCEEDED or not self.mpls or self.mpls[0].ttl <= 1:
            return 0
        return self.mpls[0].ttl

    @property
    def is_open(self) -> bool:
        """Whether a service says by this that it is there."""
        return self.kind in (ReplyKind.SYN_ACK, ReplyKind.UDP_ANSWER)

    @property
    def ends_path(self) -> bool:
        """Whether the flow goes no further than the responder."""
        return self.kind is not ReplyKind.TIME_EXCEEDED

    def is_from(self, destination: IPAddress) -> bool:
        """Whether the destination itself sent it, from the probed address or from another.

        Only the destination answers what a probe asks. An error of another address may be anyone's.
        """
        is_error = self.kind in (ReplyKind.TIME_EXCEEDED, ReplyKind.UNREACHABLE)
        return self.responder == destination or not is_error

    @property
    def is_refusal(self) -> bool:
        """Whether the responder did not pass on the probe, although it is not its destination.

        Every code of unreachable says so, except those for a host that has no such port or
        protocol (RFC 792, RFC 4443).
        """
        arrived = (2, 3) if self.responder.version == 4 else (4,)
        is_error = self.kind is ReplyKind.UNREACHABLE and self.icmp_code is not None
        return is_error and self.icmp_code not in arrived

    @property
    def is_prohibition(self) -> bool:
        """Whether someone refuses the probe on purpose (RFC 1812 section 5.2.7.1, RFC 4443)."""
        prohibiting = (9, 10, 13) if self.responder.version == 4 else (1, 5, 6)
        return self.kind is ReplyKind.UNREACHABLE and self.icmp_code in prohibiting


class Loss(NamedTuple):
    """`request` got no reply within its wait, in seconds; a later reply is another outcome.

    Without `is_timed` the times are unknown, as those of a Reply.
    """

    request: ProbeRequest
    sent_at_s: float
    gave_up_at_s: float
    is_timed: bool = True


Outcome = Reply | Loss


def rtts_s(replies: Iterable[Reply]) -> list[float]:
    """The round trips of replies in seconds, of those that have known times."""
    return [reply.received_at_s - reply.sent_at_s for reply in replies if reply.is_timed]


class Unresolved(NamedTuple):
    """A probe without an outcome when the measurement ended: neither reply nor loss.

    It was still in flight, or it had been withdrawn and was not sent again.
    """

    request: ProbeRequest
    sent_at_s: float


class StopReason(Enum):
    """Why a measurement ended."""

    COMPLETE = "complete"
    PROBE_BUDGET = "probe-budget"
    TIME_BUDGET = "time-budget"
    INTERRUPTED = "interrupted"
    WIRE_ERROR = "wire-error"


class Vertex:
    """An interface at a TTL, or a silence there (address None); `star` numbers silences of a TTL.

    An address at two TTLs is two vertices. So every edge leads one TTL further, and the graph
    cannot have a cycle. Routers that share the address NOBODYS are kept apart by the `interface` at
    which probes arrive, by their own words; see `of`.
    """

    __slots__ = ("_hash", "_key", "address", "interface", "star", "ttl")

    def __init__(
        self, ttl: int, address: IPAddress | None, star: int = 0, interface: str = ""
    ) -> None:
        self.ttl: Final = ttl
        self.address: Final = address
        self.star: Final = star
        self.interface: Final = interface
        # Vertices are the keys of most dictionaries, and hashing or comparing addresses is slow.
        version, number = (0, star) if address is None else (address.version, int(address))
        self._key: Final = ttl, version, number, interface
        self._hash: Final = hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vertex) and self._key == other._key

    def __repr__(self) -> str:
        return f"Vertex{self.ttl, self.address, self.star, self.interface}"

    @classmethod
    def of(cls, ttl: int, reply: Reply) -> Vertex:
        """The vertex at `ttl` that a reply comes from."""
        return cls(ttl, reply.responder, interface=reply.distinction)

    @property
    def sort_key(self) -> tuple[int, int, int, int, str]:
        """Orders vertices by TTL, addresses before silences, then by address."""
        if self.address is None:
            return self.ttl, 1, 0, self.star, ""
        return self.ttl, 0, int(self.address), 0, self.interface


class Vertices:
    """Finds the vertices of replies, equal ones as the same object: making them takes longer.

    A reply that ends a path may come from nearer than its probe's TTL: `places` has its TTL.
    """

    def __init__(self, places: Mapping[ProbeRequest, int]) -> None:
        self._places = places
        self._known: dict[tuple[int, int, str], Vertex] = {}

    def of(self, reply: Reply) -> Vertex:
        """The vertex that a reply came from."""
        ttl = reply.request.ttl
        if reply.ends_path:
            ttl = self._places.get(reply.request, ttl)
        key = ttl, int(reply.responder), reply.distinction
        vertex = self._known.get(key)
        if vertex is None:
            vertex = self._known[key] = Vertex.of(ttl, reply)
        return vertex
