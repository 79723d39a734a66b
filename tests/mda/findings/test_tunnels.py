"""Destinations that only their quotes place: a tunnel may hide hops before them."""

from __future__ import annotations

from typing import Any

import pytest

from mda.findings.certainty import Obstacle
from mda.model import Loss, Reply
from tests.support.traces import DESTINATION, assembled, outcomes
from tests.support.views import text_of

NEAR = "198.51.100.1"
LEFT = {DESTINATION: {"quoted_ttl": 2}}  # of a TTL of 3


def test_a_destination_that_no_probe_of_its_own_ttl_reaches_may_be_farther() -> None:
    found = outcomes({flow: [NEAR, "*", DESTINATION] for flow in range(9)}, answers=LEFT)
    few = [own for own in found if isinstance(own, Reply) or own.request.flow < 5]
    trace = assembled(few)
    assert [vertex.ttl for vertex in trace.arrivals] == [2]
    assert trace.may_be_farther
    assert trace.certainty.obstacles == (Obstacle.TUNNEL,)
    text = " ".join(text_of(trace).split())
    assert "reached in at least 2 hops" in text
    assert "no bound on what was missed, because a tunnel on the way may hide hops" in text


def test_a_destination_whose_quotes_losses_contradict_is_where_probes_arrive_or_farther() -> None:
    trace = assembled(outcomes({flow: [NEAR, "*", DESTINATION] for flow in range(9)}, answers=LEFT))
    assert [vertex.ttl for vertex in trace.arrivals] == [3]
    assert trace.certainty.obstacles == (Obstacle.TUNNEL,)
    assert "reached in at least 3 hops" in text_of(trace)


def test_one_answer_to_a_probe_of_its_own_ttl_shows_where_the_destination_is() -> None:
    found = outcomes({0: [NEAR, "*", DESTINATION]}, answers=LEFT)
    (far,) = (own for own in found if isinstance(own, Reply) and own.ends_path)
    met = far._replace(request=far.request._replace(ttl=2, attempt=3), quoted_ttl=1)
    assert assembled(found).may_be_farther
    assert not assembled([*found, met]).may_be_farther


def test_fewer_losses_than_make_a_silence_show_nothing() -> None:
    found = outcomes({0: [NEAR, "*", DESTINATION]}, answers=LEFT)
    lost = [own for own in found if isinstance(own, Loss)]
    assert not assembled([own for own in found if own != lost[0]]).may_be_farther


FROM = {"quoted_ttl": None, "reply_ttl": 64}  # the next hop, by a system that sends with 64


@pytest.mark.parametrize("links", [1, 3])
def test_a_host_that_quotes_nothing_may_be_farther_if_it_replies_over_many_links_more(
    links: int,
) -> None:
    answers = {NEAR: FROM, DESTINATION: {**FROM, "reply_ttl": 63 - links}}
    trace = assembled(outcomes({flow: [NEAR, DESTINATION] for flow in range(9)}, answers=answers))
    text = " ".join(text_of(trace).split())
    assert f"; back {2 + links})" in text
    assert trace.may_be_farther is (links > 1)
    if links > 1:
        assert trace.certainty.obstacles == (Obstacle.TUNNEL,)
        assert "reached in at least 2 hops" in text
        assert (
            "replies of 203.0.113.9 (hop 2) come back over 3 links more than those of 198.51.100.1 "
            "(hop 1), by their TTLs: a tunnel hides its hops, or the way back is longer"
        ) in text


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({NEAR: {**FROM, "reply_ttl": 61}}, id="its last router is as far"),
        pytest.param({DESTINATION: {"quoted_ttl": 1, "reply_ttl": 60}}, id="it quotes its TTL"),
        pytest.param({DESTINATION: {**FROM, "reply_ttl": 20}}, id="nobody is so far"),
    ],
)
def test_a_longer_way_back_alone_moves_no_host(answers: dict[str, dict[str, Any]]) -> None:
    near, far = FROM, {**FROM, "reply_ttl": 60}
    answers = {NEAR: near, DESTINATION: far, **answers}
    trace = assembled(outcomes({flow: [NEAR, DESTINATION] for flow in range(9)}, answers=answers))
    assert not trace.may_be_farther
    assert trace.certainty.miss_probability is not None


def test_behind_a_silent_hop_a_longer_way_back_is_noted_alone() -> None:
    answers = {DESTINATION: {**FROM, "reply_ttl": 58}}
    trace = assembled(outcomes({flow: ["*", DESTINATION] for flow in range(9)}, answers=answers))
    assert not trace.may_be_farther
    assert "come back over 5 links more than probes took, by their TTLs" in (
        " ".join(text_of(trace).split())
    )


def test_a_quote_of_a_tunnel_is_an_obstacle_and_a_note() -> None:
    inside = {NEAR: {"in_tunnel": True}}
    trace = assembled(outcomes({flow: [NEAR, DESTINATION] for flow in range(9)}, answers=inside))
    assert trace.certainty.obstacles == (Obstacle.TUNNEL,)
    assert text_of(trace).count("(in a tunnel)") == 1
