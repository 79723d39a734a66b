"""The graph's own arithmetic, held against networkx on random graphs."""

from __future__ import annotations

from ipaddress import IPv4Address
from random import Random

import networkx as nx
import pytest

from mda.answers.dag import END, Dag, descendants, disjoint_paths, in_order, meeting_points
from mda.model import Vertex


def some_dag(seed: int) -> Dag:
    """Up to eight hops of up to four vertices, each with up to four successors."""
    random = Random(seed)
    hops = [[Vertex(0, IPv4Address(1))]]
    for ttl in range(1, random.randint(2, 8)):
        width = random.randint(1, 4)
        hops.append([Vertex(ttl, IPv4Address(10 * ttl + number)) for number in range(width)])
    edges = {}
    for ttl in range(len(hops) - 1):
        for near in hops[ttl]:
            for far in random.sample(hops[ttl + 1], random.randint(0, len(hops[ttl + 1]))):
                edges[near, far] = {"flows": (ttl,)}
    return Dag({vertex: {"flows": (1, 2)} for hop in hops for vertex in hop}, edges)


@pytest.mark.parametrize("seed", range(60))
def test_a_dag_agrees_with_its_networkx_graph(seed: int) -> None:
    dag = some_dag(seed)
    graph = dag.as_networkx()
    assert {vertex: graph.nodes[vertex] for vertex in graph} == dag.nodes
    assert list(graph) == list(dag)
    assert {(near, far): facts for near, far, facts in graph.edges(data=True)} == dag.edges
    backwards = graph.reverse()
    backwards.add_edges_from((END, vertex) for vertex in dag if not dag.out_degree(vertex))
    dominators = dict(nx.immediate_dominators(backwards, END))
    dominators.pop(END, None)
    assert meeting_points(dag) == meeting_points(graph) == dominators
    for vertex in dag:
        assert set(dag.successors(vertex)) == set(graph.successors(vertex))
        assert set(dag.predecessors(vertex)) == set(graph.predecessors(vertex))
        assert dag.out_degree(vertex) == graph.out_degree(vertex)
        assert dag.in_degree(vertex) == graph.in_degree(vertex)
        assert descendants(dag, vertex) == nx.descendants(graph, vertex)


@pytest.mark.parametrize("seed", range(60))
def test_the_number_of_disjoint_paths_is_the_maximum_flow(seed: int) -> None:
    dag = some_dag(seed)
    begin, *others = dag
    kept = Random(seed).sample(others, len(others) * 3 // 4)
    inside = {begin, *kept}
    network: nx.DiGraph[Vertex] = nx.DiGraph()
    network.add_nodes_from((begin, END))
    for vertex in inside:
        leaving = sum(after not in inside for after in dag.successors(vertex))
        network.add_edges_from(
            ((vertex, after) for after in dag.successors(vertex) if after in inside), capacity=1
        )
        if leaving or not dag.out_degree(vertex):
            network.add_edge(vertex, END, capacity=max(leaving, 1))
    assert disjoint_paths(dag, begin, inside) == nx.maximum_flow_value(network, begin, END)


def test_vertices_have_a_fixed_order_and_lose_their_edges_when_they_are_left_out() -> None:
    dag = some_dag(3)
    shuffled = list(dag.edges.items())
    Random(1).shuffle(shuffled)
    again = Dag(dict(reversed(dag.nodes.items())), dict(shuffled))
    assert (list(again), list(again.edges)) == (list(dag), list(dag.edges))
    assert in_order(dag.as_networkx()) == list(dag)
    gone = list(dag)[1]
    less = dag.without({gone})
    assert gone not in less
    assert less.number_of_nodes() == len(less) == len(dag) - 1
    assert less.number_of_edges() == sum(gone not in edge for edge in dag.edges)
    assert not any(less.has_edge(*edge) for edge in dag.edges if gone in edge)
    assert dag.without(()) is dag
