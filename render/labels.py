"""The words of every picture: what is said of a vertex, a trace, a share, a time."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from mda.graph import evidence, flows_of
from mda.model import ReplyKind, StopReason
from mda.stopping import unseen_share
from mda.trace import Algorithm
from render.palette import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import IPAddress, Reply, Vertex
    from mda.trace import Trace

_FLOW_FIELD: Final = {
    "sport": "source port",
    "dport": "destination port",
    "icmp-checksum": "ICMP checksum",
    "flow-label": "flow label",
}
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
_STOPPED: Final = {
    StopReason.COMPLETE: "complete",
    StopReason.PROBE_BUDGET: "unfinished: the probe budget is spent",
    StopReason.TIME_BUDGET: "unfinished: the deadline has passed",
    StopReason.INTERRUPTED: "unfinished: interrupted",
    StopReason.WIRE_ERROR: "unfinished: the network failed",
}


@dataclass(frozen=True, slots=True)
class VertexWords:
    """What is said of one vertex: `rtt` is the median; `notes` are in order of weight."""

    kind: Kind
    address: str
    name: str
    share: float
    flows: int
    rtts_s: tuple[float, ...]
    notes: tuple[str, ...]

    @property
    def rtt(self) -> str:
        """The median round trip, empty without one."""
        return milliseconds(median(self.rtts_s)) if self.rtts_s else ""


def vertex_words(trace: Trace, names: Mapping[IPAddress, str]) -> dict[Vertex, VertexWords]:
    """The words for every vertex of the trace."""
    replies: dict[Vertex, list[Reply]] = {vertex: [] for vertex in trace.graph}
    at = {(vertex.ttl, vertex.address): vertex for vertex in trace.graph}
    for reply in trace.replies:
        vertex = at.get((reply.request.ttl, reply.responder))
        if vertex is not None:
            replies[vertex].append(reply)
    flows_at: dict[int, int] = {}
    for vertex in trace.graph:
        flows_at[vertex.ttl] = flows_at.get(vertex.ttl, 0) + len(flows_of(trace.graph, vertex))
    unfinished = set() if trace.is_complete else {one.vertex for one in trace.certainty.unfinished}
    return {
        vertex: VertexWords(
            kind=_kind(trace, vertex, replies[vertex]),
            address="*" if vertex.address is None else str(vertex.address),
            name=names.get(vertex.address, "") if vertex.address is not None else "",
            share=len(flows_of(trace.graph, vertex)) / max(flows_at[vertex.ttl], 1),
            flows=len(flows_of(trace.graph, vertex)),
            rtts_s=tuple(
                reply.rtt_s for reply in sorted(replies[vertex], key=lambda one: one.sent_at_s)
            ),
            notes=tuple(_notes(trace, vertex, replies[vertex], vertex in unfinished)),
        )
        for vertex in trace.graph
    }


def _kind(trace: Trace, vertex: Vertex, replies: list[Reply]) -> Kind:
    if vertex == trace.origin:
        return Kind.SOURCE
    if vertex.address is None:
        return Kind.SILENT
    if vertex.address == trace.plan.destination:
        return Kind.DESTINATION
    if any(reply.ends_path for reply in replies):
        return Kind.REFUSING
    return Kind.BALANCER if trace.graph.out_degree(vertex) > 1 else Kind.ROUTER


def _notes(
    trace: Trace,
    vertex: Vertex,
    replies: list[Reply],
    is_unfinished: bool,  # noqa: FBT001
) -> list[str]:
    notes = []
    width = trace.graph.out_degree(vertex)
    if vertex in trace.per_packet:
        notes.append("splits packets, not flows")
    elif width > 1:
        notes.append(f"splits {width} ways")
    if vertex.address is None:
        notes.append(f"silent, {count(trace.plan.attempts, 'try', 'tries')}")
    notes += sorted({ending(reply) for reply in replies if reply.ends_path} - {""})
    stacks = {"/".join(str(entry.label) for entry in reply.mpls) for reply in replies if reply.mpls}
    notes += [f"MPLS {stack}" for stack in sorted(stacks)]
    changed = {field for reply in replies for field in reply.changed}
    if changed:
        notes.append(f"arrived with another {', '.join(sorted(changed))}")
    if is_unfinished:
        notes.append("not fully explored")
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
        case ReplyKind.TIME_EXCEEDED:
            return ""
    version = reply.responder.version
    if version == 6 and reply.icmp_type == 2:
        return "!F too big"
    code = reply.icmp_code if reply.icmp_code is not None else -1
    mark, words = _UNREACHABLE[version].get(code, (f"!{code}", "unreachable"))
    return f"{mark} {words}".strip()


def edge_share(trace: Trace, near: Vertex, far: Vertex) -> float:
    """The share of the flows through `near` that go on to `far`, as far as flows tell.

    Behind the only vertex of a hop every flow counts, not only those that were asked there.
    """
    graph = trace.graph
    alone = sum(vertex.ttl == near.ttl for vertex in graph) == 1

    def weight(vertex: Vertex) -> int:
        return len(flows_of(graph, vertex) if alone else evidence(graph, near, vertex))

    return weight(far) / sum(weight(other) for other in graph.successors(near))


def headline(trace: Trace) -> str:
    """What was asked: the destination, the probes, the flows, the bound."""
    plan, probing = trace.plan, trace.plan.probing
    destination = str(plan.destination)
    host = destination if plan.host == destination else f"{printable(plan.host)} ({destination})"
    if plan.network is not None:
        host += f" simulated, {printable(plan.network)}"
    probe = probing.protocol
    if probing.dport is not None:
        probe += f" {probing.sport} -> {probing.dport}"
    if plan.algorithm is Algorithm.PARIS:
        return f"{host}  {probe}, one flow, max {plan.max_ttl} hops"
    field = _FLOW_FIELD[probing.flow_field]
    scope = "each vertex" if plan.bound.per_vertex else "the whole graph"
    sure = percent(1 - plan.bound.failure_probability)
    return f"{host}  {probe}, flows by {field}, {sure} sure of {scope}"


def findings(trace: Trace) -> list[str]:
    """What was found, what may be missing, and what it cost: a line each."""
    graph = trace.graph
    lines = []
    ends = [vertex.ttl for vertex in graph if vertex.address == trace.plan.destination]
    if trace.reached and ends:
        hops = f"{min(ends)} to {max(ends)}" if min(ends) < max(ends) else f"{max(ends)}"
        reached = f"reached in {hops} hops"
    else:
        reached = "not reached"
    parts = [
        count(graph.number_of_nodes(), "vertex", "vertices"),
        count(graph.number_of_edges(), "edge", "edges"),
    ]
    if trace.plan.algorithm is Algorithm.MDA:
        parts.append(_diamonds(trace))
    lines.append(f"{reached}: {', '.join(parts)}")
    if trace.plan.algorithm is Algorithm.MDA:
        lines.append(_missed(trace))
        if trace.unordered:
            lines.append(
                "packets of one flow part: only links that hold whatever their order are drawn"
            )
    else:
        lines.append("this followed one flow; others may take other paths: add --mda")
    cost = f"{count(trace.probes_sent, 'probe', 'probes')}, {trace.duration_s:.2f} s"
    strays = sum(trace.unmatched.values())
    if strays:
        cost += f", {count(strays, 'datagram', 'datagrams')} that answered none of them"
    if not trace.is_complete:
        cost += f"; {_STOPPED[trace.stopped]}"
    lines.append(cost)
    return lines


def _diamonds(trace: Trace) -> str:
    if not trace.diamonds:
        return "no diamond"
    sizes = [
        f"{diamond.max_width} wide {diamond.max_length} long" + (" meshed" * diamond.is_meshed)
        for diamond in trace.diamonds
    ]
    return f"{count(len(sizes), 'diamond', 'diamonds')} ({', '.join(sizes)})"


def _missed(trace: Trace) -> str:
    known = trace.certainty.vertices
    if not known:
        return "missed?  nothing answered, so nothing can be said"
    line = f"missed?  with probability {percent(trace.certainty.miss_probability)} at most"
    least = min(one.flows for one in known)
    sure = 1 - trace.plan.bound.failure_probability
    share = unseen_share(least, trace.plan.bound.failure_probability)
    if least:
        line += f", if splits are even; shares below {percent(share)} may hide at {percent(sure)}"
    return line


def milliseconds(time_s: float) -> str:
    """A time for people: three significant digits at most below a second.

    >>> [milliseconds(t) for t in (0.0000321, 0.00421, 0.0421, 0.421)]
    ['0.032', '4.21', '42.1', '421']
    """
    ms = 1000 * time_s
    digits = 3 if ms < 0.9995 else 2 if ms < 9.995 else 1 if ms < 99.95 else 0
    return f"{ms:.{digits}f}"


def percent(share: float) -> str:
    """A share for people.

    >>> [percent(s) for s in (0.5, 0.0201, 0.999, 0.00004, 1.0)]
    ['50 %', '2.0 %', '99.9 %', '0.004 %', '100 %']
    """
    value = 100 * share
    if value == round(value) or 10 <= value <= 90:
        return f"{value:.0f} %"
    if value >= 0.1:
        return f"{value:.1f} %"
    return f"{value:.1g} %"


def count(number: int, one: str, many: str) -> str:
    """A number of things, in words that agree with it."""
    return f"{number} {one if number == 1 else many}"


def printable(text: str) -> str:
    """Text from outside with everything but printable characters escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
