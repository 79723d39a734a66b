"""Several procedures side by side: each in a lane of flow numbers of its own."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Final, TypeVar

from mda.model import Loss, Reply, Unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mda.model import ProbeRequest
    from mda.procedure import Procedure

LANE: Final = 1 << 40  # flow numbers to a lane; those of variants lie below

_Record = TypeVar("_Record", bound=Reply | Loss | Unresolved)


def lane_of(flow: int) -> tuple[int, int]:
    """The lane of a flow, and its number there."""
    return divmod(flow, LANE)


def in_lane(records: Iterable[_Record], lane: int) -> list[_Record]:
    """What belongs to a lane, with the flow numbers that its procedure gave."""
    found = []
    for one in records:
        number, flow = lane_of(one.request.flow)
        if number == lane:
            found.append(replace(one, request=one.request._replace(flow=flow)))
    return found


class Together:
    """See Procedure: all of `procedures` at once, taking turns where there is little room."""

    def __init__(self, procedures: Sequence[Procedure]) -> None:
        self._procedures = list(procedures)
        self._first = 0

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure. Lanes share the room evenly, and again what some of them leave over."""
        requests: list[ProbeRequest] = []
        number = len(self._procedures)
        lanes = [(self._first + turn) % number for turn in range(number)]
        self._first = (self._first + 1) % number
        while lanes and len(requests) < room:
            asked, lanes = lanes, []
            for turn, lane in enumerate(asked):
                share = ceil((room - len(requests)) / (len(asked) - turn))
                if not share:
                    break  # what is not asked has not answered: its turn comes with the next room
                wanted = self._procedures[lane].wanted(share)
                requests += (one._replace(flow=one.flow + lane * LANE) for one in wanted)
                if len(wanted) == share:
                    lanes.append(lane)
        return requests

    def on_outcome(self, outcome: Reply | Loss) -> None:
        """See Procedure."""
        lane, flow = lane_of(outcome.request.flow)
        request = outcome.request._replace(flow=flow)
        self._procedures[lane].on_outcome(replace(outcome, request=request))

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure; routers limit their answers whatever they are to."""
        rates = [rate for one in self._procedures if (rate := one.rate_pps(ttl)) is not None]
        return min(rates) if rates else None

    @property
    def finished(self) -> bool:
        """See Procedure."""
        return all(one.finished for one in self._procedures)

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure."""
        lane, flow = lane_of(request.flow)
        return self._procedures[lane].abandons(request._replace(flow=flow))

    def silent_since_s(self) -> dict[int, float]:
        """See Procedure."""
        since_s: dict[int, float] = {}
        for one in self._procedures:
            for ttl, at_s in one.silent_since_s().items():
                since_s[ttl] = max(at_s, since_s.get(ttl, at_s))
        return since_s

    def goes_on(self) -> bool:
        """See Procedure."""
        begun = [procedure.goes_on() for procedure in self._procedures]
        return any(begun)
