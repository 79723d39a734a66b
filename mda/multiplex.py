"""Several procedures at once: each has its own range of flow numbers, called a lane."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final, TypeVar, cast

from mda.model import Loss, Reply, Unresolved
from mda.procedure import Procedure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mda.model import ProbeRequest

LANE: Final = 1 << 40  # flow numbers per lane; those of variants are smaller

_Record = TypeVar("_Record", bound=Reply | Loss | Unresolved)


def lane_of(flow: int) -> tuple[int, int]:
    """The lane of a flow, and the flow's number in that lane."""
    return divmod(flow, LANE)


def in_lane(records: Iterable[_Record], lane: int) -> list[_Record]:
    """The records that belong to a lane, with the flow numbers that its procedure gave."""
    return [_moved(record, -lane) for record in records if lane_of(record.request.flow)[0] == lane]


def of_others(lanes: Sequence[Iterable[_Record]], lane: int) -> list[_Record]:
    """The records of all other lanes than `lane`, as its procedure learns them; see `on_other`."""
    return [
        _moved(record, number + 1)
        for number, records in enumerate(lanes)
        if number != lane
        for record in records
    ]


def _moved(record: _Record, lanes: int) -> _Record:
    """The record, with the number of its flow so many lanes further."""
    request = record.request._replace(flow=record.request.flow + lanes * LANE)
    return cast("_Record", record._replace(request=request))


class Multiplexed(Procedure):
    """See Procedure: runs all `procedures` at once; they take turns where there is little room."""

    def __init__(self, procedures: Sequence[Procedure]) -> None:
        self._procedures = list(procedures)
        self._first = 0

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure. Lanes share the room evenly, then share what some of them leave."""
        requests: list[ProbeRequest] = []
        number = len(self._procedures)
        lanes = [(self._first + turn) % number for turn in range(number)]
        self._first = (self._first + 1) % number
        while lanes and len(requests) < room:
            asked, lanes = lanes, []
            for turn, lane in enumerate(asked):
                share = ceil((room - len(requests)) / (len(asked) - turn))
                if not share:
                    break  # a lane that is not asked now is asked when there is room again
                wanted = self._procedures[lane].wanted(share)
                requests += _in_lane(wanted, lane)
                if len(wanted) == share:
                    lanes.append(lane)
        return requests

    def wanted_in_silence(self) -> list[ProbeRequest]:
        """See Procedure."""
        return [
            request
            for lane, procedure in enumerate(self._procedures)
            for request in _in_lane(procedure.wanted_in_silence(), lane)
        ]

    def on_outcome(self, outcome: Reply | Loss) -> None:
        """See Procedure; the other lanes learn it as well."""
        lane, _ = lane_of(outcome.request.flow)
        for number, procedure in enumerate(self._procedures):
            if number == lane:
                procedure.on_outcome(_moved(outcome, -lane))
            else:
                procedure.on_other(_moved(outcome, 1))

    def on_other(self, outcome: Reply | Loss) -> None:
        """See Procedure."""
        for procedure in self._procedures:
            procedure.on_other(_moved(outcome, 1))

    def on_withheld(self, request: ProbeRequest, *, is_new: bool) -> bool:
        """See Procedure."""
        lane, flow = lane_of(request.flow)
        own = request._replace(flow=flow)
        return self._procedures[lane].on_withheld(own, is_new=is_new)

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure. A router's limit counts its replies to all lanes, so the least holds."""
        rates = (procedure.rate_pps(ttl) for procedure in self._procedures)
        return min((rate for rate in rates if rate is not None), default=None)

    def cost(self, request: ProbeRequest) -> float:
        """See Procedure."""
        lane, flow = lane_of(request.flow)
        return self._procedures[lane].cost(request._replace(flow=flow))

    @property
    def finished(self) -> bool:
        """See Procedure."""
        return all(procedure.finished for procedure in self._procedures)

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure."""
        lane, flow = lane_of(request.flow)
        return self._procedures[lane].abandons(request._replace(flow=flow))

    def silent_since_s(self) -> dict[int, float]:
        """See Procedure."""
        since_s: dict[int, float] = {}
        for procedure in self._procedures:
            for ttl, at_s in procedure.silent_since_s().items():
                since_s[ttl] = max(at_s, since_s.get(ttl, at_s))
        return since_s

    def silent_ends(self) -> set[int]:
        """See Procedure."""
        return {ttl for procedure in self._procedures for ttl in procedure.silent_ends()}

    def goes_on(self) -> bool:
        """See Procedure."""
        begun = [procedure.goes_on() for procedure in self._procedures]
        return any(begun)


def _in_lane(requests: Iterable[ProbeRequest], lane: int) -> Iterator[ProbeRequest]:
    return (request._replace(flow=request.flow + lane * LANE) for request in requests)
