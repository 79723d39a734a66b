"""Merging many traces: who saw what, silences, groups, and traces that go opposite ways."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from mda.merging import By, Merging, merge
from mda.model import InterfaceInfo, InterfaceRole, Reply
from mda.trace import Trace
from tests.support.traces import DESTINATION, assembled, hops, outcomes

if TYPE_CHECKING:
    from mda.merging import Merged

GATEWAY, JOINT, ELSEWHERE = "192.0.2.254", "198.51.100.2", "203.0.113.77"
BRANCHES = ["198.51.100.11", "198.51.100.12"]
AS_TEXT = {"198.51.100.11": "AS64500 ONE 198.51.100.0/24", "198.51.100.12": "AS64500 ONE",
           "198.51.100.2": "AS64501/AS64502 TWO", GATEWAY: "private"}  # fmt: skip


def trace_to(destination: str, *columns: object) -> Trace:
    paths = hops(*columns, destination, flows=16)  # type: ignore[arg-type]
    return assembled(outcomes(paths, destination=destination), destination=destination)


def with_networks(trace: Trace) -> Trace:
    facts = {"asn": {ip_address(own): text for own, text in AS_TEXT.items()}}
    return Trace.of(trace.replace(facts=facts))


def seen_by(merged: Merged) -> dict[str, tuple[int, ...]]:
    return {
        merged.groups.get(own) or str(own.address or "*"): merged.of_vertex(own)
        for own in merged.dag
    }


def links(merged: Merged) -> set[tuple[str, str]]:
    return {(str(near.address), str(far.address)) for near, far in merged.dag.edges}


def test_vertices_carry_the_traces_sources_and_destinations_that_saw_them() -> None:
    merged = merge([trace_to(DESTINATION, GATEWAY, BRANCHES), trace_to(ELSEWHERE, GATEWAY, JOINT)])
    seen = seen_by(merged)
    assert seen[GATEWAY] == (0, 1)
    assert seen[BRANCHES[0]] == seen[DESTINATION] == (0,)
    assert seen[JOINT] == seen[ELSEWHERE] == (1,)
    (gateway,) = (own for own in merged.dag if str(own.address) == GATEWAY)
    both = merged.of_vertex(gateway)
    assert list(map(str, merged.destinations(both))) == [DESTINATION, ELSEWHERE]
    assert list(map(str, merged.sources(both))) == ["192.0.2.1"]
    assert merged.shared == (gateway,)
    assert all(end.reached for end in merged.ends)


def test_an_address_is_one_vertex_at_whatever_distance_and_edges_lead_forward() -> None:
    merged = merge([
        trace_to(DESTINATION, GATEWAY, JOINT), trace_to(ELSEWHERE, GATEWAY, *BRANCHES, JOINT)
    ])  # fmt: skip
    assert seen_by(merged)[JOINT] == (0, 1)
    assert all(near.ttl < far.ttl for near, far in merged.dag.edges)
    assert {(GATEWAY, JOINT), (BRANCHES[1], JOINT)} <= links(merged)


def test_an_edge_that_closes_a_circle_is_kept_apart() -> None:
    merged = merge([
        trace_to(DESTINATION, GATEWAY, *BRANCHES), trace_to(ELSEWHERE, GATEWAY, *BRANCHES[::-1])
    ])  # fmt: skip
    ((back, seen),) = merged.circles.items()
    assert [str(own.address) for own in back] == BRANCHES[::-1]
    assert seen == (1,)
    assert tuple(BRANCHES) in links(merged)
    assert back[0].ttl > back[1].ttl


def test_silences_between_the_same_answers_are_one_and_others_are_several() -> None:
    between = [trace_to(DESTINATION, GATEWAY, "*", JOINT), trace_to(ELSEWHERE, GATEWAY, "*", JOINT)]
    assert seen_by(merge(between))["*"] == (0, 1)
    longer = trace_to(DESTINATION, GATEWAY, "*", "*", JOINT)
    stars = [own for own in merge([between[0], longer]).dag if own.address is None]
    assert len(stars) == 3


def test_silences_before_different_destinations_are_different() -> None:
    unreached = [
        assembled(outcomes(hops(GATEWAY, "*", flows=16), destination=end), destination=end)
        for end in (DESTINATION, ELSEWHERE)
    ]
    stars = [own for own in merge(unreached).dag if own.address is None]
    assert len(stars) == 2
    assert not any(end.reached for end in merge(unreached).ends)


def test_interfaces_of_a_network_are_one_vertex_and_ends_stay_themselves() -> None:
    columns = GATEWAY, BRANCHES[0], "*", BRANCHES[1], JOINT
    merged = merge([with_networks(trace_to(DESTINATION, *columns))], By.AS)
    assert set(merged.groups.values()) == {"AS64500", "AS64501/AS64502"}
    assert set(seen_by(merged)) == {
        "192.0.2.1", GATEWAY, "AS64500", "AS64501/AS64502", DESTINATION
    }  # fmt: skip
    members = {merged.groups[own]: list(map(str, found)) for own, found in merged.members.items()}
    assert members["AS64500"] == BRANCHES
    assert merged.dag.number_of_edges() == 4


def described(trace: Trace, told: dict[str, InterfaceInfo]) -> Trace:
    """The trace, with what the router at each address says of an interface."""
    return Trace.of(
        trace.replace(
            outcomes=tuple(
                own._replace(interfaces=(told[str(own.responder)],))
                if isinstance(own, Reply) and str(own.responder) in told
                else own
                for own in trace.outcomes
            )
        )
    )


def by_router(*told: dict[str, InterfaceInfo]) -> Merged:
    """Two traces that meet a router at either address of `BRANCHES`, with a silence behind it."""
    traces = (trace_to(ELSEWHERE, GATEWAY, branch, "*", JOINT) for branch in BRANCHES)
    return merge(map(described, traces, told), By.ROUTER)


def own_address(address: str, role: InterfaceRole = InterfaceRole.INCOMING) -> InterfaceInfo:
    return InterfaceInfo(role, address=ip_address(address))


def test_addresses_that_a_router_says_are_its_own_are_one_vertex() -> None:
    merged = by_router({BRANCHES[0]: own_address(BRANCHES[1])}, {})
    (router,) = merged.groups
    assert merged.groups[router] == f"router {BRANCHES[0]}"
    assert list(map(str, merged.members[router])) == BRANCHES
    assert merged.of_vertex(router) == (0, 1)
    # What is silent behind either of its addresses is now one as well.
    assert seen_by(merged)["*"] == (0, 1)
    assert len(merged.dag) == 6
    assert merged.dag.number_of_edges() == 5


def test_addresses_are_one_router_through_one_that_never_answers() -> None:
    hidden = "198.51.100.99"
    merged = by_router(
        {BRANCHES[0]: own_address(hidden)},
        {BRANCHES[1]: own_address(hidden, InterfaceRole.OUTGOING)},
    )
    assert list(merged.groups.values()) == [f"router {BRANCHES[0]}"]


@pytest.mark.parametrize(
    "told",
    [
        InterfaceInfo(InterfaceRole.NEXT_HOP, address=ip_address(BRANCHES[1])),
        InterfaceInfo(InterfaceRole.INCOMING, name="eth0"),
        own_address("169.254.0.1"),
    ],
)
def test_nothing_else_makes_two_addresses_one_router(told: InterfaceInfo) -> None:
    assert not by_router({BRANCHES[0]: told}, {BRANCHES[1]: told}).groups


def test_the_ends_of_traces_stay_themselves_whoever_has_their_addresses() -> None:
    traces = [trace_to(BRANCHES[0], GATEWAY), trace_to(ELSEWHERE, GATEWAY, BRANCHES[1])]
    told = {BRANCHES[1]: own_address(BRANCHES[0])}
    merged = merge((described(own, told) for own in traces), By.ROUTER)
    assert not merged.groups
    assert {BRANCHES[0], BRANCHES[1]} <= set(seen_by(merged))


def test_diamonds_are_counted_once_by_their_ends() -> None:
    balanced = [trace_to(end, GATEWAY, BRANCHES, JOINT) for end in (DESTINATION, ELSEWHERE)]
    (only,) = merge(balanced).diamonds
    assert [str(own.address) for own in only if own] == [GATEWAY, JOINT]
    assert not merge([trace_to(DESTINATION, GATEWAY)]).diamonds


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_the_vertices_do_not_depend_on_the_order_of_traces(order: tuple[int, ...]) -> None:
    traces = [
        trace_to(DESTINATION, GATEWAY, BRANCHES, JOINT),
        trace_to(ELSEWHERE, GATEWAY, "*", JOINT),
        trace_to(ELSEWHERE, BRANCHES[0], JOINT),
    ]
    merged = merge([traces[own] for own in order])
    assert {len(own) for own in seen_by(merged).values()} == {1, 2, 3}
    assert len(merged.dag) == 8
    assert merged.dag.number_of_edges() + len(merged.circles) == 10


def test_traces_can_be_added_after_a_look() -> None:
    merging = Merging()
    merging.add(trace_to(DESTINATION, GATEWAY))
    assert len(merging.merged().ends) == 1
    merging.add(trace_to(ELSEWHERE, GATEWAY))
    assert seen_by(merging.merged())[GATEWAY] == (0, 1)
