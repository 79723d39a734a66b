"""Flows of several plans as those of one: every lane has its own headers."""

from __future__ import annotations

from mda.model import HeaderField, ProbeRequest
from mda.multiplex import LANE
from paris.packets import probes
from paris.packets.flows import Protocol
from paris.packets.multiplex import JoinedFlows
from tests.paris.packets.test_probes import hashed, plan_of

PLANS = [
    plan_of(4, Protocol.UDP, HeaderField.SPORT),
    plan_of(4, Protocol.TCP, HeaderField.SPORT),
    plan_of(4, Protocol.ICMP, HeaderField.ICMP_CHECKSUM),
]


def test_probes_of_a_lane_are_those_of_its_plan() -> None:
    joined = JoinedFlows.join(PLANS)
    builder = probes.Builder(joined)
    for lane, plan in enumerate(PLANS):
        for flow in (0, 5, 700):
            own = probes.build(plan, ProbeRequest(flow, 9), 77)
            assert probes.build(joined, ProbeRequest(flow + lane * LANE, 9), 77) == own
            assert builder.build(ProbeRequest(flow + lane * LANE, 9), 77) == own
            assert hashed(own)[2] == plan.protocol.number(4)


def test_all_protocols_are_named() -> None:
    assert JoinedFlows.join(PLANS).protocols == (Protocol.UDP, Protocol.TCP, Protocol.ICMP)
