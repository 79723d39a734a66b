"""Header fields that quotes show changed: which part, from where on, and where not any more."""

from __future__ import annotations

from typing import Any

import pytest

from mda.findings.changes.base import Kind
from mda.plan import Stamp, WireReport
from tests.support.traces import DESTINATION, assembled, outcomes

A, B, C = (f"198.51.100.{n}" for n in (1, 2, 3))
PATHS = {flow: [A, B, C, DESTINATION] for flow in range(6)}
FIELDS = {
    Kind.SOURCE: ("source", "198.18.0.1"),
    Kind.TRANSPORT: ("udp-checksum", "7"),
    Kind.FLOW_LABEL: ("flow-label", "5"),
    Kind.IP_ID: ("ip-id", "9"),
}


def rewritten(field: str, shown: str) -> dict[str, Any]:
    return {"changed": (field,), "shown": (shown,)}


@pytest.mark.parametrize("kind", FIELDS)
def test_a_field_is_changed_between_its_last_quote_as_sent_and_its_first_changed(
    kind: Kind,
) -> None:
    answers = dict.fromkeys((B, C, DESTINATION), rewritten(*FIELDS[kind]))
    (change,) = assembled(outcomes(PATHS, answers=answers)).changes
    assert (change.kind, change.flows, change.until) == (kind, tuple(range(6)), None)
    assert [[str(v.address) for v in own] for own in (change.after, change.vertices)] == [[A], [B]]


def test_a_field_that_the_first_hop_quotes_changed_is_changed_behind_the_source() -> None:
    answers = dict.fromkeys((A, B, C, DESTINATION), rewritten("traffic-class", "32"))
    trace = assembled(outcomes(PATHS, answers=answers))
    (change,) = trace.changes
    assert (change.kind, change.after, change.sent, change.shown) == (
        Kind.DSCP, (trace.origin,), "0", "8",
    )  # fmt: skip


def test_a_field_that_only_one_router_quotes_otherwise_may_be_its_own_mistake() -> None:
    (change,) = assembled(
        outcomes(PATHS, answers={B: rewritten("traffic-class", "1")})
    ).changes  # fmt: skip
    assert change.kind is Kind.ECN
    assert change.until is not None
    assert str(change.until.address) == C


def test_a_traffic_class_of_an_older_file_has_no_parts_to_tell_apart() -> None:
    answers = {address: {"changed": ("traffic-class",)} for address in (B, C)}
    assert assembled(outcomes(PATHS, answers=answers)).changes == ()


def test_a_wire_that_sees_no_quoted_headers_says_nothing_of_them() -> None:
    blind = WireReport(
        wire="unprivileged", sent=Stamp.KERNEL, received=Stamp.KERNEL, hidden=("changed",)
    )
    answers = dict.fromkeys((B, C), rewritten("source", "198.18.0.1"))
    assert assembled(outcomes(PATHS, answers=answers), wire=blind).changes == ()
