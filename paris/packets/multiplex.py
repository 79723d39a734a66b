"""The flows of several plans as those of one: each plan's in a lane of numbers of its own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from mda.multiplex import lane_of
from paris.packets.flows import FlowPlan, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paris.packets.flows import FlowHeaders


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedFlows(FlowPlan):
    """The plan of the first lane, and of all of them where flows are asked for by number.

    All have the same ends and base source port, which is the echo identifier of ICMP.
    """

    plans: tuple[FlowPlan, ...]

    @classmethod
    def join(cls, plans: Sequence[FlowPlan]) -> JoinedFlows:
        """The flows of all of these."""
        first = {field.name: getattr(plans[0], field.name) for field in fields(FlowPlan)}
        return cls(**first, plans=tuple(plans))

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols of all lanes."""
        return tuple(dict.fromkeys(one for plan in self.plans for one in plan.protocols))

    @property
    def udp_ports(self) -> tuple[int, int]:
        """The lowest and the highest port that UDP probes of any lane go to."""
        each = [plan.udp_ports for plan in self.plans if Protocol.UDP in plan.protocols]
        return min(lowest for lowest, _ in each), max(highest for _, highest in each)

    def headers(self, flow: int) -> FlowHeaders:
        """The header values of a flow of any lane."""
        lane, number = lane_of(flow)
        return self.plans[lane].headers(number)
