"""Balancers in series: those that hash alike are distinguished from those that do not."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import networkx as nx

from mda.studies.polarisation import LEVEL, series
from tests.support.drive import vertex

if TYPE_CHECKING:
    from mda.model import Vertex

NEAR, FAR = vertex(2, 2), vertex(5, 5)


def graph_of(width: int) -> nx.DiGraph[Vertex]:
    graph: nx.DiGraph[Vertex] = nx.DiGraph()
    for place in range(width):
        graph.add_edge(NEAR, vertex(3, 10 + place))
        graph.add_edge(vertex(3, 10 + place), vertex(4, 4))
        graph.add_edge(FAR, vertex(6, 20 + place))
    graph.add_edge(vertex(4, 4), FAR)
    return graph


def ways(ttl: int, first: int, places: list[int]) -> dict[int, Vertex]:
    return {flow: vertex(ttl, first + place) for flow, place in enumerate(places)}


def test_balancers_with_equal_choices_are_polarised() -> None:
    random = Random(1)
    for width, flows in ((2, 24), (3, 24), (4, 32), (16, 128)):
        for _ in range(20):
            places = [random.randrange(width) for _ in range(flows)]
            (pair,) = series(graph_of(width), {NEAR: ways(3, 10, places), FAR: ways(6, 20, places)})
            assert (pair.near, pair.far, pair.flows) == (NEAR, FAR, flows)
            assert pair.is_polarised
            assert pair.strength > 0.99


def test_balancers_with_independent_choices_are_not_polarised() -> None:
    random = Random(2)
    false = 0
    for width, flows in ((2, 24), (3, 24), (4, 32), (16, 128)):
        for _ in range(500):
            near, far = ([random.randrange(width) for _ in range(flows)] for _ in range(2))
            found = series(graph_of(width), {NEAR: ways(3, 10, near), FAR: ways(6, 20, far)})
            false += any(item.is_polarised for item in found)
    assert false <= 9  # at a level of one in a thousand, 2,000 tries: 2, and five deviations


def test_pairs_without_a_choice_are_not_compared() -> None:
    places = [0, 1] * 12
    only = ways(6, 20, [0] * 24)
    assert series(graph_of(2), {NEAR: ways(3, 10, places), FAR: only}) == ()
    unrelated = vertex(5, 99)
    graph = graph_of(2)
    graph.add_node(unrelated)
    assert series(graph, {NEAR: ways(3, 10, places), unrelated: ways(6, 20, places)}) == ()


def test_probabilities_are_adjusted_for_the_number_of_pairs() -> None:
    places = [0, 1] * 6
    graph = graph_of(2)
    far = ways(6, 20, places)
    (alone,) = series(graph, {NEAR: ways(3, 10, places), FAR: far})
    others = {}
    for number in range(40):
        further = vertex(7, 100 + number)
        graph.add_edge(FAR, further)
        others[further] = ways(8, 200, [flow // 6 for flow in range(12)])
    among = series(graph, {NEAR: ways(3, 10, places), FAR: far} | others)
    pair = next(pair for pair in among if (pair.near, pair.far) == (NEAR, FAR))
    assert pair.probability > LEVEL > alone.probability / 10
