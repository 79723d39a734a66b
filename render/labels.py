"""The words of every picture: what is said of a vertex, a trace, a share, a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from mda.graph import evidence, flows_of, vertices_by_ttl
from mda.model import ReplyKind, StopReason
from mda.stopping import unseen_share
from mda.trace import Algorithm
from render.palette import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.diamonds import Diamond
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
    StopReason.PROBE_BUDGET: "stopped at its limit of probes: unfinished",
    StopReason.TIME_BUDGET: "stopped at its deadline: unfinished",
    StopReason.INTERRUPTED: "stopped by Ctrl-C: unfinished",
    StopReason.WIRE_ERROR: "stopped by a fault of the local network: unfinished",
}
_LONGEST_NAME: Final = 60  # characters; the end of a longer name says more than its beginning
_MOST_UNFINISHED: Final = 4


@dataclass(frozen=True, slots=True)
class VertexWords:
    """What is said of one vertex, ready to print; `address` is `*` for a silence.

    `share` is the share of all flows that meet it, `rtts_s` are the round trips in the order of
    sending, `notes` come in order of weight.
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
    replies: dict[Vertex, list[Reply]] = {vertex: [] for vertex in trace.graph}
    at = {(vertex.ttl, vertex.address): vertex for vertex in trace.graph}
    for reply in sorted(trace.replies, key=lambda reply: (reply.sent_at_s, reply.request.attempt)):
        vertex = at.get((reply.request.ttl, reply.responder))
        if vertex is not None:
            replies[vertex].append(reply)
    shares = vertex_shares(trace)
    last_asked = max((outcome.request.ttl for outcome in trace.outcomes), default=0)
    return {
        vertex: VertexWords(
            kind=_kind(trace, vertex, replies[vertex]),
            address="*" if vertex.address is None else str(vertex.address),
            name=_name(names.get(vertex.address, "")) if vertex.address is not None else "",
            share=shares[vertex],
            flows=len(flows_of(trace.graph, vertex)),
            rtts_s=tuple(reply.rtt_s for reply in replies[vertex]),
            notes=tuple(_notes(trace, vertex, replies[vertex], last_asked)),
        )
        for vertex in trace.graph
    }


def vertex_shares(trace: Trace) -> dict[Vertex, float]:
    """The share of all flows that meets each vertex: its predecessors' shares, as they split.

    Not the counts: more flows are sent to where more are needed. Only where links are not proven
    the counts of the hop are all there is.
    """
    graph, splits = trace.graph, edge_shares(trace)
    shares: dict[Vertex, float] = {}
    for vertices in vertices_by_ttl(graph).values():
        met = sum(len(flows_of(graph, vertex)) for vertex in vertices)
        is_proven = all(graph.in_degree(vertex) for vertex in vertices)
        for vertex in vertices:
            if is_proven:
                before = graph.predecessors(vertex)
                shares[vertex] = sum(shares[near] * splits[near, vertex] for near in before)
            else:
                shares[vertex] = len(flows_of(graph, vertex)) / met if met else 1.0
    return shares


def edge_shares(trace: Trace) -> dict[tuple[Vertex, Vertex], float]:
    """For each edge, the share of the flows through its near end that take it.

    Behind the only vertex of a hop every flow counts, not only those that were asked there.
    """
    graph = trace.graph
    shares: dict[tuple[Vertex, Vertex], float] = {}
    for vertices in vertices_by_ttl(graph).values():
        for near in vertices:
            taken = {
                far: len(flows_of(graph, far) if len(vertices) == 1 else evidence(graph, near, far))
                for far in graph.successors(near)
            }
            all_taken = sum(taken.values())
            shares |= {(near, far): flows / all_taken for far, flows in taken.items()}
    return shares


def _name(name: str) -> str:
    shown = printable(name)
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
    return Kind.BALANCER if trace.graph.out_degree(vertex) > 1 else Kind.ROUTER


def _notes(trace: Trace, vertex: Vertex, replies: list[Reply], last_asked: int) -> list[str]:
    notes = []
    endings = ", ".join(sorted({ending(reply) for reply in replies if reply.ends_path} - {""}))
    if vertex.address == trace.plan.destination:
        notes.append(f"destination: {endings}" if endings else "destination")
    elif endings:
        notes.append(endings)
    width = trace.graph.out_degree(vertex)
    if vertex in trace.per_packet:
        notes.append(f"splits packets {width} ways")
    elif width > 1:
        notes.append(f"splits {width} ways")
    if vertex.address is None:
        tries = count(trace.plan.attempts, "try", "tries")
        is_last = width == 0 and last_asked > vertex.ttl
        notes.append(f"silent to hop {last_asked}, {tries}" if is_last else f"silent, {tries}")
    stacks = {"/".join(str(entry.label) for entry in reply.mpls) for reply in replies if reply.mpls}
    notes += [f"MPLS {stack}" for stack in sorted(stacks)]
    changed = {field for reply in replies for field in reply.changed}
    if changed:
        notes.append(f"arrived with another {printable(', '.join(sorted(changed)))}")
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


def headline(trace: Trace) -> tuple[str, str]:
    """What was asked: the destination; and the probes, the flows and the bound."""
    plan, probing = trace.plan, trace.plan.probing
    destination = str(plan.destination)
    host = destination if plan.host == destination else f"{printable(plan.host)} ({destination})"
    if plan.network is not None:
        host += f" simulated, {printable(plan.network)}"
    probe = probing.protocol
    if probing.dport is not None:
        probe += f" {probing.sport} -> {probing.dport}"
    if plan.algorithm is Algorithm.PARIS:
        return host, f"{probe}, one flow, max {plan.max_ttl} hops"
    field = _FLOW_FIELD[probing.flow_field]
    scope = "each vertex" if plan.bound.per_vertex else "the whole graph"
    if plan.bound.min_share is not None:
        scope += f", branches from {percent(plan.bound.min_share)}"
    sure = percent(1 - plan.bound.failure_probability)
    return host, f"{probe}, flows by {field}, {sure} sure of {scope}"


def findings(trace: Trace) -> list[str]:
    """What was found, what may be missing, and what it cost: a line each, of any length."""
    graph = trace.graph
    parts = [
        count(graph.number_of_nodes(), "vertex", "vertices"),
        count(graph.number_of_edges(), "edge", "edges"),
    ]
    if trace.plan.algorithm is Algorithm.PARIS:
        lines = [
            f"{_reached(trace)}: {', '.join(parts)}",
            "this followed one flow; others may take other paths: add --mda",
        ]
    else:
        if not trace.unordered:
            parts.append(count(_paths(trace), "path", "paths"))
        lines = [f"{_reached(trace)}: {', '.join([*parts, _diamonds(trace)])}", *_missed(trace)]
    cost = f"{count(trace.probes_sent, 'probe', 'probes')}, {trace.duration_s:.2f} s"
    strays = sum(trace.unmatched.values())
    if strays:
        cost += f", {count(strays, 'datagram', 'datagrams')} that answered none of them"
    if not trace.is_complete:
        cost += f"; {_STOPPED[trace.stopped]}"
    return [*lines, cost]


def _reached(trace: Trace) -> str:
    ends = [
        vertex.ttl
        for vertex in trace.graph
        if vertex.address == trace.plan.destination and vertex != trace.origin
    ]
    if not trace.reached or not ends:
        return "not reached"
    nearest, farthest = min(ends), max(ends)
    if nearest < farthest:
        return f"reached in {nearest} to {farthest} hops"
    return f"reached in {count(farthest, 'hop', 'hops')}"


def _paths(trace: Trace) -> int:
    """How many ways lead from the source to where paths end; 0 if nothing answered."""
    graph = trace.graph
    ways = {trace.origin: 1}
    for vertices in vertices_by_ttl(graph).values():
        for vertex in vertices:
            ways.setdefault(vertex, sum(ways[near] for near in graph.predecessors(vertex)))
    ends = (vertex for vertex in graph if not graph.out_degree(vertex) and vertex != trace.origin)
    return sum(ways[vertex] for vertex in ends)


def _diamonds(trace: Trace) -> str:
    if not trace.diamonds:
        return "no diamond"
    sizes = ", ".join(diamond_size(diamond) for diamond in trace.diamonds)
    return f"{count(len(trace.diamonds), 'diamond', 'diamonds')} ({sizes})"


def diamond_size(diamond: Diamond) -> str:
    """A diamond's width and length, and what else makes it special."""
    size = f"{diamond.max_width} wide {diamond.max_length} long"
    if not diamond.is_symmetric:
        size = f"{diamond.max_width} wide {diamond.min_length} to {diamond.max_length} long"
    return size + " meshed" * diamond.is_meshed


def _missed(trace: Trace) -> list[str]:
    """What may be missing from a multipath trace."""
    known, unfinished = trace.certainty.vertices, trace.certainty.unfinished
    if not trace.replies:
        return ["missed?  nothing answered, so nothing can be said"]
    missed = percent(trace.certainty.miss_probability)
    lines = [f"missed?  with probability {missed} at most, if splits are even"]
    least = min(one.flows for one in known)
    if least:
        failure = trace.plan.bound.failure_probability
        share, sure = percent(unseen_share(least, failure)), percent(1 - failure)
        lines.append(f"if uneven, a branch with under {share} of its flows may hide (at {sure})")
    if unfinished:
        named = [
            f"{one.vertex.address or '*'} (hop {one.vertex.ttl})"
            if one.vertex != trace.origin
            else "the source"
            for one in unfinished
        ]
        more = len(named) - _MOST_UNFINISHED
        listed = ", ".join(named[:_MOST_UNFINISHED]) + (f" and {more} more" if more > 0 else "")
        lines.append(f"not fully explored: {listed}")
    if trace.unordered:
        dealers = ", ".join(str(vertex.address or "*") for vertex in trace.per_packet)
        lines.append(
            f"packets of one flow part at {dealers}: only links that are certain are drawn"
        )
    return lines


def milliseconds(time_s: float) -> str:
    """A time for people: three significant digits at most below a second.

    >>> [milliseconds(t) for t in (0.0000321, 0.00421, 0.0421, 0.421)]
    ['0.032', '4.21', '42.1', '421']
    """
    ms = 1000 * time_s
    digits = 3 if ms < 0.9995 else 2 if ms < 9.995 else 1 if ms < 99.95 else 0
    return f"{ms:.{digits}f}"


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


def count(number: int, one: str, many: str) -> str:
    """A number of things, in words that agree with it."""
    return f"{number} {one if number == 1 else many}"


def printable(text: str) -> str:
    """Text from outside with everything but printable characters escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
