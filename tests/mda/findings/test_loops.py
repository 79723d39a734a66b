"""Interfaces met twice on one path, by hand."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from mda.answers.graph import locate
from mda.answers.table import tabulate
from mda.findings.loops import Cause, Revisit, revisits
from mda.model import Outcome, ProbeRequest, Reply, ReplyKind
from tests.support.drive import SOURCE, interface

if TYPE_CHECKING:
    from collections.abc import Mapping


def found(
    *paths: list[int],
    quoted: Mapping[int, int] = MappingProxyType({}),
    arrived: Mapping[int, int] = MappingProxyType({}),
) -> tuple[Revisit, ...]:
    """The revisits where flow n meets the interfaces of the nth path; 9 is the destination.

    `quoted` has the quoted TTL by the TTL of the probe, and `arrived` the TTL of the reply.
    """
    outcomes: list[Outcome] = [
        Reply(
            request=ProbeRequest(flow, ttl),
            kind=ReplyKind.UNREACHABLE if number == 9 else ReplyKind.TIME_EXCEEDED,
            responder=interface(number),
            sent_at_s=0.0,
            received_at_s=0.01,
            quoted_ttl=quoted.get(ttl),
            reply_ttl=arrived.get(ttl),
        )
        for flow, path in enumerate(paths)
        for ttl, number in enumerate(path, start=1)
    ]
    table = tabulate(outcomes, 3)
    return revisits(table, locate(table, SOURCE, 1), outcomes)


@pytest.mark.parametrize("path", [[1, 2, 3, 9], [1], [1, 2, 9, 9]])
def test_a_path_without_repeated_addresses_has_no_revisit(path: list[int]) -> None:
    assert found(path) == ()


@pytest.mark.parametrize(
    ("quoted", "cause"),
    [
        ({2: 0, 3: 1}, Cause.EXPIRED_PASSED_ON),
        ({2: 1, 3: 1}, Cause.COUNTED_TWICE),
        ({2: 0, 3: 0}, Cause.COUNTED_TWICE),
        ({2: 1}, Cause.ADJACENT),
        ({}, Cause.ADJACENT),
    ],
)
def test_quoted_ttls_show_why_a_router_replies_at_two_hops(
    quoted: dict[int, int], cause: Cause
) -> None:
    (twice,) = found([1, 2, 2, 3, 9], [1, 2, 2, 4, 9], quoted=quoted)
    assert twice == Revisit(interface(2), (2, 3), (0, 1), cause)


def test_a_destination_behind_a_router_that_forwards_expired_packets_is_met_at_two_hops() -> None:
    (revisit,) = found([1, 2, 9, 9], quoted={3: 0, 4: 1})
    assert (revisit.ttls, revisit.cause) == ((3, 4), Cause.EXPIRED_PASSED_ON)


def test_an_address_whose_replies_arrive_with_different_ttls_is_several_machines() -> None:
    (shared,) = found([2, 1, 2, 9], arrived={1: 64, 3: 62})
    assert (shared.ttls, shared.cause) == ((1, 3), Cause.SEVERAL_MACHINES)
    (alike,) = found([2, 1, 2, 9], arrived={1: 64, 3: 64})
    assert alike.cause is Cause.TRANSIENT
    (in_part,) = found([1, 2, 2, 2, 9], arrived={2: 63, 3: 62})
    assert in_part.cause is Cause.SEVERAL_MACHINES
    (hardly,) = found([1, 2, 2, 9], arrived={2: 63})
    assert hardly.cause is Cause.ADJACENT


def test_an_address_at_many_neighbouring_hops_is_not_a_loop() -> None:
    (rewritten,) = found([1, 2, 2, 2, 2, 2, 9])
    assert (rewritten.ttls, rewritten.is_loop) == ((2, 3, 4, 5, 6), False)


def test_a_path_that_goes_round_three_times_loops_and_ends_there() -> None:
    there, back = found([1, 2, 3, 2, 3, 2, 3, 2, 3])
    assert there == Revisit(interface(2), (2, 4, 6), (0,), Cause.LOOP)
    assert back == Revisit(interface(3), (3, 5), (0,), Cause.LOOP)


def test_an_address_at_two_hops_of_different_flows_is_not_a_revisit() -> None:
    assert found([1, 2, 3, 9], [1, 3, 2, 9]) == ()
