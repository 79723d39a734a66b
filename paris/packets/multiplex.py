"""Flows of several protocols in one run; each protocol has a lane, which is a range of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.multiplex import lane_of
from paris.packets.flows import Flows
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress, Way
    from paris.errors import WithheldError
    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.payloads import Payload


class MultiplexedFlows(Flows):
    """The flows of several lanes; methods cover every lane, the fields describe the first.

    All lanes have the same addresses and base source port, which is the echo identifier of ICMP.
    """

    lanes: tuple[Flows, ...]

    @classmethod
    def join(cls, lanes: Sequence[Flows]) -> MultiplexedFlows:
        """The flows of all these lanes; the first lane has the lowest numbers."""
        first = {name: getattr(lanes[0], name) for name in Flows.field_names()}
        return cls(**first, lanes=tuple(lanes))

    @property
    def are_joined(self) -> bool:
        """They are."""
        return True

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols of all lanes."""
        every = (protocol for flows in self.lanes for protocol in flows.protocols)
        return tuple(dict.fromkeys(every))

    @property
    def udp_ports(self) -> tuple[int, int]:
        """The lowest and the highest destination port of UDP probes in any lane."""
        each = [flows.udp_ports for flows in self.lanes if Protocol.UDP in flows.protocols]
        return min(lowest for lowest, _ in each), max(highest for _, highest in each)

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """What UDP probes of any lane may say."""
        every = (lane.payload for lane in self.lanes if Protocol.UDP in lane.protocols)
        return tuple(dict.fromkeys(every))

    def payload_of(self, flow: int) -> Payload:
        """What the UDP probes of a flow of any lane say."""
        return self.lanes[lane_of(flow)[0]].payload

    def headers(self, flow: int) -> FlowHeaders:
        """The header values of a flow of any lane."""
        lane, number = lane_of(flow)
        return self.lanes[lane].headers(number)

    @property
    def own_addresses(self) -> frozenset[IPAddress]:
        """The addresses of this machine from which probes of any lane have been sent."""
        return frozenset().union(*(lane.own_addresses for lane in self.lanes))

    def way(self, flow: int) -> Way | None:
        """The way by which a flow of any lane has to leave; None where routing decides."""
        lane, number = lane_of(flow)
        return self.lanes[lane].way(number)

    def refusal(self, flow: int) -> WithheldError | None:
        """Why this machine's system sends no probe of a flow of any lane."""
        lane, number = lane_of(flow)
        return self.lanes[lane].refusal(number)

    def way_of(self, probe: bytes) -> Way | None:
        """The way by which a probe of any lane has to leave; None where routing decides."""
        return next(filter(None, (lane.way_of(probe) for lane in self.lanes)), None)
