"""Procedures in a row: each begins when the one before is finished, with all that was learnt."""

from __future__ import annotations

from ipaddress import IPv4Address

from mda.explore.rounds import Rounds
from mda.explore.single_flow import SingleFlow
from mda.model import Loss, Outcome, ProbeRequest, Reply, ReplyKind
from mda.procedure import Chain, History


class Once(Rounds):
    """Asks one thing once."""

    def __init__(self, flow: int, history: History) -> None:
        super().__init__(history, 3)
        self.known = len(self.outcomes)
        self._asked = False
        self._flow = flow

    def next_round(self) -> list[ProbeRequest]:
        asked, self._asked = self._asked, True
        return [] if asked else [ProbeRequest(self._flow, 1)]


def lost(request: ProbeRequest) -> Outcome:
    return Loss(request=request, sent_at_s=0.0, gave_up_at_s=1.0)


def reached(request: ProbeRequest) -> Outcome:
    return Reply(
        request=request, kind=ReplyKind.ECHO_REPLY, responder=IPv4Address("203.0.113.9"),
        sent_at_s=0.0, received_at_s=1.0,
    )  # fmt: skip


def test_each_procedure_of_a_chain_begins_after_the_one_before() -> None:
    made: list[Once] = []

    def then(flow: int, history: History) -> Once:
        made.append(Once(flow, history))
        return made[-1]

    chain = Chain(
        SingleFlow(first_ttl=1, max_ttl=2, queries=1), lambda h: then(7, h), lambda h: then(8, h)
    )
    first = chain.wanted(10)
    assert [request.flow for request in first] == [0, 0]
    assert not chain.finished
    again = chain.wanted(10)
    assert [request.ttl for request in again] == [2]
    assert chain.wanted(10) == []
    assert not made
    for request in (*first, *again):
        chain.on_outcome(lost(request))
    # Late answers still have their time before the next one begins.
    assert chain.wanted(10) == []
    assert chain.finished
    assert chain.silent_since_s() == {1: 0.0, 2: 0.0}
    assert not made
    assert chain.goes_on()
    assert not chain.finished
    second = chain.wanted(10)
    assert [request.flow for request in second] == [7]
    assert made[0].known == 3
    assert chain.wanted(10) == []  # in flight: nothing more is requested
    chain.on_outcome(lost(second[0]))
    assert chain.wanted(10) == []
    assert chain.goes_on()
    third = chain.wanted(10)
    assert [request.flow for request in third] == [8]
    chain.on_outcome(lost(third[0]))
    assert chain.wanted(10) == []
    assert chain.finished
    assert not chain.goes_on()
    assert chain.rate_pps(1) is None


def test_requests_of_a_round_wait_for_room() -> None:
    class Many(Once):
        def next_round(self) -> list[ProbeRequest]:
            asked, self._asked = self._asked, True
            return [] if asked else [ProbeRequest(flow, 1) for flow in range(5)]

    many = Many(0, History())
    first, second = many.wanted(3), many.wanted(3)
    assert [len(first), len(second)] == [3, 2]
    for request in (*first, *second):
        assert not many.finished
        many.on_outcome(lost(request))
    assert many.wanted(3) == []
    assert many.finished


def test_requests_beyond_the_end_are_abandoned_and_not_waited_for() -> None:
    for procedure in (
        SingleFlow(first_ttl=1, max_ttl=3, queries=1),
        Chain(SingleFlow(first_ttl=1, max_ttl=3, queries=1)),
    ):
        near, end, beyond = procedure.wanted(10)
        procedure.on_outcome(lost(near))
        assert not procedure.abandons(beyond)
        assert not procedure.finished
        procedure.on_outcome(reached(end))
        assert not procedure.abandons(end)
        assert procedure.abandons(beyond)
        assert procedure.wanted(10) == []
        assert procedure.finished


def test_a_round_does_not_wait_for_requests_that_it_abandons() -> None:
    flow, end = 4, ProbeRequest(4, 1)

    class Far(Once):
        def next_round(self) -> list[ProbeRequest]:
            asked, self._asked = self._asked, True
            return [] if asked else [ProbeRequest(flow, 2)]

    history = History()
    history.requests.append(end)
    history.outcomes.append(reached(end))
    rounds = Far(flow, history)
    (beyond,) = rounds.wanted(10)
    assert rounds.wanted(10) == []
    assert not rounds.finished
    assert rounds.abandons(beyond)
    assert rounds.wanted(10) == []
    assert rounds.finished
