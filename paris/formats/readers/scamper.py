"""What scamper's methods mean: `tracelb`, a multipath trace, and `trace`, that of a single path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import ReplyKind
from mda.plan import Algorithm
from paris.errors import FormatError, on_one_line
from paris.formats.readers.measured import Answer, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.model import IPAddress

TRACELB: Final = "tracelb"
TRACE: Final = "trace"
_FIRST_CHECKSUM: Final = 1  # the ICMP checksum of flow 0
_LAST_FLOW: Final = 0xFFFF


class Method(NamedTuple):
    """What the probes of a method are; those of a classic one count the flow field up."""

    algorithm: Algorithm
    protocol: str
    flow_field: str
    flags: str | None = None

    def first(self, sport: int | None, dport: int | None) -> int:
        """What scamper calls the flow of flow 0: the value of its flow field."""
        if self.flow_field == "icmp-checksum":
            return _FIRST_CHECKSUM
        return (dport if self.flow_field == "dport" else sport) or 0


METHODS: Final[dict[str, dict[str, Method]]] = {
    TRACELB: {
        "udp-dport": Method(Algorithm.MDA, "udp", "dport"),
        "icmp-echo": Method(Algorithm.MDA, "icmp", "icmp-checksum"),
        "udp-sport": Method(Algorithm.MDA, "udp", "sport"),
        "tcp-sport": Method(Algorithm.MDA, "tcp", "sport"),
        "tcp-ack-sport": Method(Algorithm.MDA, "tcp", "sport", "ack"),
    },
    TRACE: {
        "tcp": Method(Algorithm.PARIS, "tcp", "sport"),
        "tcp-ack": Method(Algorithm.PARIS, "tcp", "sport", "ack"),
        "icmp-echo-paris": Method(Algorithm.PARIS, "icmp", "icmp-checksum"),
        "udp-paris": Method(Algorithm.PARIS, "udp", "sport"),
        "udp": Method(Algorithm.CLASSIC, "udp", "dport"),
        "icmp-echo": Method(Algorithm.CLASSIC, "icmp", "icmp-checksum"),
    },
}


def method(kind: str, name: str, place: str) -> Method:
    """What a method means. Raises FormatError, with `place`, for one that is not known."""
    methods = METHODS[kind]
    if name not in methods:
        raise FormatError(
            f"{place}: a {kind} by {on_one_line(name)}, which is not read: only "
            f"{', '.join(methods)} are"
        )
    return methods[name]


def failure(confidence: int | None) -> float | None:
    """The probability that a bound of so many percent allows; None without one."""
    return 1 - confidence / 100 if confidence and 0 < confidence < 100 else None


def by_flow(own: Iterable[Sent], first: int, place: str) -> tuple[Sent, ...]:
    """The probes of a tracelb in the order of sending, with flows from 0 on instead of `first`.

    Raises FormatError, with `place`, for one below.
    """
    numbered = []
    for sent in sorted(own, key=lambda own: (own.sent_at_us or 0, own.attempt)):
        if not first <= sent.flow <= _LAST_FLOW:
            raise FormatError(f"{place}: flow id {sent.flow} is not from {first} on")
        numbered.append(sent._replace(flow=sent.flow - first))
    return tuple(numbered)


def first_hop(
    ttl: int,
    responder: IPAddress | None,
    quoted_ttl: int | None,
    destination: IPAddress,
    attempts: int,
) -> tuple[Sent, ...]:
    """The probes to the first hop, which a tracelb leaves out; it says only who replied, if any.

    One flow is sent there.
    """
    if responder is None:
        return tuple(Sent(0, ttl, attempt, None, ()) for attempt in range(attempts))
    is_end = responder == destination
    kind = ReplyKind.UNKNOWN if is_end else ReplyKind.TIME_EXCEEDED
    answer = Answer(responder, None, kind=kind, quoted_ttl=None if is_end else quoted_ttl)
    return (Sent(0, ttl, 0, None, (answer,)),)


def on_one_path(
    answered: Iterable[Sent],
    method: Method,
    flow: int,
    ttls: Iterable[int],
    attempts: int,
) -> tuple[Sent, ...]:
    """The probes of a trace, with those to `ttls` that it leaves out because nobody replied.

    scamper sends further attempts to a hop only while nobody replied there.
    """
    by_ttl: dict[int, dict[int, Sent]] = {}
    for sent in answered:
        by_ttl.setdefault(sent.ttl, {})[sent.attempt] = sent
    every: list[Sent] = []
    for ttl in sorted({*ttls, *by_ttl}):
        known = by_ttl.get(ttl, {})
        asked = 1 + max(known, default=attempts - 1)
        every += [known.get(number, Sent(flow, ttl, number, None, ())) for number in range(asked)]
    if method.algorithm is Algorithm.CLASSIC:  # each has the next flow, and is its only attempt
        return tuple(sent._replace(flow=flow, attempt=0) for flow, sent in enumerate(every))
    return tuple(every)
