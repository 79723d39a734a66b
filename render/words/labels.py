"""The words of every picture: what is said of a vertex, a share, a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import TYPE_CHECKING, Final

from mda.answers.graph import flows_of
from mda.model import ReplyKind
from mda.studies.balancers import Kind as BalancerKind
from mda.studies.registry import CLASSIFY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress, Reply, Vertex
    from mda.trace import Trace

# The marks of traceroute, and words, for codes of destination unreachable (RFC 792, 1812, 4443).
_UNREACHABLE: Final = {
    4: {
        0: ("!N", "network unreachable"),
        1: ("!H", "host unreachable"),
        2: ("!P", "protocol unreachable"),
        3: ("", "port unreachable"),
        4: ("!F", "too big"),
        5: ("!S", "source route failed"),
        9: ("!X", "network prohibited"),
        10: ("!X", "host prohibited"),
        13: ("!X", "prohibited"),
        14: ("!V", "precedence violation"),
        15: ("!C", "precedence cutoff"),
    },
    6: {
        0: ("!N", "no route"),
        1: ("!X", "prohibited"),
        2: ("!S", "beyond scope"),
        3: ("!H", "address unreachable"),
        4: ("", "port unreachable"),
        5: ("!X", "source address refused"),
        6: ("!X", "route rejected"),
    },
}
_CHANGED: Final = {
    "sport": "source port",
    "source": "source address",
    "identifier": "ICMP identifier",
    "icmp-checksum": "ICMP checksum",
    "ip-id": "IP identification",
    "flow-label": "flow label",
    "traffic-class": "traffic class",
}
_MANY_LOST: Final = 3  # answers; fewer are not worth a word
_LONGEST_NAME: Final = 60  # characters; the end of a longer name says more than its beginning


@dataclass(frozen=True, slots=True)
class VertexWords:
    """What is said of one vertex, ready to print; `address` is `*` for a silence.

    `name` is its name and what else lookups found of it. `share` is the share of all flows that
    meet it, `rtts_s` are the round trips in the order of sending, `notes` come in order of weight.
    """

    kind: Kind
    address: str
    name: str
    share: float
    flows: int
    rtts_s: tuple[float, ...]
    notes: tuple[str, ...]

    @property
    def rtt(self) -> str:
        """The median round trip in milliseconds, empty without one."""
        return milliseconds(median(self.rtts_s)) if self.rtts_s else ""


def vertex_words(trace: Trace, names: Mapping[IPAddress, str]) -> dict[Vertex, VertexWords]:
    """The words for every vertex of the trace, in the graph's order."""
    replies: dict[Vertex, list[Reply]] = {vertex: [] for vertex in trace.dag}
    at = {(vertex.ttl, vertex.address): vertex for vertex in trace.dag}
    for reply in sorted(trace.replies, key=lambda reply: (reply.sent_at_s, reply.request.attempt)):
        vertex = at.get((reply.request.ttl, reply.responder))
        if vertex is not None:
            replies[vertex].append(reply)
    shares = trace.vertex_shares
    last_asked = max((outcome.request.ttl for outcome in trace.outcomes), default=0)
    return {
        vertex: VertexWords(
            kind=_kind(trace, vertex, replies[vertex]),
            address="*" if vertex.address is None else str(vertex.address),
            name=_name(vertex.address, names, trace.facts),
            share=shares[vertex],
            flows=len(flows_of(trace.dag, vertex)),
            rtts_s=tuple(reply.rtt_s for reply in replies[vertex]),
            notes=tuple(_notes(trace, vertex, replies[vertex], last_asked)),
        )
        for vertex in trace.dag
    }


def _name(
    address: IPAddress | None,
    names: Mapping[IPAddress, str],
    facts: Mapping[str, Mapping[IPAddress, str]],
) -> str:
    """What was found of an address: its name, then what other lookups found."""
    if address is None:
        return ""
    texts = [found.get(address, "") for found in (names, *facts.values())]
    return " ".join(_shortened(text) for text in texts if text)


def _shortened(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _LONGEST_NAME else "..." + shown[3 - _LONGEST_NAME :]


def _kind(trace: Trace, vertex: Vertex, replies: list[Reply]) -> Kind:
    if vertex == trace.origin:
        return Kind.SOURCE
    if vertex.address is None:
        return Kind.SILENT
    if vertex.address == trace.plan.destination:
        return Kind.DESTINATION
    if any(reply.ends_path for reply in replies):
        return Kind.REFUSING
    is_balancer = trace.dag.out_degree(vertex) > 1 and vertex not in trace.turned
    return Kind.BALANCER if is_balancer else Kind.ROUTER


def _notes(trace: Trace, vertex: Vertex, replies: list[Reply], last_asked: int) -> list[str]:
    notes = []
    endings = ", ".join(sorted({ending(reply) for reply in replies if reply.ends_path} - {""}))
    if vertex.address == trace.plan.destination:
        notes.append(f"destination: {endings}" if endings else "destination")
    elif endings:
        notes.append(endings)
    width = trace.dag.out_degree(vertex)
    found = trace.found(CLASSIFY)
    kind = next(
        (balancer.kind for balancer in found.balancers if balancer.vertex == vertex)
        if found else iter(()),
        BalancerKind.UNDECIDED,
    )  # fmt: skip
    by = f", {kind.value}" if kind is not BalancerKind.UNDECIDED else ""
    if vertex in trace.per_packet:
        notes.append(f"balances per packet over {width}")
    elif vertex in trace.turned:
        notes.append("route changed here")
    elif width > 1:
        notes.append(f"splits {width} ways{by}")
    elif by:
        notes.append(f"balances {kind.value}")
    if vertex.address is None:
        tries = count(trace.plan.attempts, "try", "tries")
        is_last = width == 0 and last_asked > vertex.ttl
        notes.append(f"silent to hop {last_asked}, {tries}" if is_last else f"silent, {tries}")
    answering = trace.answering.get(vertex)
    if answering is not None and answering.limit is not None:
        notes.append(f"rate-limited to about {rate(answering.limit.rate_pps)} replies/s")
    elif answering is not None and answering.lost >= _MANY_LOST:
        notes.append(f"{percent(round(answering.lost / answering.asked, 2))} of replies lost")
    stacks = {"/".join(str(entry.label) for entry in reply.mpls) for reply in replies if reply.mpls}
    notes += [f"MPLS {stack}" for stack in sorted(stacks)]
    changed = {field for reply in replies for field in reply.changed}
    if changed:
        fields = ", ".join(_CHANGED.get(field, field) for field in sorted(changed))
        notes.append(f"rewritten on the way: {printable(fields)}")
    return notes


def ending(reply: Reply) -> str:
    """How a reply ends the path, in the marks of traceroute and words."""
    match reply.kind:
        case ReplyKind.SYN_ACK:
            return "port open"
        case ReplyKind.RST:
            return "port closed"
        case ReplyKind.ECHO_REPLY:
            return "echo reply"
        case ReplyKind.UDP_ANSWER:
            return "answers by UDP"
        case ReplyKind.TIME_EXCEEDED:
            return ""
    version = reply.responder.version
    if version == 6 and reply.icmp_type == 2:
        return "!F too big"
    code = reply.icmp_code if reply.icmp_code is not None else -1
    mark, words = _UNREACHABLE[version].get(code, (f"!{code}", "unreachable"))
    return f"{mark} {words}".strip()


def milliseconds(time_s: float) -> str:
    """A time for people: three significant digits at most below a second.

    >>> [milliseconds(t) for t in (0.0000321, 0.00421, 0.0421, 0.421)]
    ['0.032', '4.21', '42.1', '421']
    """
    ms = 1000 * time_s
    digits = 3 if ms < 0.9995 else 2 if ms < 9.995 else 1 if ms < 99.95 else 0
    return f"{ms:.{digits}f}"


def rate(per_second: float) -> str:
    """A measured rate for people: one digit, two from 10 on.

    >>> [rate(one) for one in (0.52, 4.3, 18.7, 482.0)]
    ['0.5', '4', '19', '480']
    """
    if per_second < 1:
        return f"{per_second:.1f}"
    return f"{float(f'{per_second:.{1 if per_second < 10 else 2}g}'):.0f}"


def percent(share: float) -> str:
    """A share for people; what is less than all is never shown as all.

    >>> [percent(s) for s in (0.5, 0.07, 0.0201, 0.999, 0.99995, 0.00004, 1e-9, 1.0)]
    ['50 %', '7 %', '2.0 %', '99.9 %', '99.995 %', '0.004 %', 'under 0.001 %', '100 %']
    """
    value = round(100 * share, 9)
    if value == round(value) or 10 <= value <= 90:
        return f"{value:.0f} %"
    if value > 90:
        return f"{value:.{max(1, -math.floor(math.log10(round(100 - value, 9))))}f} %"
    if value < 0.001:
        return "under 0.001 %"
    return f"{value:.1f} %" if value >= 0.1 else f"{value:.1g} %"


def at_most(probability: float) -> str:
    """A bound of a probability, which is never called nothing.

    >>> [at_most(p) for p in (0.019, 1e-7, 0.0)]
    ['at most 1.9 %', 'under 0.001 %', 'under 0.001 %']
    """
    shown = percent(max(probability, 1e-9))
    return shown if shown.startswith("under") else f"at most {shown}"


def p_value(probability: float) -> str:
    """The p-value of a test as papers print it.

    >>> [p_value(p) for p in (1.0, 0.53, 0.0213, 0.00012, 1e-9)]
    ['p = 1.00', 'p = 0.53', 'p = 0.021', 'p = 0.00012', 'p < 0.00001']
    """
    if probability < 1e-5:
        return "p < 0.00001"
    digits = max(2, 1 - math.floor(math.log10(probability)))
    return f"p = {probability:.{digits}f}"


def count(number: int, one: str, many: str) -> str:
    """A number of things, in words that agree with it."""
    return f"{number} {one if number == 1 else many}"


def printable(text: str) -> str:
    """Text from outside with everything but printable characters escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


class Kind(Enum):
    """What a box stands for."""

    SOURCE = "source"
    ROUTER = "router"
    BALANCER = "balancer"
    SILENT = "silent"
    REFUSING = "refusing"
    DESTINATION = "destination"
