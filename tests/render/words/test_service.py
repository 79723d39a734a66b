"""The words of the verdict on a service that simulated networks do not bring about."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from mda.model import ReplyKind
from render.words.service import verdict_words
from tests.support.traces import DESTINATION, assembled, hops, outcomes

if TYPE_CHECKING:
    from mda.model import Outcome
    from mda.studies.paths import Recipe
    from render.words.service import VerdictWords

ROUTER = "192.0.2.254"


def no_recipes(flow: int) -> Recipe:
    raise AssertionError(flow)


def said(found: list[Outcome], host: str | None = None) -> VerdictWords:
    words = verdict_words(assembled(found, protocol="tcp", host=host), no_recipes)
    assert words is not None
    return words


def test_the_verdict_says_where_the_address_comes_from() -> None:
    found = outcomes(
        hops(ROUTER, DESTINATION, flows=2),
        answers={DESTINATION: {"kind": ReplyKind.SYN_ACK, "quoted_ttl": None}},
    )
    given, named = said(found), said(found, host="example.net")
    assert given.causes[1] == ("name", "ok", "the address was given")
    assert named.causes[1] == ("name", "ok", f"example.net has the address {DESTINATION}")


def test_nothing_answered_is_said_of_nothing() -> None:
    words = said(outcomes(hops("*", "*", flows=2)))
    assert (words.word, words.sentence) == (
        "SILENT",
        "nothing answered, not even the first hop",
    )
    assert words.causes[2].evidence == "nothing behind this machine answers"


def test_the_name_row_lists_the_other_addresses_of_a_name() -> None:
    found = outcomes(
        hops(ROUTER, DESTINATION, flows=2),
        answers={DESTINATION: {"kind": ReplyKind.SYN_ACK, "quoted_ttl": None}},
    )
    trace = assembled(found, protocol="tcp", host="example.net")
    addresses = ip_address(DESTINATION), ip_address("2001:db8::9")
    for order, why in ((addresses, ", which this system prefers"), (addresses[::-1], "")):
        words = verdict_words(trace.replace(addresses=order), no_recipes)
        assert words is not None
        said_of_name = words.causes[1].evidence
        assert said_of_name == f"example.net has the address {DESTINATION}{why}; also 2001:db8::9"
