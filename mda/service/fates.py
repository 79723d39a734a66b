"""How the path of each flow ends at a service or before it, and who says so."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import flows_of, flows_of_edge
from mda.findings.refusals import Refusal, Refused, refusal_by_error
from mda.model import Loss, ReplyKind, Vertex
from mda.record import Fate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import Reply
    from mda.trace import Trace

_ACCEPTING: Final = (ReplyKind.SYN_ACK, ReplyKind.UDP_ANSWER, ReplyKind.ECHO_REPLY)
_RANK: Final = {fate: rank for rank, fate in enumerate(Fate)}  # the strongest statement first


class Ending(NamedTuple):
    """`flows`, ascending, end at the vertex `at` with `fate`.

    `at` is who says so, or the last vertex that answered: the source where none did. `icmp` has the
    type and code of an ICMP error.
    """

    fate: Fate
    at: Vertex
    icmp: tuple[int, int] | None
    flows: tuple[int, ...]


def endings(trace: Trace) -> tuple[Ending, ...]:
    """How the flows that were followed to their end did end, the strongest statements first.

    Flows that were not probed up to their end are left out, and where the trace is not complete
    those that only got no answer.
    """
    strongest: dict[int, tuple[Fate, Vertex, tuple[int, int] | None]] = {}
    is_accepted = any(reply.kind is ReplyKind.SYN_ACK for reply in trace.replies)
    host = _host_ttl(trace)
    for reply in trace.replies:
        fate, flow = _fate(trace, reply, is_accepted=is_accepted), reply.request.flow
        at = None if fate is None else drawn(trace, reply)
        if fate is None or at is None or _is_passing(trace, reply, host):
            continue
        if flow not in strongest or _RANK[fate] < _RANK[strongest[flow][0]]:
            icmp = None if reply.icmp_type is None else (reply.icmp_type, reply.icmp_code or 0)
            strongest[flow] = fate, at, icmp
    for revisit in trace.revisits:
        for flow in revisit.flows if revisit.is_loop else ():
            strongest.setdefault(flow, (Fate.LOOP, Vertex(revisit.ttls[0], revisit.address), None))
    if trace.is_complete:
        for last, flow in _fallen_silent(trace):
            strongest.setdefault(flow, (Fate.SILENT, last, None))
    groups: defaultdict[tuple[Fate, Vertex, tuple[int, int] | None], list[int]] = defaultdict(list)
    for flow in sorted(strongest):
        groups[strongest[flow]].append(flow)
    found = [Ending(fate, at, icmp, tuple(flows)) for (fate, at, icmp), flows in groups.items()]
    return tuple(sorted(found, key=lambda own: (_RANK[own.fate], own.at.sort_key, own.icmp or ())))


def _fate(trace: Trace, reply: Reply, *, is_accepted: bool) -> Fate | None:
    """How this reply ends its flow's path; None if it does not say.

    `is_accepted` says whether any connection was accepted.
    """
    if reply.kind in _ACCEPTING:
        return Fate.OPEN
    if reply.kind is ReplyKind.RST:
        # A reset of a connection that an earlier probe half opened is none. Where no connection was
        # ever accepted, none was half opened.
        is_closed = Refused(Refusal.CLOSED, reply.responder) in trace.refusals
        return Fate.CLOSED if is_closed or not is_accepted else None
    if reply.kind is not ReplyKind.UNREACHABLE:
        return None
    if refusal_by_error(trace.plan, reply) is not None:
        return Fate.REFUSED
    if reply.is_refusal:
        return Fate.UNREACHABLE
    # "Port unreachable" of UDP; in the name of another than the destination, firewalls say it.
    return Fate.CLOSED if reply.is_from(trace.plan.destination) else Fate.REFUSED


def _host_ttl(trace: Trace) -> int:
    """The furthest hop at which the host is drawn; 0 without one."""
    return max((vertex.ttl for vertex in trace.arrivals), default=0)


def _is_passing(trace: Trace, reply: Reply, host: int) -> bool:
    """Whether a reset answers a probe that goes less far than the host, and ends no path there."""
    is_nearer = reply.kind is ReplyKind.RST and reply.request.ttl < host
    return is_nearer and trace.vertex_of(reply) not in trace.dag


def drawn(trace: Trace, reply: Reply) -> Vertex | None:
    """The vertex that a reply came from, or the one that stands for it in the graph.

    A probe with a higher TTL than its path has hops does not show how far it went: None if
    the address is at several hops.
    """
    vertex = trace.vertex_of(reply)
    if vertex in trace.dag:
        return vertex
    alike = [own for own in trace.dag if own.address == vertex.address and own != trace.origin]
    return None if len(alike) > 1 else next(iter(alike), vertex)


def _fallen_silent(trace: Trace) -> Iterator[tuple[Vertex, int]]:
    """The flows that nothing answers any more, each with the last vertex that answered it.

    Where other flows reach the host, only those that were asked as far away as it is.
    """
    host = _host_ttl(trace)
    followed = {own.request.flow for own in trace.outcomes if own.request.ttl >= host}
    lost: Counter[tuple[int, int]] = Counter(
        (own.request.flow, own.request.ttl) for own in trace.outcomes if isinstance(own, Loss)
    )
    for vertex in trace.dag:
        if vertex == trace.origin and len(trace.dag) == 1:
            yield from ((vertex, flow) for flow in flows_of(trace.dag, vertex))
        if trace.dag.out_degree(vertex):
            continue
        if vertex.address is not None:
            # A limit that others met may explain the silence of the next hop, but not of all.
            if vertex not in trace.arrivals:
                for flow in followed.intersection(flows_of(trace.dag, vertex)):
                    behind = range(vertex.ttl + 1, max(host, vertex.ttl + 2) + 1)
                    if all(lost[flow, ttl] >= trace.plan.attempts for ttl in behind):
                        yield vertex, flow
            continue
        before = list(trace.dag.predecessors(vertex))
        for last in before:
            flows = flows_of_edge(trace.dag, last, vertex)
            if not flows and len(before) == 1:  # an assumed edge
                flows = flows_of(trace.dag, vertex)
            yield from ((_answering(trace, last), flow) for flow in flows if flow in followed)


def _answering(trace: Trace, vertex: Vertex) -> Vertex:
    """The vertex itself, or if it is silent the last one before it that is not."""
    while vertex.address is None:
        vertex = next(trace.dag.predecessors(vertex), trace.origin)
    return vertex
