"""The graph of interfaces that outcomes prove, with the flows that prove each vertex and edge.

A vertex has `flows`, an edge has `flows`, each a sorted tuple of flow numbers. An edge joins two
vertices that answered one flow at neighbouring TTLs. Where a flow does not keep to one path, only
pairs that are certain regardless are edges. An edge without flows is assumed: it leads from the
only known vertex of a hop to one whose flows were not probed at that hop, or MDA-Lite assumes it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.dag import Dag
from mda.model import IPAddress, Vertex
from mda.statistics.inference import at_most

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.answers.dag import Edge, Graph
    from mda.answers.table import FlowsAt, FlowTable

_DEAD_END: Final = 0.001  # chance of so few losses, if a vertex were one, that rules it out


class Located(NamedTuple):
    """The vertex of each flow at each TTL, and where a flow does not keep to one vertex.

    `hops` maps each TTL, beginning with the source's, to the vertex of each flow. `per_packet` has
    the vertices whose successor changed from packet to packet of one flow, and `turned` those whose
    successor changed once and permanently. `unordered` has the TTLs behind them at which the vertex
    of a flow says nothing about its next vertex.
    """

    origin: Vertex
    hops: dict[int, FlowsAt]
    per_packet: tuple[Vertex, ...]
    turned: tuple[Vertex, ...]
    unordered: frozenset[int]


def locate(table: FlowTable, source: IPAddress, first_ttl: int) -> Located:
    """The vertex of every flow at every TTL up to the last answer, and one silent hop beyond it."""
    origin = Vertex(first_ttl - 1, source)
    last_ttl = max(table.last_answer(), first_ttl - 1)
    flows = {flow for hop in table.hops.values() for flow in (*hop.answers, *hop.losses)}
    hops: dict[int, FlowsAt] = {origin.ttl: dict.fromkeys(sorted(flows), origin)}
    fickle: dict[Vertex, bool] = {}  # vertex -> whether all its changes were permanent
    unordered: set[int] = set()
    unsteady = False  # whether the next probe of a flow may meet another vertex at the hop before
    for ttl in range(first_ttl, last_ttl + 2):
        before = hops[ttl - 1]
        through = table.predecessors(ttl, before)
        here = table.located_next(ttl, through)
        if ttl > first_ttl and table.is_far_end(ttl):
            here = {flow: vertex for flow, vertex in here.items() if table.ended.get(flow) != ttl}
        hops[ttl] = here
        hop = table.hop(ttl)
        changing = [flow for flow in hop.met_several if flow in here]
        permanent = hop.turned()
        for flow in changing:
            if flow in through and not unsteady:
                vertex = through[flow]
                fickle[vertex] = fickle.get(vertex, True) and flow in permanent
        vertices = set(here.values()).union(*(hop.met_several[flow] for flow in changing))
        unsteady = (unsteady or bool(changing)) and len(vertices) > 1
        if unsteady:
            unordered.add(ttl)
    while len(hops) > 1 and not hops[max(hops)]:
        del hops[max(hops)]  # replies from beyond a path's end locate no flow
    ordered = sorted(fickle, key=lambda vertex: vertex.sort_key)
    per_packet = tuple(vertex for vertex in ordered if not fickle[vertex])
    turned = tuple(vertex for vertex in ordered if fickle[vertex])
    return Located(origin, hops, per_packet, turned, frozenset(unordered))


def build(table: FlowTable, located: Located, assumed: Iterable[Edge] = ()) -> Dag:
    """The graph of the `located` flows, vertices and edges in a fixed order.

    `assumed` are edges that are added without a flow that proves them.
    """
    vertex_flows: dict[Vertex, set[int]] = {located.origin: set(located.hops[located.origin.ttl])}
    edge_flows: dict[Edge, set[int]] = {edge: set() for edge in assumed}
    for ttl, here in located.hops.items():
        if ttl == located.origin.ttl:
            continue
        before = located.hops[ttl - 1]
        through = table.predecessors(ttl, before)
        others = table.hop(ttl).met_several
        met = {flow: others.get(flow, {vertex}) for flow, vertex in here.items()}
        for flow, vertices in met.items():
            for vertex in vertices:
                vertex_flows.setdefault(vertex, set()).add(flow)
        for predecessor, vertex, flow in _proven(table, located, ttl, through, met):
            flows = edge_flows.setdefault((predecessor, vertex), set())
            if flow in before:
                flows.add(flow)
    graph = Dag(
        {vertex: {"flows": tuple(sorted(flows))} for vertex, flows in vertex_flows.items()},
        {edge: {"flows": tuple(sorted(flows))} for edge, flows in edge_flows.items()},
    )
    return graph.without(_dead_silences(graph))


def _proven(
    table: FlowTable, located: Located, ttl: int, before: FlowsAt, met: dict[int, set[Vertex]]
) -> Iterable[tuple[Vertex, Vertex, int]]:
    """The edges into `ttl` that the flows in `before` prove: predecessor, vertex, flow."""
    if ttl - 1 not in located.unordered:
        for flow, vertices in met.items():
            if flow in before:
                for vertex in vertices:
                    yield before[flow], vertex, flow
        return
    # Flows change their vertex between probes, so two replies prove an edge only if every flow
    # goes to the same vertex, and none is lost on the way.
    vertices_here = set().union(*met.values()) if met else set()
    if len(vertices_here) == 1:
        (vertex,) = vertices_here
        dead = _possible_dead_ends(table, ttl)
        for flow, predecessor in before.items():
            if flow in met and predecessor not in dead:
                yield predecessor, vertex, flow


def _possible_dead_ends(table: FlowTable, ttl: int) -> set[Vertex]:
    """The vertices before `ttl` that may lead nowhere, as so many probes to `ttl` were lost.

    A dead end loses all that reach it: of the probes to `ttl`, the share that met it before.
    """
    hop = table.hop(ttl)
    lost = len(hop.lost_at)
    if not lost:
        return set()
    asked = lost + hop.replies
    met = Counter(vertex for _, (_, _, vertex) in table.hop(ttl - 1).all_answers())
    return {
        vertex
        for vertex, replies in met.items()
        if at_most(lost, asked, replies / met.total()) > _DEAD_END
    }


def _dead_silences(graph: Dag) -> set[Vertex]:
    """The stars that lead nowhere, except the first after a reply: it shows that replies end."""
    dead: set[Vertex] = set()
    for vertex in reversed(list(graph)):
        if vertex.address is not None or any(
            after not in dead for after in graph.successors(vertex)
        ):
            continue
        if all(predecessor.address is None for predecessor in graph.predecessors(vertex)):
            dead.add(vertex)
    return dead


def flows_of(graph: Graph, vertex: Vertex) -> tuple[int, ...]:
    """The flows that met `vertex`, ascending."""
    flows: tuple[int, ...] = graph.nodes[vertex]["flows"]
    return flows


def flows_of_edge(graph: Graph, predecessor: Vertex, vertex: Vertex) -> tuple[int, ...]:
    """The flows that prove the edge, ascending."""
    flows: tuple[int, ...] = graph.edges[predecessor, vertex]["flows"]
    return flows


def vertices_by_ttl(graph: Graph) -> dict[int, list[Vertex]]:
    """The vertices of each TTL, in their fixed order, the origin's TTL first."""
    hops: dict[int, list[Vertex]] = {}
    for vertex in sorted(graph, key=lambda vertex: vertex.sort_key):
        hops.setdefault(vertex.ttl, []).append(vertex)
    return hops
