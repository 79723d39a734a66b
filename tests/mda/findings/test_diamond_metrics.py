"""Metrics of diamonds against values worked out by hand."""

from __future__ import annotations

import math
from dataclasses import asdict

import networkx as nx
import pytest

from mda.findings.diamond_metrics import Metrics, metrics, rows
from mda.findings.diamonds import diamonds
from mda.model import Vertex
from tests.support.drive import interface


def graph_of(links: str, flows: dict[str, tuple[int, ...]] | None = None) -> nx.DiGraph[Vertex]:
    """A graph from "a1-b2 b2-c3": a letter and a TTL name a vertex."""
    graph: nx.DiGraph[Vertex] = nx.DiGraph()

    def vertex(name: str) -> Vertex:
        vertex = Vertex(int(name[1:]), interface(ord(name[0])))
        graph.add_node(vertex, flows=(flows or {}).get(name, ()))
        return vertex

    for link in links.split():
        near, far = map(vertex, link.split("-"))
        graph.add_edge(near, far, flows=())
    return graph


def only(graph: nx.DiGraph[Vertex]) -> Metrics:
    (diamond,) = diamonds(graph)
    return metrics(graph, diamond)


TWO = "s0-a1 a1-b2 a1-c2 b2-d3 c2-d3"
MESHED = "s0-a1 a1-b2 a1-c2 b2-d3 b2-e3 c2-d3 c2-e3 d3-f4 e3-f4"
# One branch splits three ways, the other not at all.
UNEVEN = "s0-a1 a1-b2 a1-c2 b2-d3 b2-e3 b2-g3 c2-h3 d3-z4 e3-z4 g3-z4 h3-z4"


def test_metrics_of_a_diamond_of_two_branches() -> None:
    assert asdict(only(graph_of(TWO))) == {
        "max_width": 2, "max_length": 2, "min_length": 2, "length_asymmetry": 0,
        "width_asymmetry": 0, "meshed_ratio": 0.0, "max_meshing": 0.0,
        "probability_difference": 0.0, "empirical_difference": None, "empirical_low": None,
        "empirical_high": None, "paths": 2, "disjoint_paths": 2, "entropy_bits": 1.0,
    }  # fmt: skip


def test_metrics_of_a_meshed_diamond() -> None:
    measured = only(graph_of(MESHED))
    assert (measured.paths, measured.disjoint_paths, measured.entropy_bits) == (4, 2, 2.0)
    assert measured.max_meshing == 1.0
    assert measured.meshed_ratio == pytest.approx(1 / 3)
    half = only(graph_of(MESHED.replace(" c2-d3", "")))
    assert half.max_meshing == 0.75
    assert half.paths == 3
    assert half.probability_difference == pytest.approx(0.5)  # a quarter and three quarters


def test_metrics_of_a_diamond_with_uneven_branches() -> None:
    measured = only(graph_of(UNEVEN))
    assert measured.width_asymmetry == 2
    assert measured.probability_difference == pytest.approx(1 / 2 - 1 / 6)
    assert (measured.paths, measured.disjoint_paths) == (4, 2)
    assert measured.entropy_bits == pytest.approx(1 + 0.5 * math.log2(3))


def test_the_probability_difference_is_also_estimated_from_the_flows() -> None:
    flows = {"b2": (0, 1, 2, 5, 9), "c2": (3, 4), "a1": tuple(range(6))}
    measured = only(graph_of(TWO, flows))
    # Of flows 0 to 5 four went one way; number 9 may have been sent because of where it goes.
    assert measured.empirical_difference == pytest.approx(4 / 6 - 2 / 6)
    assert measured.empirical_low == 0.0
    assert measured.empirical_high == 1.0
    many = {"b2": tuple(range(0, 3000, 3)), "c2": tuple(n for n in range(3000) if n % 3)}
    sure = only(graph_of(TWO, many))
    assert sure.empirical_low is not None
    assert sure.empirical_high is not None
    assert sure.empirical_low < 1 / 3 < sure.empirical_high
    assert sure.empirical_high - sure.empirical_low < 0.08


def test_rows_have_the_ends_of_each_diamond_and_are_empty_without_one() -> None:
    (row,) = rows(graph_of(TWO))
    assert (row["divergence"], row["convergence"]) == (interface(ord("a")), interface(ord("d")))
    assert row["first_ttl"] == 1
    assert rows(graph_of("s0-a1 a1-b2")) == []
    (open_end,) = rows(graph_of("s0-a1 a1-b2 a1-c2"))
    assert open_end["convergence"] is None
    assert open_end["disjoint_paths"] == 2


def test_metrics_of_a_diamond_with_branches_of_different_length() -> None:
    graph = graph_of("s0-a1 a1-b2 a1-c2 b2-e3 c2-f3 f3-e4")
    measured = only(graph)
    assert (measured.min_length, measured.max_length, measured.length_asymmetry) == (2, 3, 1)
    assert measured.disjoint_paths == 2
