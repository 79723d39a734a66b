"""Branches that may be one router which balances its replies, and what shows that they are not."""

from __future__ import annotations

import pytest

from mda.model import ReplyKind
from mda.studies.branches import Branches, Difference
from mda.studies.registry import CLASSIFY
from tests.support.traces import DESTINATION, assembled, hops, outcomes

ADDRESSES = {
    4: ["192.0.2.254", "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"],
    6: ["2001:db8::fe", "2001:db8:a::1", "2001:db8:a::2", "2001:db8:a::3", "2001:db8:a::4"],
}
ENDS = {4: DESTINATION, 6: "2001:db8:f::9"}
BOTH = pytest.mark.parametrize("version", [4, 6])
Paths = dict[int, list[str]]


def found(
    paths: Paths, version: int = 4, reply_ttls: dict[str, int] | None = None
) -> tuple[list[set[str]], tuple[Difference, ...]]:
    """What is known of the branches behind the first hop: groups of addresses, and differences."""
    answers = {address: {"reply_ttl": ttl} for address, ttl in (reply_ttls or {}).items()}
    made = outcomes(paths, destination=ENDS[version], answers=answers)
    classified = assembled(made, destination=ENDS[version]).found(CLASSIFY)
    assert classified is not None
    (branches,) = (branches for vertex, branches in classified.branches.items() if vertex.ttl == 1)
    assert isinstance(branches, Branches)
    groups = [{str(vertex.address) for vertex in group} for group in branches.may_be_one]
    return groups, branches.differ_by


@BOTH
def test_branches_that_meet_at_once_may_be_one_router(version: int) -> None:
    near, left, right, joint, _ = ADDRESSES[version]
    paths = hops(near, [left, right], joint, ENDS[version], flows=16)
    assert found(paths, version) == ([{left, right}], ())


@BOTH
def test_branches_that_are_meshed_with_the_next_hop_may_be_one_router(version: int) -> None:
    near, *others = ADDRESSES[version]
    paths = hops(near, others[:2], others[2:], ENDS[version], flows=16)
    assert found(paths, version) == ([set(others[:2])], ())


@BOTH
def test_branches_with_other_successors_are_not_one_router(version: int) -> None:
    near, left, right, behind_left, behind_right = ADDRESSES[version]
    behind = {left: behind_left, right: behind_right}
    paths = {
        flow: [near, branch, behind[branch], ENDS[version]]
        for flow, branch in enumerate([left, right] * 6)
    }
    assert found(paths, version) == ([], (Difference.SUCCESSORS,))


def test_successors_that_differ_for_few_flows_show_nothing() -> None:
    near, left, right, behind_left, behind_right = ADDRESSES[4]
    paths = {0: [near, left, behind_left, DESTINATION], 1: [near, right, behind_right, DESTINATION]}
    assert found(paths) == ([{left, right}], ())


def test_a_branch_with_nothing_known_behind_it_may_be_the_same_router_as_any() -> None:
    near, left, right, behind, _ = ADDRESSES[4]
    paths = {
        flow: [near, left, behind, DESTINATION] if flow % 2 else [near, right, "*", "*"]
        for flow in range(16)
    }
    assert found(paths) == ([{left, right}], ())


@pytest.mark.parametrize(
    ("ttls", "differs"),
    [
        ((250, 59), True),
        ((250, 120), True),
        ((250, 247), False),
        ((64, 57), False),
        ((33, 32), True),
    ],
)
@BOTH
def test_initial_ttls_distinguish_branches_and_lengths_of_the_way_back_do_not(
    version: int, ttls: tuple[int, int], differs: bool
) -> None:
    near, left, right, joint, _ = ADDRESSES[version]
    paths = hops(near, [left, right], joint, ENDS[version], flows=16)
    groups, differ_by = found(paths, version, dict(zip((left, right), ttls, strict=True)))
    assert groups == ([] if differs else [{left, right}])
    assert differ_by == ((Difference.INITIAL_TTL,) if differs else ())


def test_the_destination_is_not_a_router_that_forwards() -> None:
    near, left, right, _, _ = ADDRESSES[4]
    paths = {
        flow: [near, DESTINATION] if flow % 2 else [near, left, right, DESTINATION]
        for flow in range(16)
    }
    assert found(paths) == ([], (Difference.DESTINATION,))


def test_a_router_that_refuses_some_flows_may_be_one_that_forwards_others() -> None:
    near, left, right, joint, _ = ADDRESSES[4]
    paths = {
        flow: [near, left] if flow % 2 else [near, right, joint, DESTINATION] for flow in range(16)
    }
    made = outcomes(
        paths, answers={left: {"kind": ReplyKind.UNREACHABLE, "icmp_type": 3, "icmp_code": 13}}
    )
    classified = assembled(made).found(CLASSIFY)
    assert classified is not None
    (branches,) = classified.branches.values()
    assert len(branches.may_be_one) == 1


def test_only_some_branches_may_be_one_router() -> None:
    near, left, right, joint, other = ADDRESSES[4]
    lanes = [[left, joint], [right, joint], [other, "198.51.100.9"]]
    paths = {flow: [near, *lanes[flow % 3], DESTINATION] for flow in range(36)}
    assert found(paths) == ([{left, right}], (Difference.SUCCESSORS,))
