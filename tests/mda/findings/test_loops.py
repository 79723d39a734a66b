"""Interfaces met twice on one path, by hand."""

from __future__ import annotations

import pytest

from mda.answers.graph import locate
from mda.answers.table import tabulate
from mda.findings.loops import Revisit, revisits
from mda.model import Outcome, ProbeRequest, Reply, ReplyKind
from tests.support.drive import SOURCE, interface


def found(*paths: list[int]) -> tuple[Revisit, ...]:
    """The revisits where flow n meets the interfaces of the nth path; 9 is the destination."""
    outcomes: list[Outcome] = [
        Reply(
            request=ProbeRequest(flow, ttl),
            kind=ReplyKind.UNREACHABLE if number == 9 else ReplyKind.TIME_EXCEEDED,
            responder=interface(number),
            sent_at_s=0.0,
            received_at_s=0.01,
        )
        for flow, path in enumerate(paths)
        for ttl, number in enumerate(path, start=1)
    ]
    table = tabulate(outcomes, 3)
    return revisits(table, locate(table, SOURCE, 1))


@pytest.mark.parametrize("path", [[1, 2, 3, 9], [1], [1, 2, 9, 9]])
def test_a_path_without_a_repetition_has_none(path: list[int]) -> None:
    assert found(path) == ()


def test_a_router_that_passes_on_what_has_expired_answers_twice_in_a_row() -> None:
    (twice,) = found([1, 2, 2, 3, 9], [1, 2, 2, 4, 9])
    assert twice == Revisit(interface(2), (2, 3), (0, 1), is_loop=False)
    assert twice.is_adjacent


def test_a_rewritten_address_is_no_loop_however_often_it_comes() -> None:
    (rewritten,) = found([1, 2, 2, 2, 2, 2, 9])
    assert (rewritten.ttls, rewritten.is_loop) == ((2, 3, 4, 5, 6), False)


def test_going_round_three_times_is_a_loop_and_what_comes_later_is_left_out() -> None:
    there, back = found([1, 2, 3, 2, 3, 2, 3, 2, 3])
    assert there == Revisit(interface(2), (2, 4, 6), (0,), is_loop=True)
    assert back == Revisit(interface(3), (3, 5), (0,), is_loop=True)
    assert not there.is_adjacent


def test_one_flow_at_two_ttls_of_different_flows_is_no_repetition() -> None:
    assert found([1, 2, 3, 9], [1, 3, 2, 9]) == ()
