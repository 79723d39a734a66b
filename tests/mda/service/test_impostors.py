"""Who answers in the destination's name from before it, from made-up replies."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mda.model import Outcome, ProbeRequest, Reply, ReplyKind
from mda.plan import Algorithm
from mda.record import Control, Fate
from mda.service.verdict import Part, Standing, Word, verdict
from mda.studies.paths import Recipe
from render.words.service import verdict_words
from render.words.vertices import vertex_words
from tests.support.traces import DESTINATION, assembled, hops, outcomes

FIRST, SECOND, THIRD, FOURTH, FIFTH = (f"198.51.100.{n}" for n in range(1, 6))
NEAR = {FIRST: {"reply_ttl": 64}, SECOND: {"reply_ttl": 63}, THIRD: {"reply_ttl": 62}}


def answer(flow: int, ttl: int, kind: ReplyKind, reply_ttl: int | None, attempt: int = 0) -> Reply:
    """An answer of TCP in the destination's name."""
    request = ProbeRequest(flow, ttl, attempt)
    return Reply(request, kind, ip_address(DESTINATION), 1.0, 1.1, reply_ttl=reply_ttl)


def test_a_service_before_which_a_limit_resets_some_syns_is_open_and_the_reset_is_placed() -> None:
    found = outcomes(
        hops(FIRST, SECOND, THIRD, FOURTH, flows=1), answers={**NEAR, FOURTH: {"reply_ttl": 61}}
    )
    found += [
        answer(0, 5, ReplyKind.SYN_ACK, 60),
        answer(0, 4, ReplyKind.RST, 62, attempt=1),
        answer(0, 4, ReplyKind.RST, 62, attempt=2),
    ]
    said = verdict(assembled(found, protocol="tcp", algorithm=Algorithm.PARIS))
    assert said is not None
    assert (said.word, said.by and said.by.ttl) == (Word.OPEN, 5)
    assert said.resets is not None
    assert [str(vertex.address) for vertex in said.resets.like] == [THIRD]
    assert (said.resets.reply_ttl, said.resets.accepted_ttl) == (62, 60)
    assert not said.resets.hides_host
    assert said.parts[Part.FIREWALL] is Standing.HERE
    assert said.parts[Part.SERVICE] is Standing.OK


def limited(flows: int) -> list[Outcome]:
    """A limit at hop 3 that lets the first SYN through, to the last TTL, and resets all others."""
    found = outcomes(hops(FIRST, SECOND, THIRD, flows=flows), answers=NEAR)
    found += [answer(flow, 4, ReplyKind.RST, 62) for flow in range(flows)]
    return [answer(0, 30, ReplyKind.SYN_ACK, 60), *found]


@pytest.mark.parametrize(("flows", "word"), [(1, Word.OPEN), (6, Word.PARTLY)])
def test_where_resets_hide_the_hop_of_the_service_it_is_not_said(flows: int, word: Word) -> None:
    said = verdict(assembled(limited(flows), protocol="tcp"))
    assert said is not None
    assert said.word is word
    assert said.resets is not None
    assert said.resets.hides_host
    assert sum(len(own.flows) for own in said.passing) == 1
    assert said.parts[Part.FIREWALL] is Standing.HERE


def test_resets_at_the_hop_of_the_service_are_of_the_limit_before_it_by_their_ttl() -> None:
    found = outcomes(
        hops(FIRST, SECOND, THIRD, FOURTH, flows=3), answers={**NEAR, FOURTH: {"reply_ttl": 61}}
    )
    found += [
        answer(0, 5, ReplyKind.SYN_ACK, 60),
        answer(0, 4, ReplyKind.RST, 62, attempt=1),
        *(answer(flow, 5, ReplyKind.RST, 62) for flow in (1, 2)),
    ]
    trace = assembled(found, protocol="tcp")
    said = verdict(trace)
    assert said is not None
    assert [own.flows for own in said.passing] == [(0,)]
    assert said.parts[Part.SERVICE] is Standing.OK
    host = next(iter(trace.arrivals))
    notes = vertex_words(trace)[host].notes
    assert notes[0] == "destination: port open, resets"


def test_a_branch_that_resets_where_the_host_answers_is_named_by_the_ttls_of_its_resets() -> None:
    found = outcomes(
        {
            0: [FIRST, SECOND, THIRD, FOURTH],
            1: [FIRST, SECOND, THIRD, FIFTH],
        },
        answers={**NEAR, FOURTH: {"reply_ttl": 61}, FIFTH: {"reply_ttl": 61}},
    )
    found += [answer(0, 5, ReplyKind.SYN_ACK, 60), answer(1, 5, ReplyKind.RST, 61)]
    said = verdict(assembled(found, protocol="tcp"))
    assert said is not None
    assert said.word is Word.PARTLY
    assert [str(own.like.address) for own in said.nearer] == [FIFTH]
    assert [own.flows for own in said.passing] == [(0,)]
    assert said.parts[Part.FIREWALL] is Standing.HERE
    assert said.parts[Part.SERVICE] is Standing.OK


@pytest.mark.parametrize(
    ("before", "reply_ttl", "word", "standings"),
    [
        pytest.param(
            (FIRST, SECOND, THIRD, "*"), 62, Word.MIDDLEBOX, "HERE ?", id="from a hop that answers"
        ),
        pytest.param((FIRST, SECOND, "*"), 62, Word.CLOSED, "? ?", id="from a silent hop, perhaps"),
        pytest.param((FIRST, SECOND, "*"), 61, Word.CLOSED, "ok HERE", id="from its own hop"),
    ],
)
def test_a_reset_behind_silent_hops_is_placed_by_its_ttl(
    before: tuple[str, ...], reply_ttl: int, word: Word, standings: str
) -> None:
    ttl = len(before) + 1
    answers = [answer(0, ttl, ReplyKind.RST, reply_ttl, attempt) for attempt in range(3)]
    trace = assembled(
        [*outcomes(hops(*before, flows=1), answers=NEAR), *answers],
        protocol="tcp",
        algorithm=Algorithm.PARIS,
    )
    said = verdict(trace)
    assert said is not None
    parts = (said.parts[Part.FIREWALL], said.parts[Part.SERVICE])
    assert (said.word, " ".join(part.value for part in parts)) == (word, standings)
    words = verdict_words(trace, lambda _: Recipe("", ()))
    assert words is not None
    assert ("nothing listens there" in words.sentence) is (standings == "ok HERE")
    assert ("(hop " in words.sentence) is (standings != "? ?")
    is_unsure = words.causes[0].evidence == "answers come back in the name of the host"
    assert is_unsure is (standings == "? ?")


@pytest.mark.parametrize(
    ("reply_ttl", "found_at", "standings", "sure"),
    [
        (61, None, "ok ok HERE", True),
        (None, None, "ok ? ?", False),
        (None, 4, "ok ok HERE", True),
        (None, 6, "ok ? ?", False),
    ],
)
def test_a_reset_whose_ttl_is_unseen_is_only_the_hosts_where_a_control_finds_it(
    reply_ttl: int | None, found_at: int | None, standings: str, *, sure: bool
) -> None:
    found = outcomes(hops(FIRST, SECOND, THIRD, flows=1), answers=NEAR)
    found.append(answer(0, 4, ReplyKind.RST, reply_ttl))
    host = ip_address(DESTINATION)
    control = Control("udp/33434", 3, Fate.CLOSED, found_at, host, 61, ())
    trace = assembled(
        found,
        protocol="tcp",
        algorithm=Algorithm.PARIS,
        controls=() if found_at is None else (control,),
    )
    said, words = verdict(trace), verdict_words(trace, lambda _: Recipe("", ()))
    assert said is not None
    assert words is not None
    assert said.word is Word.CLOSED
    assert " ".join(standing.value for standing in said.parts.values()) == standings
    assert ("nothing listens there" in words.sentence) is sure
    asks_for_controls = any("--diagnose" in line for line in words.advice)
    assert asks_for_controls is (not sure and found_at is None)


def test_a_service_is_at_most_so_far_away_where_its_own_hop_may_be_a_silent_one() -> None:
    trace = assembled(
        [
            *outcomes(hops(FIRST, SECOND, "*", "*", flows=1), answers=NEAR),
            answer(0, 5, ReplyKind.SYN_ACK, 61),
        ],
        protocol="tcp",
        algorithm=Algorithm.PARIS,
    )
    words = verdict_words(trace, lambda _: Recipe("", ()))
    assert words is not None
    assert (words.word, words.causes[0].evidence) == (
        "OPEN",
        "the host is reached in at most 5 hops",
    )
    assert "hop 5" not in words.sentence
