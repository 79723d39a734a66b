"""Procedures in a row: each begins when the one before is finished, with all that was learnt."""

from __future__ import annotations

from mda.model import Loss, Outcome, ProbeRequest
from mda.path import Path
from mda.procedure import Chain, History
from mda.rounds import Rounds


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


def test_each_begins_after_the_one_before() -> None:
    made: list[Once] = []

    def then(flow: int, history: History) -> Once:
        made.append(Once(flow, history))
        return made[-1]

    chain = Chain(
        Path(first_ttl=1, max_ttl=2, queries=1), lambda h: then(7, h), lambda h: then(8, h)
    )
    first = chain.wanted(10)
    assert [one.flow for one in first] == [0, 0]
    assert not chain.finished
    assert chain.wanted(10) == []
    assert not made
    for request in first:
        chain.on_outcome(lost(request))
    # Late answers still have their time before the next one begins.
    assert chain.wanted(10) == []
    assert chain.finished
    assert chain.silent_since_s() == {1: 0.0, 2: 0.0}
    assert not made
    assert chain.goes_on()
    assert not chain.finished
    second = chain.wanted(10)
    assert [one.flow for one in second] == [7]
    assert made[0].known == 2
    assert chain.wanted(10) == []  # in flight: nothing is asked meanwhile
    chain.on_outcome(lost(second[0]))
    assert chain.wanted(10) == []
    assert chain.goes_on()
    third = chain.wanted(10)
    assert [one.flow for one in third] == [8]
    chain.on_outcome(lost(third[0]))
    assert chain.wanted(10) == []
    assert chain.finished
    assert not chain.goes_on()
    assert chain.rate_pps(1) is None


def test_rounds_wait_for_room() -> None:
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


def test_what_is_forgotten_is_not_waited_for() -> None:
    for procedure in (
        Path(first_ttl=1, max_ttl=2, queries=1),
        Chain(Path(first_ttl=1, max_ttl=2, queries=1)),
        Once(0, History()),
    ):
        requests = procedure.wanted(10)
        for request in requests[:-1]:
            procedure.on_outcome(lost(request))
        assert not procedure.finished
        procedure.forget(requests[-1:])
        assert procedure.wanted(10) == []
        assert procedure.finished
