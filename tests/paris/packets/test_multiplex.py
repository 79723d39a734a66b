"""Flows of several protocols in one run: every lane has its own headers."""

from __future__ import annotations

from mda.model import HeaderField, ProbeRequest
from mda.multiplex import LANE
from paris.packets import probes
from paris.packets.multiplex import MultiplexedFlows
from paris.packets.protocols import Protocol
from tests.support.probes import flows_of, hashed

LANES = [
    flows_of(4, Protocol.UDP, HeaderField.SPORT),
    flows_of(4, Protocol.TCP, HeaderField.SPORT),
    flows_of(4, Protocol.ICMP, HeaderField.ICMP_CHECKSUM),
]


def test_probes_of_a_lane_are_the_same_as_without_other_lanes() -> None:
    joined = MultiplexedFlows.join(LANES)
    builder = probes.Builder(joined)
    for lane, flows in enumerate(LANES):
        for flow in (0, 5, 700):
            own = probes.build(flows, ProbeRequest(flow, 9), 77)
            assert probes.build(joined, ProbeRequest(flow + lane * LANE, 9), 77) == own
            assert builder.build(ProbeRequest(flow + lane * LANE, 9), 77) == own
            assert hashed(own)[2] == flows.protocol.number(4)


def test_protocols_lists_the_protocols_of_all_lanes() -> None:
    assert MultiplexedFlows.join(LANES).protocols == (Protocol.UDP, Protocol.TCP, Protocol.ICMP)
