"""What every view of a trace says of a vertex."""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from itertools import count as count_from
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import flows_of
from mda.findings.refusals import Refusal, Refused, refusal_by_error
from mda.model import NOBODYS, ReplyKind, rtts_s
from mda.plan import Algorithm
from mda.service.fates import drawn
from mda.studies.registry import CLASSIFY, MTU, STATS
from render.words.balancers import balancer_words
from render.words.change_marks import change_marks
from render.words.extensions import extension_notes
from render.words.figures import figures_in_words
from render.words.numbering import numbers, origins
from render.words.quantities import (
    abridged,
    count,
    median_ms,
    milliseconds,
    percent,
    rate,
    shortened,
)
from render.words.service_marks import ServiceMarks
from render.words.tries import lost_on_path, tries_s, uncounted
from render.words.troubles import troubles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mda.answers.rate_limits import LimitRange
    from mda.model import IPAddress, Reply, Vertex
    from mda.studies.balancers import Kind as BalancerKind
    from mda.trace import Trace
    from render.words.balancers import BalancerWords

# The marks of traceroute, and words, for codes of destination unreachable (RFC 792, 1122, 1812 and
# 4443).
_UNREACHABLE: Final = {
    4: {
        0: ("!N", "network unreachable"),
        1: ("!H", "host unreachable"),
        2: ("!P", "protocol unreachable"),
        3: ("", "port unreachable"),
        4: ("!F", "too big"),
        5: ("!S", "source route failed"),
        6: ("!N", "network unknown"),
        7: ("!H", "host unknown"),
        8: ("!N", "source isolated"),
        9: ("!X", "network prohibited"),
        10: ("!X", "host prohibited"),
        11: ("!N", "network unreachable for this ToS"),
        12: ("!H", "host unreachable for this ToS"),
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
_WIDE: Final = 2.0  # times the lowest rate, from which on a range is shown
_VAGUE: Final = 20.0  # ... and from which on only its upper end says something
_MANY_LOST: Final = 3  # probes; fewer are not worth a word


class Kind(Enum):
    """What a box stands for."""

    SOURCE = "source"
    ROUTER = "router"
    BALANCER = "balancer"
    SILENT = "silent"
    REFUSING = "refusing"
    DESTINATION = "destination"
    CLOSED = "closed"


class VertexWords(NamedTuple):
    """The words for one vertex, ready to print; `address` is `*` for a silent one.

    `key` is unique in the trace, `number` as in `numbering`, which also makes `origin`. `name` is
    its name and what else lookups found of it. `mtu` is the longest packet that gets there, in
    bytes, or the least and the most by several ways; empty if not known. `share` is the share of
    all flows that meet it, `rtts_s` are the round trips in the order of sending; on a single path
    `tries_s` has None in their midst for each lost probe. `notes` come in order of weight, and
    `details` are further lines for whoever asks for more. `balancer` is there if it splits flows.
    """

    key: str
    number: str
    kind: Kind
    address: str
    name: str
    mtu: str
    share: float
    rtts_s: tuple[float, ...]
    tries_s: tuple[float | None, ...]
    origin: str
    notes: tuple[str, ...]
    details: tuple[str, ...]
    balancer: BalancerWords | None

    @property
    def rtt(self) -> str:
        """The median round trip in milliseconds, empty without one."""
        return median_ms(self.rtts_s)


def vertex_words(trace: Trace) -> dict[Vertex, VertexWords]:
    """The words for every vertex of the trace, in the graph's order."""
    replies = _replies(trace)
    lost, service = lost_on_path(trace), ServiceMarks.of(trace)
    marks = change_marks(trace, replies)
    number, origin, details = numbers(trace.dag), origins(trace), _details(trace, replies)
    asked: defaultdict[int, set[int]] = defaultdict(set)
    for outcome in trace.outcomes:
        asked[outcome.request.flow].add(outcome.request.ttl)
    wrong, balancers, kinds = troubles(trace, number), balancer_words(trace), _kinds(trace)
    return {
        vertex: VertexWords(
            key=key_of(vertex),
            number=number[vertex],
            kind=_kind(trace, vertex, replies[vertex], service),
            address="*" if vertex.address is None else str(vertex.address),
            name=_name(vertex.address, trace.names, trace.facts),
            mtu=_mtu(trace, vertex),
            share=trace.vertex_shares[vertex],
            rtts_s=tuple(rtts_s(replies[vertex])),
            tries_s=tries_s(replies[vertex], lost.get(vertex, ())),
            origin=origin[vertex],
            notes=tuple(_notes(trace, vertex, replies[vertex], asked, kinds.get(vertex)))
            + tuple(wrong.get(vertex, ()))
            + marks.get(vertex, ())
            + service.notes(vertex)
            + _parallel(trace, vertex, number)
            + uncounted(replies[vertex], lost.get(vertex, ())),
            details=details[vertex],
            balancer=balancers.get(vertex),
        )
        for vertex in trace.dag
    }


def _replies(trace: Trace) -> dict[Vertex, list[Reply]]:
    """The replies that are drawn at each vertex, in the order of sending."""
    replies: dict[Vertex, list[Reply]] = {vertex: [] for vertex in trace.dag}
    if not trace.plan.algorithm.is_multipath and trace.plan.probing.is_to_service:
        for reply in trace.replies:
            vertex = drawn(trace, reply)
            if vertex in replies:
                replies[vertex].append(reply)
    else:
        for vertex, own in replies.items():
            own += trace.replies_at(vertex)
    for own in replies.values():
        own.sort(key=lambda reply: (reply.sent_at_s, reply.request.attempt))
    return replies


def key_of(vertex: Vertex) -> str:
    """What names a vertex within a trace, whoever draws it."""
    where = f"*{vertex.star}" if vertex.address is None else f"{vertex.address}"
    # Escaped, so that two names of interfaces stay two.
    return (
        f"{vertex.ttl} {where}{vertex.interface!r}" if vertex.interface else f"{vertex.ttl} {where}"
    )


def place(vertex: Vertex) -> str:
    """A vertex by address, interface where several routers share the address, and hop."""
    interface = f"{shortened(vertex.interface)}, " if vertex.interface else ""
    return f"{vertex.address or '*'} ({interface}hop {vertex.ttl})"


def _details(
    trace: Trace, replies: Mapping[Vertex, Sequence[Reply]]
) -> dict[Vertex, tuple[str, ...]]:
    """Lines about each vertex's flows, round trips, and what else its branches may be."""
    found = trace.found(CLASSIFY)
    missed = {known.vertex: known.miss_probability for known in trace.certainty.vertices}
    details = {}
    for vertex, share in trace.vertex_shares.items():
        flows = count(len(flows_of(trace.dag, vertex)), "flow", "flows")
        lines = [f"{flows}, {percent(share)} of all"]
        if times_s := rtts_s(replies[vertex]):
            answers = count(len(times_s), "answer", "answers")
            fastest = milliseconds(min(times_s))
            lines.append(f"fastest {fastest} ms, median {median_ms(times_s)} ms of {answers}")
        if STATS.name in trace.plan.studies and vertex in trace.behaviour.vertices:
            lines.append(figures_in_words(trace.behaviour.vertices[vertex]))
        if trace.rounds is not None and vertex in trace.rounds.vertices:
            watched = figures_in_words(trace.rounds.vertices[vertex].delays)
            lines.append(f"watched: {watched}")
        if vertex in missed:
            chance = percent(missed[vertex])
            lines.append(f"one more even branch would have stayed unseen with probability {chance}")
        if found and vertex in found.branches and found.branches[vertex].may_be_one:
            lines.append("a router behind it that balances its replies would look the same")
        details[vertex] = tuple(lines)
    return details


def _name(
    address: IPAddress | None,
    names: Mapping[IPAddress, str],
    facts: Mapping[str, Mapping[IPAddress, str]],
) -> str:
    """What was found of an address: its name, then what other lookups found."""
    if address is None:
        return ""
    name = shortened(names.get(address, ""))
    found = (abridged(texts.get(address, "")) for texts in facts.values())
    return " ".join(filter(None, (name, *found)))


def _mtu(trace: Trace, vertex: Vertex) -> str:
    """The longest packets that get to a vertex, by its narrowest and its widest way."""
    found = trace.found(MTU)
    mtus = () if found is None else found.of(vertex)
    return "" if not mtus else "-".join(dict.fromkeys((str(mtus[0]), str(mtus[-1]))))


def _kind(trace: Trace, vertex: Vertex, replies: list[Reply], service: ServiceMarks) -> Kind:
    if vertex == trace.origin:
        return Kind.SOURCE
    if vertex.address is None:
        return Kind.SILENT
    if vertex in service.forged:
        return Kind.REFUSING
    if vertex in trace.arrivals:
        return Kind.CLOSED if vertex in service.closed else Kind.DESTINATION
    if vertex in service.ends and service.is_stopped:
        return Kind.REFUSING
    if any(reply.ends_path for reply in replies):
        return Kind.REFUSING
    is_balancer = trace.dag.out_degree(vertex) > 1 and vertex not in trace.turned
    return Kind.BALANCER if is_balancer else Kind.ROUTER


def _asked_to(trace: Trace, vertex: Vertex, asked: Mapping[int, set[int]]) -> int:
    """The last of the TTLs in a row, from a vertex's own on, that its flows were `asked` at."""
    own = {ttl for flow in flows_of(trace.dag, vertex) for ttl in asked[flow]}
    return next(last for last in count_from(vertex.ttl) if last + 1 not in own)


def _notes(
    trace: Trace,
    vertex: Vertex,
    replies: list[Reply],
    asked: Mapping[int, set[int]],
    kind: BalancerKind | None,
) -> list[str]:
    notes = []
    endings = ", ".join(
        sorted({ending_in(trace, reply) for reply in replies if reply.ends_path} - {""})
    )
    if vertex in trace.arrivals:
        notes.append(f"destination: {endings}" if endings else "destination")
    elif endings:
        notes.append(endings)
    if any(reply.reply_ttl == 1 for reply in replies):
        notes.append("! a reply arrived with a TTL of 1")
    width = trace.dag.out_degree(vertex)
    by = f", {kind.value}" if kind is not None else ""
    if vertex in trace.per_packet:
        notes.append(f"splits {width} ways, per packet")
    elif vertex in trace.turned:
        notes.append("route changed here")
    elif width > 1:
        notes.append(f"splits {width} ways{by}")
    elif by:
        notes.append(f"splits{by.removeprefix(',')}")
    if vertex.address is None:
        tries = count(trace.plan.attempts, "try", "tries")
        last = _asked_to(trace, vertex, asked)
        is_last = width == 0 and last > vertex.ttl
        # A router that loses replies leaves all tries of a single flow unanswered now and then.
        silence = "silent" if trace.plan.algorithm.is_multipath else "no reply"
        where = f"silent to hop {last}" if is_last else silence
        is_classic = trace.plan.algorithm is Algorithm.CLASSIC
        notes.append(where if is_classic else f"{where}, {tries}")
    answering = trace.answering.get(vertex)
    if answering is not None and answering.limit is not None:
        notes.append(f"rate-limited to {rates(answering.limit)} replies/s")
    elif (
        answering is not None and answering.lost >= _MANY_LOST and trace.plan.algorithm.is_multipath
    ):
        is_perhaps = vertex in trace.behaviour.may_be_limited
        perhaps = ", perhaps by a rate limit" if is_perhaps else ""
        share = percent(round(answering.lost / answering.asked, 2))
        notes.append(f"{share} of probes unanswered{perhaps}")
    if vertex.address == NOBODYS:
        notes.append("stands for routers without an IPv4 address")
    notes += extension_notes(replies)
    if any(reply.in_tunnel for reply in replies):
        notes.append("in a tunnel")
    return notes


def _parallel(trace: Trace, vertex: Vertex, number: Mapping[Vertex, str]) -> tuple[str, ...]:
    """The vertices from which flows arrive by several links."""
    return tuple(
        f"{len(links)} parallel links from {number[near] if near != trace.origin else 'the source'}"
        for (near, far), links in trace.parallel_links.items()
        if far == vertex
    )


def _kinds(trace: Trace) -> dict[Vertex, BalancerKind]:
    """The kind of balancer that vertices were found to be, where that is known."""
    found = trace.found(CLASSIFY)
    balancers = found.balancers if found else ()
    return {own.vertex: own.kind for own in reversed(balancers) if own.kind.is_decided}


def ending_in(trace: Trace, reply: Reply) -> str:
    """How a reply ends the path, given what the other replies say."""
    if reply.kind is ReplyKind.RST and trace.plan.probing.flags is not None:
        return "reset"
    if reply.kind is ReplyKind.RST:
        # Where the port may be open, a reset says only that something arrived.
        is_closed = Refused(Refusal.CLOSED, reply.responder) in trace.refusals
        is_own = not ServiceMarks.of(trace).is_reset_by_others
        return ending(reply) if is_closed and is_own else "resets"
    words = ending(reply)
    if refusal_by_error(trace.plan, reply) is Refusal.REJECTED:
        return f"rejected, {words}"
    return words


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
        case ReplyKind.UNKNOWN:
            return "answers"
        case ReplyKind.TIME_EXCEEDED:
            return ""
    code = reply.icmp_code if reply.icmp_code is not None else -1
    return unreachable(reply.responder.version, reply.icmp_type, code)


def unreachable(version: int, icmp_type: int | None, code: int) -> str:
    """The mark of traceroute and words for a code of destination unreachable, or for "too big"."""
    if version == 6 and icmp_type == 2:
        return "!F too big"
    mark, words = _UNREACHABLE[version].get(code, (f"!<{code}>", "unreachable"))
    return f"{mark} {words}".strip()


def rates(limit: LimitRange) -> str:
    """The rate of a limit, its range where that is wide, or the end of it where that is vague."""
    if limit.highest_pps <= _WIDE * limit.lowest_pps:
        return f"about {rate(limit.rate_pps)}"
    if limit.highest_pps > _VAGUE * limit.lowest_pps:
        return f"at most {rate(limit.highest_pps)}"
    return f"{rate(limit.lowest_pps)} to {rate(limit.highest_pps)}"
