"""No router is asked faster than it may be, whatever destinations its probes are for."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from random import Random

import pytest

from mda.model import Loss, ProbeRequest, Reply, ReplyKind
from paris.engine.spacing import Lane, Spacing

RATE_PPS = 20.0
GATEWAY = IPv4Address("198.51.100.1")


def reply(request: ProbeRequest, responder: str, at_s: float) -> Reply:
    return Reply(request, ReplyKind.TIME_EXCEEDED, ip_address(responder), at_s, at_s, 11, 0)


def leaves_s(lane: Lane, request: ProbeRequest, now_s: float = 0.0) -> float:
    return lane.turn_s(request, lane.own_turn_s(request, now_s))


def lane_to(spacing: Spacing, destination: str) -> Lane:
    return spacing.lane(ip_address(destination))


def most_within(times_s: list[float], window_s: float) -> int:
    return max(sum(begin <= at_s < begin + window_s for at_s in times_s) for begin in times_s)


def test_before_any_reply_a_ttl_counts_as_one_router() -> None:
    spacing = Spacing(RATE_PPS)
    times_s = [
        leaves_s(lane_to(spacing, f"10.{number}.0.1"), ProbeRequest(0, 1)) for number in range(100)
    ]
    assert times_s[:4] == [0.0] * 4  # a burst
    assert times_s[-1] == pytest.approx((100 - 4) / RATE_PPS)
    assert most_within(times_s, 1.0) <= RATE_PPS + 4


def test_what_left_before_the_first_reply_counts_for_the_router_that_sends_it() -> None:
    spacing = Spacing(RATE_PPS)
    lanes = [lane_to(spacing, f"10.{number}.0.1") for number in range(40)]
    for lane in lanes:
        leaves_s(lane, ProbeRequest(0, 1))
    lanes[0].learn(reply(ProbeRequest(0, 1), str(GATEWAY), 0.1), 0.1)
    after_s = leaves_s(lane_to(spacing, "10.99.0.1"), ProbeRequest(0, 1), 0.1)
    assert after_s == pytest.approx((40 - 3) / RATE_PPS)


def test_routers_that_neighbours_met_are_expected() -> None:
    spacing = Spacing(RATE_PPS)
    for number, router in enumerate(("192.0.2.7", "192.0.2.8")):
        lane = lane_to(spacing, f"10.{number}.0.1")
        leaves_s(lane, ProbeRequest(0, 5))
        lane.learn(reply(ProbeRequest(0, 5), router, 0.1), 0.1)
    expected = {number: spacing.router(ip_address(f"10.{number}.3.1"), 5) for number in range(3)}
    assert expected == {0: ip_address("192.0.2.7"), 1: ip_address("192.0.2.8"), 2: 5}


def test_a_destination_has_its_turns_where_nothing_else_is_known() -> None:
    lane = lane_to(Spacing(RATE_PPS), "10.0.0.1")
    times_s = [leaves_s(lane, ProbeRequest(0, ttl)) for ttl in range(1, 31)]
    assert most_within(times_s, 1.0) <= RATE_PPS + 4
    times_s = []
    for ttl in range(8, 20):
        lane.learn(reply(ProbeRequest(0, ttl), "10.0.0.1", 5.0), 5.0)
    times_s = [leaves_s(lane, ProbeRequest(1, ttl), 5.0) for ttl in range(8, 20)]
    assert most_within(times_s, 0.25) <= 4 + 5


@pytest.mark.parametrize("seed", range(5))
def test_wrong_expectations_are_made_good(seed: int) -> None:
    # Two routers answer at random, so half of what is expected is wrong.
    random, spacing, now_s = Random(seed), Spacing(RATE_PPS), 0.0
    asked_s: dict[str, list[float]] = {"192.0.2.7": [], "192.0.2.8": []}
    for number in range(600):
        lane = lane_to(spacing, f"10.0.{number // 200}.{number % 200}")
        request = ProbeRequest(0, 4)
        now_s = max(now_s, leaves_s(lane, request, now_s))
        router = random.choice(list(asked_s))
        asked_s[router].append(now_s)
        lane.learn(reply(request, router, now_s), now_s)
    for times_s in asked_s.values():
        assert len(times_s) / now_s <= RATE_PPS * 1.05
    assert len(asked_s["192.0.2.7"]) / now_s >= RATE_PPS * 0.4  # nor is one starved


def test_lost_probes_count() -> None:
    spacing = Spacing(RATE_PPS)
    lane = lane_to(spacing, "10.0.0.1")
    for attempt in range(20):
        request = ProbeRequest(0, 3, attempt)
        leaves_s(lane, request)
        lane.learn(Loss(request, 0.0, 0.5), 0.5)
    assert leaves_s(lane_to(spacing, "10.9.0.1"), ProbeRequest(0, 3)) >= 16 / RATE_PPS
