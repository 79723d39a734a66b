"""The sentences about a whole trace: what was asked, found, may be missing, and what it cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from mda.answers.graph import flows_of_edge
from mda.findings.loops import Cause
from mda.findings.refusals import Refusal
from mda.model import FROM_OURSELVES, StopReason
from mda.plan import Algorithm
from mda.statistics.stopping import unseen_share
from mda.variants import is_plain
from render.words.changes import change_lines
from render.words.controls import control_probes, other_probes
from render.words.distances import copied_ttl, hops_to
from render.words.header_fields import HEADER_FIELDS
from render.words.quantities import at_most, count, enumerated, percent
from render.words.service_marks import ServiceMarks
from render.words.vertices import place

if TYPE_CHECKING:
    from mda.findings.diamonds import Diamond
    from mda.trace import Trace

CUT_SHORT: Final = {
    StopReason.PROBE_BUDGET: "stopped at its probe limit",
    StopReason.TIME_BUDGET: "stopped at its deadline",
    StopReason.INTERRUPTED: "interrupted",
    StopReason.WIRE_ERROR: "stopped by a local network error",
}
ONE_FLOW: Final = "only one flow was traced; other flows may take other paths (try --mda)"
EACH_ANOTHER_FLOW: Final = "each probe was another flow, so the hops may be of several paths"
_FAILURE: Final = "failure_probability"  # hidden where a file does not say it
_HIDDEN: Final = {
    "changed": "rewritten headers",
    "quoted_ttl": "quoted TTLs",
    "reply_ip_id": "IP identifications",
    "losses": "lost probes",
    _FAILURE: "confidence",
}
_MOST_UNFINISHED: Final = 4
_MOST_NAMED: Final = 3
_MOST_WAYS: Final = 4
_LONGEST_PAYLOAD: Final = 24  # characters


def headline(trace: Trace) -> tuple[str, str]:
    """What was asked: the destination; and the probes, the flows and the bound."""
    plan, probing = trace.plan, trace.plan.probing
    destination = plan.target
    host = destination if plan.host == destination else f"{plan.host} ({destination})"
    if plan.network is not None:
        host += f" simulated, {plan.network}"
    probe = probing.protocol
    if probing.dport is not None:
        source = "?" if probing.sport is None else probing.sport
        probe += f" {source} -> {probing.dport}"
    elif probing.protocol != "icmp":
        probe += ", ports unknown"
    if probing.payload is not None:
        is_long = len(probing.payload) > _LONGEST_PAYLOAD
        probe += f", payload {probing.payload[:_LONGEST_PAYLOAD]}{'...' if is_long else ''}"
    if probing.flags is not None:
        probe += f" {probing.flags.upper()}"
    if not plan.algorithm.is_multipath:
        flows = "one flow" if plan.algorithm is Algorithm.PARIS else "another flow for each probe"
        return host, f"{probe}, {flows}, max {plan.max_ttl} hops"
    is_known = probing.has_known_ports or probing.protocol == "icmp"
    flows = f"by {HEADER_FIELDS[probing.flow_field]}" if is_known else "as the file numbers them"
    scope = "each vertex" if plan.bound.per_vertex else "the whole graph"
    if plan.bound.min_share is not None:
        scope += f", branches from {percent(plan.bound.min_share)}"
    sure = percent(1 - plan.bound.failure_probability)
    lite = " where hops are even (MDA-Lite)" if plan.algorithm is Algorithm.MDA_LITE else ""
    judged = "judged at " if _FAILURE in trace.wire.hidden else ""
    return host, f"{probe}, flows {flows}, {judged}{sure} confidence for {scope}{lite}"


def findings(trace: Trace) -> list[str]:
    """What was found, what may be missing, and what it cost: a line each, of any length."""
    graph = trace.dag
    parts = [
        count(graph.number_of_nodes(), "vertex", "vertices"),
        count(graph.number_of_edges(), "edge", "edges"),
    ]
    if not trace.plan.algorithm.is_multipath:
        is_one = trace.plan.algorithm is Algorithm.PARIS
        flows = [ONE_FLOW] if is_one else [EACH_ANOTHER_FLOW, *_assumed(trace)]
        lines = [f"{reached(trace)}: {', '.join(parts)}", *flows]
    else:
        if trace.path_count is not None:
            parts.append(count(trace.path_count, "path", "paths"))
        lines = [f"{reached(trace)}: {', '.join([*parts, _diamonds(trace)])}", *_missed(trace)]
    lines += _ways(trace)
    lines += _revisits(trace)
    lines += [copied_ttl(found) for found in trace.copied_ttls if found.is_nearer]
    lines += change_lines(trace.changes, trace.origin)
    if own := trace.unmatched.get(FROM_OURSELVES):
        lines.append(
            f"{count(own, 'reply', 'replies')} came from an address of this machine, which is no "
            "hop: probes come back to it, or it finds no neighbour to send them to"
        )
    lines += [*_unseen(trace), *withheld(trace), *other_probes(trace)]
    cost = f"{count(trace.probes_sent, 'probe', 'probes')}{control_probes(trace)}"
    cost += f", {trace.duration_s:.2f} s"
    strays = sum(trace.unmatched.values())
    if strays:
        cost += f", {count(strays, 'datagram', 'datagrams')} ignored"
    if not trace.is_complete:
        cost += f"; {CUT_SHORT[trace.stopped]}: unfinished"
    return [*lines, cost]


def withheld(trace: Trace) -> list[str]:
    """What this machine's system refused to send."""
    parts = [
        f"{count(own.probes, 'probe', 'probes')} of {count(own.flows, 'flow', 'flows')} "
        f"({own.reason})"
        for own in trace.wire.withheld
    ]
    return [f"this system refused to send {', '.join(parts)}"] if parts else []


def reached(trace: Trace) -> str:
    """How far away the destination is, and who refuses the probes."""
    service = ServiceMarks.of(trace)
    ends = [vertex.ttl for vertex in trace.arrivals if vertex not in service.forged]
    refused = "".join(f", {words}" for words in _refused(trace, service))
    if trace.skipped_arrival is not None:
        if not ends:
            hops = count(trace.skipped_arrival, "hop", "hops")
            return f"reached in {hops}, before the first hop traced{refused}"
        ends.append(trace.skipped_arrival)
    if not ends:
        return f"not reached{refused}"
    return f"reached in {hops_to(trace, ends)}{_from_elsewhere(trace)}{refused}"


def _from_elsewhere(trace: Trace) -> str:
    """The other addresses that the destination answers from."""
    others = dict.fromkeys(str(vertex.address) for vertex in trace.arrivals)
    others.pop(str(trace.plan.destination), None)
    return f", from {_named(list(others))}" if others else ""


def _named(addresses: list[str]) -> str:
    """The first of these addresses, and how many there are beside."""
    more = len(addresses) - _MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"{', '.join(addresses[:_MOST_NAMED])}{rest}"


def _refused(trace: Trace, service: ServiceMarks) -> list[str]:
    """Who refuses the probes, and how."""
    closed = "reset in the name of" if service.is_reset_by_others else "port closed at"
    parts = []
    for how in Refusal:
        by = [str(refused.by) for refused in trace.refusals if refused.how is how]
        if by:
            what = closed if how is Refusal.CLOSED else f"{how.value} by"
            parts.append(f"{what} {_named(by)}")
    return parts


def _diamonds(trace: Trace) -> str:
    if not trace.diamonds:
        return "no diamond"
    sizes = "; ".join(diamond_size(diamond) for diamond in trace.diamonds)
    return f"{count(len(trace.diamonds), 'diamond', 'diamonds')} ({sizes})"


def diamond_size(diamond: Diamond) -> str:
    """A diamond's width and length, and what else makes it special."""
    length = f"{diamond.max_length}"
    if not diamond.is_symmetric:
        length = f"{diamond.min_length} to {diamond.max_length}"
    size = f"width {diamond.max_width}, length {length}"
    return f"{size}, meshed" if diamond.is_meshed else size


def _missed(trace: Trace) -> list[str]:
    """What may be missing from a multipath trace."""
    if not trace.replies:
        return ["nothing replied, so nothing can be said of what was missed"]
    if not trace.arrivals and trace.skipped_arrival is not None:
        return ["no hop before the destination was traced, so nothing can be said of them"]
    return [
        chance_missed(trace), *_switched(trace), *_assumed(trace), *_uneven(trace),
        *_unexplored(trace), *_unordered(trace),
    ]  # fmt: skip


def chance_missed(trace: Trace) -> str:
    """What is promised of the whole graph and what the promise assumes, or why there is none."""
    certainty, min_share = trace.certainty, trace.plan.bound.min_share
    if certainty.miss_probability is None:
        causes = enumerated(obstacle.value for obstacle in certainty.obstacles)
        return f"no bound on what was missed, because {causes}"
    is_by_hop = trace.plan.algorithm is Algorithm.MDA_LITE and not trace.unfit_for_lite
    assumed = ["even splits"]
    if min_share is not None:
        assumed = [f"branches with at least {percent(min_share)} of a router's flows"]
    if is_by_hop:
        assumed.append("one balancer per hop")
    if trace.may_hide_last_hop:
        assumed.append("no hidden hop before the destination")
    missed = at_most(certainty.miss_probability)
    last = max((vertex.ttl for vertex in trace.dag if vertex.address is not None), default=0)
    where = "" if trace.reached else f" up to hop {last}"
    return f"chance that a branch was missed{where}: {missed} (assuming {enumerated(assumed)})"


def _switched(trace: Trace) -> list[str]:
    """Where MDA-Lite gave way to the full MDA."""
    if not trace.unfit_for_lite:
        return []
    hops = ", ".join(map(str, trace.unfit_for_lite))
    return [
        f"the links before hop {hops} are meshed or uneven: switched from MDA-Lite to the full MDA"
    ]


def _assumed(trace: Trace) -> list[str]:
    """The links that no flow was seen to take."""
    assumed = sum(not flows_of_edge(trace.dag, *edge) for edge in trace.dag.edges)
    links = count(assumed, "link", "links")
    return [f"{links} assumed, not measured"] if assumed else []


def _uneven(trace: Trace) -> list[str]:
    """How small a branch of an uneven split could have been missed."""
    plan, least = trace.plan, trace.certainty.least_flows
    if not least or plan.bound.min_share is not None or trace.certainty.obstacles:
        return []
    failure = plan.bound.failure_probability
    share, sure = percent(unseen_share(least, failure)), percent(1 - failure)
    is_lite = plan.algorithm is Algorithm.MDA_LITE and not trace.unfit_for_lite
    is_by_hop = is_lite or plan.bound.per_vertex
    whose = "a hop's" if is_by_hop else "a router's"
    return [
        f"with uneven splits, a branch with less than {share} of {whose} flows could have been "
        f"missed ({sure} confidence)"
    ]


def _unexplored(trace: Trace) -> list[str]:
    """The vertices whose stopping point was not reached."""
    named = [
        place(known.vertex) if known.vertex != trace.origin else "the source"
        for known in trace.certainty.unfinished
    ]
    if not named:
        return []
    more = len(named) - _MOST_UNFINISHED
    listed = ", ".join(named[:_MOST_UNFINISHED]) + (f" and {more} more" if more > 0 else "")
    return [f"not fully explored: {listed}"]


def _unordered(trace: Trace) -> list[str]:
    """Where one flow met several interfaces, by a per-packet balancer or a change of route."""
    lines = []
    if trace.per_packet:
        balancers = ", ".join(map(place, trace.per_packet))
        lines.append(
            f"{balancers} balances per packet, or a router behind it its replies: only links that "
            "hold regardless are drawn"
        )
    if trace.turned:
        where = ", ".join(map(place, trace.turned))
        lines.append(
            f"the route changed during the trace, behind {where}: old and new hops are drawn, "
            "with only the links that hold regardless; trace again for the new route"
        )
    return lines


def _unseen(trace: Trace) -> list[str]:
    """What the wire cannot see, if it is not all."""
    if not trace.wire.hidden:
        return []
    hidden = [_HIDDEN.get(name, name) for name in trace.wire.hidden]
    fields = ", ".join(hidden)
    if trace.wire.tool is not None:
        return [f"measured by {trace.wire.tool}, which keeps no {' or '.join(hidden)}"]
    return [f"{trace.wire.wire} sockets: {fields} cannot be seen"]


def _ways(trace: Trace) -> list[str]:
    """By which ways flows left this machine, if by several."""
    flows = Counter(way for flow, way in trace.ways.items() if is_plain(flow))
    if len(flows) < 2:
        return []
    parts = [
        f"{way.interface}{'' if way.gateway is None else f' via {way.gateway}'}"
        f" from {way.source} ({count(number, 'flow', 'flows')})"
        for way, number in flows.items()
    ]
    more = f" and {len(parts) - _MOST_WAYS} more" if len(parts) > _MOST_WAYS else ""
    listed = ", ".join(parts[:_MOST_WAYS])
    return [f"flows left this machine by {len(parts)} ways: {listed}{more}"]


def _revisits(trace: Trace) -> list[str]:
    """Loops, and interfaces that answer several hops of one path."""
    loops = [revisit for revisit in trace.revisits if revisit.is_loop]
    lines = []
    if loops:
        first, last = loops[0].ttls[0], max(loop.ttls[-1] for loop in loops)
        round_ = ", ".join(str(loop.address) for loop in loops)
        lines.append(f"forwarding loop between {round_} (hops {first} to {last})")
    for revisit in trace.revisits:
        if revisit.is_loop:
            continue
        said = f"{revisit.address} replies at hops {enumerated(revisit.ttls)} of one path"
        lines.append(f"{said}: {_CAUSES[revisit.cause]}")
    return lines


_CAUSES: Final = {
    Cause.SEVERAL_MACHINES: "several machines share it, as behind a NAT",
    Cause.EXPIRED_PASSED_ON: "the router before it forwards expired packets and so stays hidden",
    Cause.COUNTED_TWICE: "it counts twice, as at the end of an MPLS tunnel, or an address is "
    "rewritten",
    Cause.ADJACENT: "it counts twice, or the router before it forwards expired packets, or an "
    "address is rewritten",
    Cause.TRANSIENT: "a transient loop, or a rewritten address",
}
