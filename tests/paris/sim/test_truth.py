"""The stated truth of a topology, against its file, its flows, and how often the MDA misses it."""

from __future__ import annotations

from itertools import count, pairwise
from typing import TYPE_CHECKING, Any, cast

import networkx as nx
import pytest

from mda.findings.diamonds import diamonds
from mda.model import Vertex
from mda.statistics.stopping import stop_at
from paris.sim.balancers import HeaderFields
from paris.sim.network import Network
from paris.sim.topology_file import load, samples
from paris.sim.truth import truth
from tests.support import drive
from tests.support.expect import MISSED_UNEVEN, graph_missed, is_likely

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address

    from paris.sim.topology import Topology
    from paris.sim.truth import Seen, Truth
    from tests.paris.sim.conftest import FromText

ALL = {name: load(path) for name, path in samples().items()}
KNOWN = {name: net for name, net in ALL.items() if "miss_probability" in net.expect}
ENDS = "source: 192.0.2.1\ndestination: 203.0.113.9\n"


def flow(net: Topology, number: int) -> HeaderFields:
    """A UDP flow, told apart from others by everything that a tracer may vary."""
    return HeaderFields(
        source=int(net.source),
        destination=int(net.destination),
        protocol=17,
        sport=24000 + number,
        dport=33434,
        flow_label=number,
    )


def met(net: Topology, seed: int, flows: int) -> tuple[set[Seen], set[tuple[Seen, Seen]]]:
    """The vertices and edges that flows meet, the source's included."""
    network = Network(net, seed)
    vertices: set[Seen] = set()
    edges: set[tuple[Seen, Seen]] = set()
    for number in range(flows):
        path = list(enumerate((net.source, *network.path(flow(net, number)))))
        vertices.update(path)
        edges.update(pairwise(path))
    return vertices, edges


def as_graph(known: Truth) -> nx.DiGraph[Vertex]:
    graph: nx.DiGraph[Vertex] = nx.DiGraph()
    for near, far in known.edges:
        graph.add_edge(Vertex(*near), Vertex(*far))
    return graph


@pytest.mark.parametrize("name", KNOWN)
def test_the_expectations_in_every_sample_file_agree_with_its_truth(name: str) -> None:
    known, expect = truth(KNOWN[name]), KNOWN[name].expect
    assert len(known.vertices) == expect["vertices"]
    assert len(known.edges) == expect["edges"]
    assert round(known.miss_probability(0.05), 6) == expect["miss_probability"]
    if "unproven" in expect:
        return  # its diamonds are those of the smaller graph that can be proved
    found = diamonds(as_graph(known))
    for diamond, stated in zip(found, expect["diamonds"], strict=True):
        values: dict[str, Any] = {
            "width": diamond.max_width,
            "length": diamond.max_length,
            "min_length": diamond.min_length,
            "width_asymmetry": diamond.width_asymmetry,
            "meshed": diamond.is_meshed,
        }
        assert {key: values[key] for key in stated} == stated


def test_a_balancer_by_destination_has_the_expected_path_and_no_truth() -> None:
    net = ALL["per-destination"]
    for seed in range(3):
        vertices, edges = met(net, seed, 200)
        assert len(vertices) == net.expect["vertices"]
        assert len(edges) == net.expect["edges"]
    with pytest.raises(ValueError, match="balancer balances by destination"):
        truth(net)


def test_a_router_that_replies_by_destination_has_no_truth(topology: FromText) -> None:
    net = topology(
        ENDS
        + """
routers:
  R1: {interfaces: [198.51.100.1, 198.51.100.2], way_back: destination}
paths:
  - source -> R1 -> destination
"""
    )
    with pytest.raises(ValueError, match="R1 replies by destination"):
        truth(net)


@pytest.mark.parametrize("name", KNOWN)
def test_many_flows_together_meet_exactly_the_true_vertices_and_edges(name: str) -> None:
    # The rarest edge, in the 8-8 mesh, is met by one flow in 64: all flows miss one of those 64
    # edges with a chance of 64 (1 - 1/64)^1500 = 4e-9.
    known = truth(KNOWN[name])
    vertices, edges = met(KNOWN[name], 1, 1500)
    assert vertices == known.vertices
    assert edges == known.edges


@pytest.mark.parametrize(
    ("name", "widths"),
    [
        ("plain", ()),
        ("two-way", (2,)),
        ("series", (2, 3)),
        ("nested", (2, 2, 2)),
        ("meshed", (8,) * 9),
        ("forty-eight-way", (48,)),
    ],
)
def test_the_miss_probability_is_the_product_over_balancers(
    name: str, widths: Sequence[int]
) -> None:
    assert truth(KNOWN[name]).miss_probability(0.05) == pytest.approx(
        graph_missed(*widths), abs=1e-5
    )


@pytest.mark.parametrize("weights", [(7, 3), (9, 1), (2, 1, 1)])
def test_the_miss_probability_of_an_uneven_split_behind_merged_paths_is_exact(
    topology: FromText, weights: tuple[int, ...]
) -> None:
    shares = tuple(weight / sum(weights) for weight in weights)
    named = ", ".join(f"C{number}: {weight}" for number, weight in enumerate(weights))
    net = topology(
        ENDS
        + f"""
routers:
  A1..A2: {{interfaces: 198.51.100.11+}}
  J: {{interfaces: [198.51.100.1], balance: {{weights: {{{named}}}}}}}
  C0..C{len(weights) - 1}: {{interfaces: 198.51.100.21+}}
paths:
  - source -> [A1..A2] -> J -> [C0..C{len(weights) - 1}] -> destination
"""
    )
    known = truth(net)
    assert known.splits[2, net.routers["J"].interfaces[0]] == pytest.approx(shares)
    exact = 1 - (1 - graph_missed(2)) * (1 - MISSED_UNEVEN[shares])
    assert known.miss_probability(0.05) == pytest.approx(exact, abs=5e-5)


def test_shares_are_those_of_the_flows_that_reach_a_vertex(topology: FromText) -> None:
    net = topology(
        ENDS
        + """
routers:
  A1..A4: {interfaces: 198.51.100.11+}
  S1..S4: {interfaces: 198.51.100.21+, silent: true}
  C1..C3: {interfaces: 198.51.100.31+}
  W: {interfaces: [198.51.100.1], balance: {weights: {D1: 3}}}
  D1..D2: {interfaces: 198.51.100.41+}
paths:
  - source -> [A1, A2, A3] -> S1 -> S3 -> C1 -> destination
  - source -> A4 -> S2 -> S4 -> [C2, C3] -> destination
  - source -> W -> [D1, D2] -> destination
"""
    )
    # Two silent routers at one distance are one vertex: three of its four flows go by S3.
    silence, weighted = (3, None), (1, net.routers["W"].interfaces[0])
    splits = truth(net).splits
    assert sorted(splits[silence]) == pytest.approx([0.125, 0.125, 0.75])
    assert splits[weighted] == pytest.approx((0.75, 0.25))


def test_one_router_at_two_distances_is_two_vertices() -> None:
    net = ALL["unequal-length"]
    joint = net.routers["joint"].interfaces[0]
    assert {ttl for ttl, address in truth(net).vertices if address == joint} == {4, 6}


def test_polarised_balancers_hide_branches_that_independent_balancers_show(
    topology: FromText,
) -> None:
    text = (
        ENDS
        + """
routers:
  R1: {interfaces: [198.51.100.1], balance: {seed: 7}}
  A1..A2: {interfaces: 198.51.100.11+, balance: {seed: 7}}
  B1..B2: {interfaces: 198.51.100.21+}
paths:
  - source -> R1 -> [A1..A2] -> [B1..B2] -> destination
"""
    )
    polarised = topology(text)
    assert len(truth(polarised).edges) - len(met(polarised, 1, 500)[1]) == 2
    independent = topology(text.replace("balance: {seed: 7}", "delay_ms: 1"))
    assert met(independent, 1, 500)[1] == truth(independent).edges


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("two-way", 4000),
        ("weighted", 2000),
        ("series", 2000),
        ("nested", 2000),
        ("asymmetric", 2000),
        ("silent-branch", 2000),
        ("unequal-length", 2000),
        ("sixteen-way", 1000),
        ("meshed", 400),
    ],
)
def test_the_stopping_rule_misses_something_as_often_as_the_truth_says(
    name: str, runs: int
) -> None:
    known = truth(KNOWN[name])
    left = sum(leaves_something(KNOWN[name], known, seed) for seed in range(runs))
    assert is_likely(known.miss_probability(0.05), left, runs), left / runs


def leaves_something(net: Topology, known: Truth, seed: int) -> bool:
    """Whether the rule, at each balancer on its own and flow by flow, stops too early at any."""
    network = Network(net, seed)
    seen: dict[Seen, set[Seen]] = {vertex: set() for vertex in known.splits}
    flows = dict.fromkeys(known.splits, 0)
    open_vertices = set(known.splits)
    open_ttls = {ttl for ttl, _ in open_vertices}
    for number in count():
        for near, far in pairwise(enumerate((net.source, *network.path(flow(net, number))))):
            # Hashing an address is slow, and many TTLs have no balancer.
            if near[0] in open_ttls and near in open_vertices:
                seen[near].add(far)
                flows[near] += 1
                if flows[near] >= stop_at(len(seen[near]), 0.05):
                    open_vertices.remove(near)
        if not open_vertices:
            break
    return any(len(seen[vertex]) < len(split) for vertex, split in known.splits.items())


@pytest.mark.parametrize(("name", "runs"), [("two-way", 1500), ("weighted", 1000)])
def test_the_mda_misses_a_lone_balancer_as_often_as_the_truth_says(name: str, runs: int) -> None:
    # Two-sided, so only where no flow is sent for the sake of another vertex: elsewhere such
    # flows are evidence as well, and the MDA misses less than the rule alone.
    net = KNOWN[name]
    known = truth(net)
    true_edges = {(near[1], far[1]) for near, far in known.edges}
    missed = 0
    for seed in range(runs):
        played = drive.play(drive.full_mda(), paths(net, seed))
        missed += drive.edges_of(drive.graph_of(played.outcomes)) != true_edges
    assert is_likely(known.miss_probability(0.05), missed, runs), missed / runs


def paths(net: Topology, seed: int) -> drive.Network:
    """The network as the driver of procedures wants it: without silences."""
    network, base = Network(net, seed), flow(net, 0)

    def path(number: int) -> Sequence[IPv4Address]:
        fields = base._replace(sport=base.sport + number)
        return cast("Sequence[IPv4Address]", network.path(fields))

    return path
