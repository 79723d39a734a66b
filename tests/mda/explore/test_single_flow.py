"""One flow: a destination that had no reply left is asked again a second later."""

from __future__ import annotations

import pytest

from mda.explore.single_flow import SingleFlow
from mda.model import ProbeRequest
from tests.support.outcomes import LEFT, NEAR, TARGET, losses, reply

AGAIN = ProbeRequest(0, 9, 2)


def begun(*, answers_at_once: bool) -> SingleFlow:
    """Two routers have answered both probes, and the destination behind them both or none."""
    procedure = SingleFlow(first_ttl=1, max_ttl=9, queries=2)
    for _, ttl, attempt in procedure.wanted(64):
        if ttl < 3:
            procedure.on_outcome(reply(0, ttl, (NEAR, LEFT)[ttl - 1], attempt))
        elif answers_at_once and ttl == 3:
            procedure.on_outcome(reply(0, 3, TARGET, attempt, ends=True))
    return procedure


def test_where_no_end_is_known_the_last_hop_is_asked_once_more_a_second_later() -> None:
    procedure = begun(answers_at_once=False)
    assert procedure.wanted(64) == [AGAIN]
    assert (procedure.rate_pps(9), procedure.cost(AGAIN)) == (0.95, 1.0)
    assert not procedure.abandons(AGAIN)
    assert procedure.wanted(64) == []
    assert not procedure.abandons(ProbeRequest(0, 4))
    procedure.on_outcome(reply(0, 9, TARGET, 2, ends=True)._replace(quoted_ttl=7))
    assert procedure.abandons(ProbeRequest(0, 4))


@pytest.mark.parametrize("is_asked", [False, True])
def test_where_an_end_is_known_it_is_not(is_asked: bool) -> None:
    procedure = begun(answers_at_once=not is_asked)
    if is_asked:
        assert procedure.wanted(64) == [AGAIN]
        for attempt in range(2):
            procedure.on_outcome(reply(0, 3, TARGET, attempt, ends=True))
    assert procedure.wanted(64) == []
    assert procedure.abandons(AGAIN)
    assert procedure.finished


def test_a_destination_that_stays_silent_is_asked_no_more_than_that() -> None:
    procedure = begun(answers_at_once=False)
    assert procedure.wanted(64) == [AGAIN]
    for ttl in range(3, 10):
        for loss in losses(0, ttl, 3 if ttl == 9 else 2):
            procedure.on_outcome(loss)
    assert procedure.wanted(64) == []
    assert procedure.finished
