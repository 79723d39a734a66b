"""Comparing protocols: one graph that says who sees what, and who is answered later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mda.comparison import compare
from mda.model import Reply
from tests.support.traces import DESTINATION, assembled, hops, outcomes

if TYPE_CHECKING:
    from mda.trace import Trace

GATEWAY, BRANCHES = "192.0.2.254", ["198.51.100.11", "198.51.100.12"]


def trace_of(*columns: object, flows: int = 16) -> Trace:
    return assembled(outcomes(hops(GATEWAY, *columns, DESTINATION, flows=flows)))  # type: ignore[arg-type]


def later(trace: Trace, by_s: float) -> Trace:
    found = [
        outcome._replace(received_at_s=outcome.received_at_s + by_s)
        if isinstance(outcome, Reply)
        else outcome
        for outcome in trace.outcomes
    ]
    return assembled(found)


def test_each_vertex_and_edge_names_the_protocols_that_see_it() -> None:
    comparison = compare([("udp", trace_of(BRANCHES)), ("icmp", trace_of(BRANCHES[0]))])
    seen = {str(vertex.address): comparison.of_vertex(vertex) for vertex in comparison.graph}
    assert seen[BRANCHES[0]] == seen[GATEWAY] == seen[DESTINATION] == ("udp", "icmp")
    assert seen[BRANCHES[1]] == ("udp",)
    by_edge = [comparison.of_edge(*edge) for edge in comparison.graph.edges]
    assert by_edge.count(("udp", "icmp")) == 3
    assert by_edge.count(("udp",)) == 2


def test_silent_hops_of_two_protocols_stay_two_stars() -> None:
    comparison = compare([("udp", trace_of("*")), ("icmp", trace_of("*"))])
    stars = [vertex for vertex in comparison.graph if vertex.address is None]
    assert [comparison.of_vertex(star) for star in stars] == [("udp",), ("icmp",)]


@pytest.mark.parametrize("by_s", [0.0, 0.004])
def test_a_protocol_with_longer_times_at_the_destination_is_slower(by_s: float) -> None:
    quick = trace_of(BRANCHES)
    comparison = compare([("udp", quick), ("tcp", later(quick, by_s)), ("icmp", quick)])
    differing = [view.name for view in comparison.views if view.differs_in_rtt]
    assert ("tcp" in differing) == (by_s > 0)
    assert comparison.views[1].slower_s == pytest.approx(by_s, abs=1e-6)


def test_a_protocol_without_replies_has_no_difference() -> None:
    comparison = compare([("udp", trace_of(BRANCHES)), ("icmp", assembled([]))])
    assert comparison.views[1].slower_s is None
    assert not any(view.differs_in_rtt for view in comparison.views)
