"""The MDA: complete graphs, at the probability it promises, and no edge that is not there."""

from __future__ import annotations

import gc
import weakref
from collections import Counter, deque
from ipaddress import IPv4Address
from itertools import count, pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.answers.graph import build, locate
from mda.answers.hop_pairs import pairs
from mda.answers.table import tabulate
from mda.findings.certainty import Obstacle, certainty
from mda.procedure import Procedure
from mda.statistics.stopping import Bound
from tests.support.drive import (
    SOURCE,
    Layers,
    edges_of,
    full_mda,
    graph_of,
    interface,
    layers,
    play,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.model import Outcome, ProbeRequest

TOPOLOGIES = {
    "plain": layers(*[1] * 12),
    "two-way": layers(1, 1, 2, 1, 1),
    "sixteen-way": layers(1, 16, 1),
    "series": layers(1, 2, 1, 3, 1, 4, 1),
    "nested": layers(1, 2, 4, 8, 4, 2, 1),
    "parallel": layers(1, 8, 8, 1),
    "meshed": layers(1, 4, 4, 1, meshed=True),
}


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_the_explorer_finds_exactly_the_true_edges(name: str) -> None:
    topology = TOPOLOGIES[name]
    for seed in range(5):
        procedure = full_mda(failure_probability=1e-5)
        played = play(procedure, topology.per_flow(Random(seed)))
        assert edges_of(graph_of(played.outcomes)) == topology.edges


def test_plain_hops_take_the_scout_and_five_more_flows_in_two_rounds() -> None:
    played = play(full_mda(), layers(*[1] * 12).per_flow(Random(1)))
    # The scout at three TTLs and at the last, where the destination's reply shows its distance;
    # then the other flows at each of the twelve.
    assert (played.probes, played.rounds) == (12 * 6, 2)


@pytest.mark.parametrize("is_lite", [False, True])
def test_the_first_hop_gets_the_flows_that_spread_over_known_ways_and_others_do_not(
    is_lite: bool,
) -> None:
    played = play(full_mda(spread=20, lite=is_lite), layers(*[1] * 4).per_flow(Random(1)))
    asked = Counter(outcome.request.ttl for outcome in played.outcomes)
    assert [asked[ttl] for ttl in (1, 2, 3)] == [20, 6, 6]


@pytest.mark.parametrize("hops", [1, 2, 11, 12, 13, 14, 25, 29, 30, 31, 40])
def test_paths_of_every_length_are_followed_to_their_end_or_the_last_ttl(hops: int) -> None:
    topology = layers(*[1] * hops)
    for has_hint in (True, False):
        played = play(full_mda(), topology.per_flow(Random(1)), quotes=has_hint)
        graph = graph_of(played.outcomes)
        assert len(graph) == min(hops, 30) + 1
        assert {graph.out_degree(vertex) for vertex in graph} == {0, 1}
        table = tabulate(played.outcomes, 3)
        answers = [len(table.hop(ttl).answers) for ttl in range(1, min(hops, 30) + 1)]
        assert set(answers) == {6}, answers
        if has_hint:
            assert played.probes == sum(answers)  # none in vain
        assert played.rounds <= (2 if has_hint and hops < 30 else 2 + min(hops, 30) // 3)


def test_the_graph_does_not_depend_on_the_order_of_outcomes() -> None:
    played = play(full_mda(), layers(1, 4, 2, 1).per_flow(Random(4)))
    expected = graph_of(played.outcomes)
    shuffled = list(played.outcomes)
    for seed in range(10):
        Random(seed).shuffle(shuffled)
        graph = graph_of(shuffled)
        assert list(graph.nodes.items()) == list(expected.nodes.items())
        assert list(graph.edges.items()) == list(expected.edges.items())


def test_the_true_graph_is_found_with_little_room_for_requests() -> None:
    topology = layers(1, 2, 4, 1)
    for room in (1, 7):
        procedure, network = full_mda(failure_probability=1e-4), topology.per_flow(Random(3))
        outcomes = []
        while wave := procedure.wanted(room):
            assert len(wave) <= room
            outcomes += play(_Answering(procedure, wave), network).outcomes
        assert procedure.finished
        assert edges_of(graph_of(outcomes)) == topology.edges


class _Answering(Procedure):
    """Hands one given wave to `play`, and its answers to the procedure that wanted it."""

    def __init__(self, procedure: Procedure, wave: list[ProbeRequest]) -> None:
        self._wave = wave
        self._procedure = procedure

    def rate_pps(self, _: int) -> None:
        return None

    def wanted(self, room: int) -> list[ProbeRequest]:
        wave, self._wave = self._wave, []
        return wave[:room]

    def on_outcome(self, outcome: Outcome) -> None:
        self._procedure.on_outcome(outcome)

    @property
    def finished(self) -> bool:
        return not self._wave


def test_branches_of_different_length_keep_the_destination_at_both_distances() -> None:
    near, mid, far = interface(1), interface(2), interface(3)
    target, left, right = interface(9), interface(4), interface(5)
    topology = Layers(near, {near: [left, right], left: [target], right: [mid], mid: [far],
                             far: [target]})  # fmt: skip
    played = play(full_mda(failure_probability=1e-5), topology.per_flow(Random(2)))
    graph = graph_of(played.outcomes)
    assert edges_of(graph) == topology.edges
    assert {vertex.ttl for vertex in graph if vertex.address == target} == {3, 5}


def test_a_silent_hop_is_one_star_and_hops_behind_it_are_found() -> None:
    topology = layers(1, 1, 1, 2, 1)
    silent = topology.successors[topology.first][0]
    played = play(
        full_mda(failure_probability=1e-5),
        topology.per_flow(Random(5)),
        lost=lambda _, responder: responder == silent,
    )
    hidden = {(None if a == silent else a, None if b == silent else b) for a, b in topology.edges}
    assert edges_of(graph_of(played.outcomes)) == hidden


def test_a_silent_branch_is_a_star_beside_its_siblings() -> None:
    topology = layers(1, 3, 1)
    silent = topology.successors[topology.first][1]
    played = play(
        full_mda(failure_probability=1e-5),
        topology.per_flow(Random(6)),
        lost=lambda _, responder: responder == silent,
    )
    hidden = {(None if a == silent else a, None if b == silent else b) for a, b in topology.edges}
    assert edges_of(graph_of(played.outcomes)) == hidden


@pytest.mark.parametrize("is_lite", [False, True])
def test_a_branch_of_as_many_silent_hops_as_end_a_trace_is_followed_to_where_it_joins_others(
    *, is_lite: bool
) -> None:
    topology = layers(1, 4, 4, 4, 1, 1)
    branch = [topology.successors[topology.first][1]]
    while len(branch) < 3:
        branch += topology.successors[branch[-1]]
    for seed in range(40):
        played = play(
            full_mda(lite=is_lite),
            topology.per_flow(Random(seed)),
            lost=lambda _, responder: responder in branch,
        )
        graph = graph_of(played.outcomes)
        ends = [vertex for vertex in graph if not graph.out_degree(vertex)]
        assert {vertex.address for vertex in ends} == {interface(15)}, seed


def test_a_trace_to_a_silent_destination_ends_at_the_gap_limit() -> None:
    topology = layers(1, 1, 1)
    target = interface(3)
    played = play(
        full_mda(), topology.per_flow(Random(7)), lost=lambda _, responder: responder == target
    )
    assert max(_asked_of_several_flows(played.outcomes)) <= 2 + 3
    assert edges_of(graph_of(played.outcomes)) == {
        (SOURCE, interface(1)), (interface(1), interface(2)), (interface(2), None)
    }  # fmt: skip


def test_a_per_packet_balancer_causes_no_false_edge() -> None:
    topology = layers(1, 2, 2, 2, 1)  # two separate lanes: any crossing edge is false
    for seed in range(40):
        played = play(full_mda(failure_probability=0.01), topology.per_packet(Random(seed)))
        found = edges_of(graph_of(played.outcomes))
        assert found <= topology.edges
        assert (topology.first, topology.successors[topology.first][0]) in found


def test_a_trace_without_replies_has_one_star() -> None:
    played = play(full_mda(), lambda _: [IPv4Address("203.0.113.9")] * 40, lost=lambda *_: True)
    graph = graph_of(played.outcomes)
    assert {vertex.address for vertex in graph} == {SOURCE, None}


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_mda_lite_finds_the_same_vertices_with_no_more_probes(name: str) -> None:
    topology = TOPOLOGIES[name]
    for seed in range(5):
        full, lite = (
            play(full_mda(failure_probability=1e-5, lite=is_lite), topology.per_flow(Random(seed)))
            for is_lite in (False, True)
        )
        found = {edge for edge in edges_of(graph_of(lite.outcomes)) if None not in edge}
        assert found <= topology.edges
        assert {far for _, far in found} == {far for _, far in topology.edges}
        assert lite.probes <= full.probes * 1.05


def test_mda_lite_switches_to_the_full_mda_at_a_mesh_and_keeps_its_outcomes() -> None:
    topology = layers(1, 4, 4, 1, meshed=True)
    played = play(full_mda(failure_probability=1e-5, lite=True), topology.per_flow(Random(1)))
    assert edges_of(graph_of(played.outcomes)) == topology.edges
    asked = Counter((outcome.request.flow, outcome.request.ttl) for outcome in played.outcomes)
    repeats = sum(times - 1 for times in asked.values())
    assert repeats <= 9 * 17  # those that look for packet balancers, nothing from scratch


class _Turning:
    """A network whose route changes for all flows after so many probes."""

    def __init__(self, old: list[IPv4Address], new: list[IPv4Address], after: int) -> None:
        self._old, self._new, self._left = old, new, after

    def __call__(self, flow: int) -> list[IPv4Address]:
        self._left -= 1
        return self._old if self._left >= 0 else self._new


def test_a_route_that_changes_is_not_a_balancer_and_causes_no_false_edge() -> None:
    old = [interface(number) for number in (1, 2, 3, 4, 5, 9)]
    new = [interface(number) for number in (1, 2, 13, 14, 5, 9)]
    seen_turning = 0
    for after in range(10, 60):
        played = play(full_mda(failure_probability=0.01), _Turning(old, new, after))
        table = tabulate(played.outcomes, 3)
        found = locate(table, SOURCE, 1)
        edges = edges_of(build(table, found))
        assert not found.per_packet
        assert {vertex.address for vertex in found.turned} <= {interface(2), interface(3)}
        true = {edge for path in (old, new) for edge in pairwise([SOURCE, *path])}
        if found.turned:
            assert edges <= true
            seen_turning += 1
    assert seen_turning > 20


def test_a_loop_ends_the_path_after_three_rounds() -> None:
    path = [interface(1), *[interface(2), interface(3)] * 20]
    played = play(full_mda(), lambda _: path)
    table = tabulate(played.outcomes, 3)
    assert max(vertex.ttl for vertex in build(table, locate(table, SOURCE, 1))) == 6
    assert table.looped == set(range(6))
    assert max(_asked_of_several_flows(played.outcomes)) == 6


def _asked_of_several_flows(outcomes: Iterable[Outcome]) -> set[int]:
    """The TTLs at which not only the scout's flow was asked."""
    asked = Counter(ttl for _, ttl in {outcome.request[:2] for outcome in outcomes})
    return {ttl for ttl, flows in asked.items() if flows > 1}


def test_flows_lost_at_a_lone_vertex_are_not_asked_behind_it_in_its_stead() -> None:
    """The vertex behind a balancer answers six flows, and the others at the fifth attempt."""
    joint = interface(7)
    played = play(
        full_mda(per_vertex=False, attempts=5),
        layers(1, 1, 4, 1, 1).per_flow(Random(1)),
        lost=lambda request, responder: (
            responder == joint and request.flow > 5 and request.attempt < 4
        ),
    )
    behind = {outcome.request.flow for outcome in played.outcomes if outcome.request.ttl == 5}
    assert len(behind) <= 8  # of seven that are needed


def test_flows_may_be_just_as_many_as_a_lone_vertex_needs() -> None:
    played = play(full_mda(per_vertex=False, flows=6), layers(1, 2, 1).per_flow(Random(1)))
    assert {outcome.request.flow for outcome in played.outcomes} == set(range(6))


def test_flows_on_their_way_are_waited_for_before_more_are_asked_behind_a_lone_vertex() -> None:
    """Every outcome is followed by a wave, as on a real wire."""
    procedure, network = full_mda(), layers(1, 2, 1, 1, 1).per_flow(Random(1))
    waiting = deque(procedure.wanted(1000))
    behind = set()
    while waiting:
        request = waiting.popleft()
        play(_Answering(procedure, [request]), network)
        behind |= {request.flow} if request.ttl in (5, 30) else set()
        waiting += procedure.wanted(1000)
    assert procedure.finished
    assert len(behind) == 6


@pytest.mark.parametrize("is_lite", [False, True])
def test_a_hop_of_ever_new_addresses_ends_the_search_there_but_not_behind_it(
    is_lite: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 24  # the stopping points of 256 take seconds
    monkeypatch.setattr("mda.answers.hop.MOST_VERTICES", most)
    addresses = map(interface, count(100))
    behind = layers(1, 4, 1).per_flow(Random(1))

    def network(flow: int) -> list[IPv4Address]:
        return [interface(90), next(addresses), *behind(flow)]

    played = play(full_mda(lite=is_lite), network)
    asked = Counter(outcome.request.ttl for outcome in played.outcomes)
    graph = graph_of(played.outcomes)
    assert most <= asked[2] < 4 * most
    met = {vertex.address for vertex in graph}
    assert {interface(number) for number in range(1, 7)} <= met
    table = tabulate(played.outcomes, 3)
    found = locate(table, SOURCE, 1)
    judged = certainty(table, found, pairs(table, found, 30), Bound(0.05), {interface(6)})
    assert judged.miss_probability is None
    assert Obstacle.CROWDED_HOP in judged.obstacles


def test_what_a_search_learnt_is_freed_with_it_and_not_when_garbage_is_looked_for() -> None:
    procedure = full_mda(lite=True)
    network = layers(1, 4, 4, 1, meshed=True).per_flow(Random(1))
    gc.disable()
    try:
        play(procedure, network, lost=lambda request, _: request[1:] == (2, 0))
        learnt = weakref.ref(procedure.table)
        del procedure
        assert learnt() is None
    finally:
        gc.enable()
