"""What changed between two traces: what came, went or moved, and what chance explains."""

from __future__ import annotations

from ipaddress import ip_address
from math import comb
from typing import TYPE_CHECKING

import pytest

import paris
from mda.difference import Presence, difference
from mda.model import Reply, StopReason
from mda.trace import Trace
from tests.support.traces import DESTINATION, assembled, hops, numbered, outcomes

if TYPE_CHECKING:
    from mda.difference import Difference
    from mda.model import Vertex

GATEWAY, JOINT = "192.0.2.254", "198.51.100.2"
BRANCHES = numbered("198.51.100.", 11, 4)


def trace_of(*columns: object, flows: int = 16, queries: int = 1) -> Trace:
    paths = hops(GATEWAY, *columns, JOINT, DESTINATION, flows=flows)  # type: ignore[arg-type]
    return assembled(outcomes(paths, queries=queries))


def later(trace: Trace, by_s: float, address: str) -> Trace:
    """The same with later replies from that address on."""
    nearest = min(vertex.ttl for vertex in trace.dag if str(vertex.address) == address)
    return assembled([
        outcome._replace(received_at_s=outcome.received_at_s + by_s)
        if isinstance(outcome, Reply) and outcome.request.ttl >= nearest else outcome
        for outcome in trace.outcomes
    ])  # fmt: skip


def shown(found: Difference, presence: Presence) -> dict[str, bool]:
    """The vertices that one trace shows, and whether that is proven."""
    vertices = found.vertices(presence)
    return {f"{own.address or '*'}@{own.ttl}": found.is_proven(own) for own in vertices}


def vertex_at(found: Difference, address: str) -> Vertex:
    (own,) = (vertex for vertex in found.dag if str(vertex.address) == address)
    return own


def test_two_equal_traces_differ_in_nothing() -> None:
    trace = trace_of(BRANCHES, "*")
    found = difference(trace, trace)
    assert not found.is_change
    assert set(found.seen.values()) == {Presence.BOTH}


@pytest.mark.parametrize("flows", [3, 16])
def test_a_branch_that_went_is_proven_by_the_flows_that_would_have_met_it(flows: int) -> None:
    found = difference(trace_of(BRANCHES[:2]), trace_of(BRANCHES[0], flows=flows))
    assert shown(found, Presence.BEFORE) == {f"{BRANCHES[1]}@2": flows == 16}
    assert shown(found, Presence.AFTER) == {}
    gone = vertex_at(found, BRANCHES[1])
    assert found.chances[gone] == pytest.approx(min(1.0, 2 * 0.5**flows))
    assert found.is_change == (flows == 16)


def test_a_branch_that_came_may_have_been_missed_before() -> None:
    found = difference(trace_of(BRANCHES[:2], flows=6), trace_of(BRANCHES[:3]))
    assert found.chances[vertex_at(found, BRANCHES[2])] == pytest.approx(3 * (2 / 3) ** 6)
    assert not found.is_change


def test_branches_that_are_all_replaced_are_missed_by_both_or_changed() -> None:
    found = difference(trace_of(BRANCHES[:2], flows=8), trace_of(BRANCHES[2:], flows=8))
    assert set(found.chances.values()) >= {comb(4, 2) ** 2 * 0.5**16}
    assert shown(found, Presence.BEFORE) == dict.fromkeys((f"{b}@2" for b in BRANCHES[:2]), True)
    assert shown(found, Presence.AFTER) == dict.fromkeys((f"{b}@2" for b in BRANCHES[2:]), True)


def test_what_lies_behind_a_branch_is_missed_with_it() -> None:
    before = trace_of(BRANCHES[:2], BRANCHES[2:], flows=16)
    found = difference(before, trace_of(BRANCHES[0], BRANCHES[2:], flows=16))
    missed = [edge for edge in found.dag.edges if found.seen[edge] is Presence.BEFORE]
    assert len(missed) == 3
    assert len({found.chances[edge] for edge in missed}) == 1
    assert found.edges(Presence.BEFORE) == []  # each has an end that went as well


def test_a_link_between_interfaces_of_both_went() -> None:
    meshed = trace_of(BRANCHES[:2], BRANCHES[2:], flows=32)
    straight = {
        flow: [GATEWAY, BRANCHES[flow % 2], BRANCHES[2 + flow % 2], JOINT, DESTINATION]
        for flow in range(32)
    }
    found = difference(meshed, assembled(outcomes(straight)))
    assert len(found.edges(Presence.BEFORE)) == 2
    assert all(map(found.is_proven, found.edges(Presence.BEFORE)))


def test_an_interface_that_is_a_hop_farther_away_has_moved() -> None:
    found = difference(trace_of(BRANCHES[0]), trace_of(BRANCHES[1], BRANCHES[0]))
    moved = {(str(own.address), own.ttl, there.ttl) for own, there in found.moved.items()}
    assert moved == {(BRANCHES[0], 2, 3), (JOINT, 3, 4), (DESTINATION, 4, 5)}
    assert found.is_change


@pytest.mark.parametrize("flows", [6, 40])
def test_a_branch_of_a_balancer_that_moved_may_have_been_missed_there(flows: int) -> None:
    moved = trace_of("198.51.100.9", "198.51.100.1", BRANCHES[:3], flows=flows)
    found = difference(trace_of("198.51.100.1", BRANCHES), moved)
    lost = vertex_at(found, BRANCHES[3])
    # The other measurement lacks it at the balancer where that is now.
    assert found.chances[lost] == pytest.approx(min(1.0, 4 * 0.75**flows))
    assert found.is_proven(lost) == (flows == 40)
    assert {str(own.address) for own in found.moved} == {
        "198.51.100.1", *BRANCHES[:3], JOINT, DESTINATION
    }  # fmt: skip
    assert found.is_proven(vertex_at(found, "198.51.100.9"))


def test_a_star_behind_a_vertex_that_moved_has_moved_with_it() -> None:
    found = difference(trace_of(BRANCHES[0], "*"), trace_of("198.51.100.9", BRANCHES[0], "*"))
    (star,) = (own for own in found.moved if own.address is None)
    assert (star.ttl, found.moved[star].ttl) == (3, 4)
    branches = difference(
        trace_of(BRANCHES[0], ["*", BRANCHES[1]]), trace_of("198.51.100.9", BRANCHES[0], "*")
    )
    assert shown(branches, Presence.BEFORE)[f"{BRANCHES[1]}@3"]


def test_stars_behind_the_same_vertex_are_the_same() -> None:
    before, after = trace_of(BRANCHES[:2], "*"), trace_of(BRANCHES[0], "*")
    # Each branch has a star behind it, and that of the branch which stays is the same.
    gone = {f"{BRANCHES[1]}@2": True, "*@3": True}
    found = difference(before, after)
    assert shown(found, Presence.BEFORE) == gone
    assert [own.ttl for own in found.vertices(Presence.BOTH) if own.address is None] == [3]
    replaced = difference(before, trace_of(BRANCHES[2:], "*"))
    assert not [own for own in replaced.vertices(Presence.BOTH) if own.address is None]


def test_a_silent_interface_in_place_of_one_that_replied_is_a_change() -> None:
    found = difference(trace_of(BRANCHES[:2]), trace_of([BRANCHES[0], "*"]))
    assert shown(found, Presence.BEFORE) == {f"{BRANCHES[1]}@2": True}
    assert shown(found, Presence.AFTER) == {"*@2": True}


def test_a_split_that_is_weighted_now_has_changed() -> None:
    before = trace_of(BRANCHES[:2], flows=60)
    found = difference(before, trace_of([*BRANCHES[:1] * 4, BRANCHES[1]], flows=60))
    (fork,) = found.changed_splits
    assert (str(fork.vertex.address), found.is_change) == (GATEWAY, True)
    shares = [fork.share(vertex_at(found, BRANCHES[1]), side) for side in (0, 1)]
    assert shares == pytest.approx([0.5, 0.2])


@pytest.mark.parametrize("by_s", [0.0, 0.004, -0.0004])
def test_a_vertex_that_replies_later_begins_what_those_behind_it_show(by_s: float) -> None:
    before = trace_of(BRANCHES[:2], flows=24)
    found = difference(before, later(before, by_s, JOINT))
    first = [own for own in found.shifts if own.begins]
    assert [str(own.vertex.address) for own in first] == ([JOINT] if by_s else [])
    assert len(found.shifts) == (2 if by_s else 0)
    assert all(own.slower_s == pytest.approx(by_s, abs=1e-6) for own in found.shifts)


def test_flows_that_take_another_mix_of_branches_are_not_slower() -> None:
    slow = later(trace_of(BRANCHES[0], flows=20), 0.02, BRANCHES[0]).outcomes
    quick = trace_of(BRANCHES[1], flows=40).outcomes

    def mixed(slow_flows: int) -> Trace:
        return assembled([
            *(own for own in slow if own.request.flow < slow_flows),
            *(own for own in quick if own.request.flow >= slow_flows),
        ])  # fmt: skip

    assert difference(mixed(4), mixed(20)).shifts == ()


def test_a_balancer_of_packets_is_told_from_one_whose_replies_agree_by_chance() -> None:
    per_packet = paris.trace(network="per-packet", multipath=True, seed=1)
    (balancer,) = per_packet.per_packet
    path = {
        flow: ["192.0.2.254", "198.51.100.1", f"198.51.100.1{1 + flow % 2}",
               f"198.51.100.2{1 + flow % 2}", JOINT, DESTINATION]
        for flow in range(8)
    }  # fmt: skip
    for queries, is_change in ((1, False), (3, True)):
        steady = assembled(outcomes(path, queries=queries))
        (splitting,) = difference(per_packet, steady).splittings
        assert splitting.vertex == balancer
        assert splitting.probability == pytest.approx(0.5 ** (8 * (queries - 1)))
        assert bool(difference(per_packet, steady).changed_splittings) == is_change


@pytest.mark.parametrize("flows", [1, 16])
def test_an_end_that_is_reached_no_longer_is_a_change_if_flows_enough_say_so(flows: int) -> None:
    before = trace_of(BRANCHES[0], flows=flows)
    after = assembled(outcomes(hops(GATEWAY, BRANCHES[0], JOINT, "*", flows=flows)))
    (end,) = difference(before, after).ends
    assert (end.refused, end.presence) == (None, Presence.BEFORE)
    assert end.probability == pytest.approx(2 / comb(2 * flows, flows))
    assert bool(difference(before, after).changed_ends) == (flows == 16)
    assert difference(before, before).ends == ()


def test_an_unfinished_trace_says_nothing_of_the_end() -> None:
    before = trace_of(BRANCHES[0])
    paths = hops(GATEWAY, BRANCHES[0], JOINT, "*", flows=16)
    after = assembled(outcomes(paths)).replace(stopped=StopReason.INTERRUPTED)
    assert difference(before, after).ends == ()


def test_a_vertex_behind_two_others_is_missed_only_by_the_flows_through_both() -> None:
    meshed = trace_of(BRANCHES[:2], BRANCHES[2:], flows=32)
    lacking = trace_of(BRANCHES[:2], BRANCHES[2], flows=10)
    found = difference(meshed, lacking)
    gone = vertex_at(found, BRANCHES[3])
    edges = [found.chances[near, gone] for near in found.dag.predecessors(gone)]
    assert len(edges) == 2
    assert found.chances[gone] == pytest.approx(edges[0] * edges[1])


def test_an_address_at_two_hops_does_not_move() -> None:
    before = trace_of(BRANCHES[0], BRANCHES[0], BRANCHES[1])
    after = trace_of(BRANCHES[2], BRANCHES[0], BRANCHES[0], BRANCHES[1])
    moved = {str(own.address) for own in difference(before, after).moved}
    assert BRANCHES[0] not in moved
    assert BRANCHES[1] in moved


def test_a_delay_shows_on_a_long_path_of_few_flows_and_once_behind_silence() -> None:
    path = [*numbered("198.51.100.", 11, 5), "*", *numbered("198.51.100.", 31, 5)]
    before = trace_of(*path, flows=6)
    found = difference(before, later(before, 0.5, "198.51.100.13"))
    (first,) = [own for own in found.shifts if own.begins]
    assert str(first.vertex.address) == "198.51.100.13"
    assert len(first.behind) == len(found.shifts) - 1 == 2 + 5 + 2  # and the joint, and the host


NETWORKS = ("two-way", "four-way", "lossy", "unequal-length")


def test_traces_of_one_network_rarely_differ() -> None:
    """At -c 99 a pair differs with 0.05 at most: 80 pairs have over 12 with less than 0.001."""
    pairs = [
        difference(*(
            paris.trace(network=network, multipath=True, failure_probability=0.01, seed=seed)
            for seed in (pair, 1000 + pair)
        ))
        for network in NETWORKS for pair in range(20)
    ]  # fmt: skip
    assert sum(own.is_change for own in pairs) <= 12


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("two-way", "plain"),
        ("plain", "two-way"),
        ("four-way", "two-way"),
        ("two-way", "weighted"),
        ("two-way", "one-slow"),
        ("plain", "silent-hop"),
        ("plain", "silent-destination"),
    ],
)
def test_a_network_that_changed_is_found(before: str, after: str) -> None:
    for seed in range(3):
        earlier, later = (
            paris.trace(network=network, multipath=True, failure_probability=0.01, seed=seed)
            for network in (before, after)
        )
        assert difference(earlier, later).is_change


def test_a_source_with_another_address_is_the_same_source() -> None:
    before = trace_of(BRANCHES[:2])
    after = Trace.of(before.replace(plan=before.plan.replace(source=ip_address("192.0.2.7"))))
    assert set(difference(before, after).seen.values()) == {Presence.BOTH}
