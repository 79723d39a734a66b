"""Losses contradict a quoted TTL only where they and the answers take turns."""

from __future__ import annotations

from ipaddress import IPv4Address
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.answers.contradictions import Doubt
from mda.answers.table import FlowTable, tabulate
from mda.model import Loss, ProbeRequest, Reply, ReplyKind, Vertex

if TYPE_CHECKING:
    from mda.model import Outcome

TARGET = IPv4Address("198.51.100.9")
NEAR, FAR = 2, 3


def played(turns: str, flow: int = 0) -> list[Outcome]:
    """A flow's probes in order: "n" one to NEAR that is lost, "N" one that arrives, "f" one to FAR.

    The destination's quotes place it at NEAR. "x" is a probe to FAR that is lost.
    """
    outcomes: list[Outcome] = []
    for at_s, turn in enumerate(turns):
        request = ProbeRequest(flow, NEAR if turn in "nN" else FAR, at_s)
        if turn in "nx":
            outcomes.append(Loss(request, float(at_s), at_s + 0.5))
        else:
            left = request.ttl - NEAR + 1
            outcomes.append(
                Reply(
                    request,
                    ReplyKind.UNREACHABLE,
                    TARGET,
                    float(at_s),
                    at_s + 0.1,
                    icmp_code=3,
                    quoted_ttl=left,
                )
            )
    return outcomes


def in_any_order(outcomes: list[Outcome]) -> FlowTable:
    """The table of the outcomes, which is the same in many orders."""
    table, random = tabulate(outcomes, 3), Random(1)
    for _ in range(30):
        other = tabulate(random.sample(outcomes, len(outcomes)), 3)
        assert other.ended == table.ended
        assert other.doubts() == table.doubts()
        assert [other.hop(ttl).answers for ttl in (NEAR, FAR)] == [
            table.hop(ttl).answers for ttl in (NEAR, FAR)
        ]
    return table


@pytest.mark.parametrize(
    ("turns", "place"),
    [
        ("nf" * 6, FAR),
        ("nnf" * 6, FAR),
        ("nxnf" * 6, FAR),
        ("nf" * 5, NEAR),
        ("fn" * 6, NEAR),
        ("nf" * 6 + "N", NEAR),
        ("N" + "nf" * 6, NEAR),
        ("f" * 6 + "n" * 140, NEAR),  # as where the destination limits its replies
        ("n" * 140 + "f" * 6, NEAR),  # as where it is slow to begin
    ],
    ids=[
        "six turns", "six with two losses each", "six with losses from behind", "five",
        "five as the first answer does not count", "a probe arrives later", "one arrived first",
        "all answers first", "all losses first",
    ],
)  # fmt: skip
def test_a_quote_is_contradicted_by_six_losses_each_followed_by_an_answer_from_behind(
    turns: str, place: int
) -> None:
    table = in_any_order(played(turns))
    assert table.ended == {0: place}
    assert table.hop(place).answers == {0: Vertex(place, TARGET)}


def test_only_flows_count_whose_own_replies_quote_the_place() -> None:
    others = [own for flow in range(1, 7) for own in played("n", flow)]
    assert in_any_order([*others, *played("f")]).ended == {0: NEAR}


@pytest.mark.parametrize(
    ("turns", "pairs"),
    [
        ("nf", None), ("nnn", None), ("nfnn", 5), ("nfnfnf", 3), ("nnnnnnfnx", 1),
        ("nf" * 6, None), ("nnnfN", None),
    ],
)  # fmt: skip
def test_a_quote_is_in_doubt_while_a_silence_speaks_against_it(
    turns: str, pairs: int | None
) -> None:
    doubts = in_any_order(played(turns)).doubts()
    assert doubts == ([] if pairs is None else [Doubt(0, NEAR, FAR, pairs)])


def test_a_doubt_that_probes_do_not_settle_is_given_up() -> None:
    assert in_any_order(played("f" + 35 * "n")).doubts()
    assert not in_any_order(played("f" + 36 * "n")).doubts()
