"""Requests on their way out: in order, at their rates, each flow in turn, and none in vain."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from mda.model import HeaderField, Outcome, ProbeRequest
from mda.procedure import Procedure
from paris.engine.pacing import Pacing
from paris.engine.pending import Pending
from paris.engine.queue import RequestQueue
from paris.engine.spacing import Lane, Spacing
from paris.engine.waits import Waits
from paris.packets.protocols import Protocol
from paris.wire.base import UNLIMITED
from tests.support.probes import flows_of


@dataclass
class Stating(Procedure):
    """States rates and what it abandons; asks nothing."""

    rates_pps: dict[int, float] = field(default_factory=dict)
    of_first: float = 1.0  # what the first probe of a flow costs
    abandoned: set[ProbeRequest] = field(default_factory=set)

    def wanted(self, _: int) -> list[ProbeRequest]:
        return []

    def on_outcome(self, outcome: Outcome) -> None:
        raise AssertionError(outcome)

    def rate_pps(self, ttl: int) -> float | None:
        return self.rates_pps.get(ttl)

    def cost(self, request: ProbeRequest) -> float:
        return 1.0 if request.attempt else self.of_first

    def abandons(self, request: ProbeRequest) -> bool:
        return request in self.abandoned

    @property
    def finished(self) -> bool:
        return True


def queue_of(
    *requests: ProbeRequest,
    procedure: Stating | None = None,
    burst: int = 10,
    spacing: Lane | None = None,
) -> RequestQueue:
    pending = Pending(flows_of(4, Protocol.UDP, HeaderField.SPORT))
    queue = RequestQueue(procedure or Stating(), pending, Pacing(100, burst), Waits(), spacing)
    queue.extend(requests, 0.0)
    return queue


REQUESTS = [ProbeRequest(flow, ttl) for flow in range(3) for ttl in (1, 2)]


def test_requests_leave_in_order_when_pacing_and_budget_admit_them() -> None:
    queue = queue_of(*REQUESTS, burst=4)
    assert queue.take(UNLIMITED, 0.0, in_turn=False) == REQUESTS[:4]
    queue.pacing.spend(4)
    assert queue.take(UNLIMITED, 0.0, in_turn=False) == []
    assert queue.next_s(in_turn=False) == 0.01
    assert queue.take(1, 1.0, in_turn=False) == REQUESTS[4:5]
    assert queue.may_leave_soon(1.0, in_turn=False)
    assert queue.take(UNLIMITED, 1.0, in_turn=False) == REQUESTS[5:]
    assert not queue.may_leave_soon(1.0, in_turn=False)
    assert queue.next_s(in_turn=False) == float("inf")


def test_requests_to_a_rate_limited_ttl_are_held_back_while_others_pass() -> None:
    queue = queue_of(*REQUESTS, procedure=Stating(rates_pps={2: 10.0}))
    taken = queue.take(UNLIMITED, 0.0, in_turn=False)
    assert [request.ttl for request in taken] == [1, 1, 1]  # a limit is known by what was lost
    # What is held back does not keep the procedure from being asked.
    assert not queue.may_leave_soon(0.0, in_turn=False)
    assert 0.099 < queue.next_s(in_turn=False) < 0.101  # as the procedure says
    assert queue.take(UNLIMITED, 0.05, in_turn=False) == []
    assert queue.take(UNLIMITED, 0.2, in_turn=False) == [ProbeRequest(0, 2)]
    queue.clear()
    assert queue.take(UNLIMITED, 9.0, in_turn=False) == []


def test_requests_that_were_held_back_pass_once_there_is_no_limit() -> None:
    rates_pps = {2: 0.1}
    queue = queue_of(*REQUESTS, procedure=Stating(rates_pps=rates_pps))
    held = [request for request in REQUESTS if request.ttl == 2]
    queue.take(UNLIMITED, 0.0, in_turn=False)
    assert queue.take(UNLIMITED, 1.0, in_turn=False) == []
    rates_pps[2] = 4.0  # a better estimate counts at once
    assert queue.take(UNLIMITED, 1.4, in_turn=False) == held[:1]
    del rates_pps[2]
    assert queue.take(UNLIMITED, 1.5, in_turn=False) == held[1:]


def test_requests_that_take_no_reply_of_a_limited_router_are_not_held_back() -> None:
    repeats = [ProbeRequest(flow, 2, 1) for flow in range(2)]
    procedure = Stating({2: 1.0}, of_first=0.0)
    queue = queue_of(*repeats, *REQUESTS, procedure=procedure)
    assert queue.take(UNLIMITED, 0.0, in_turn=False) == REQUESTS
    assert queue.take(UNLIMITED, 1.3, in_turn=False) == repeats[:1]
    procedure.rates_pps.clear()
    assert queue.take(UNLIMITED, 1.3, in_turn=False) == repeats[1:]


def test_requests_that_may_meet_another_router_wait_for_a_part_of_a_reply() -> None:
    requests = [ProbeRequest(flow, 2) for flow in range(4)]
    queue = queue_of(*requests, procedure=Stating({2: 1.0}, of_first=0.5))
    queue.take(UNLIMITED, 0.0, in_turn=False)
    left_at_s = [
        tenth / 10 for tenth in range(50) for _ in queue.take(UNLIMITED, tenth / 10, in_turn=False)
    ]
    assert [1.7 <= (left_at_s[n + 2] - left_at_s[n]) / 0.7 <= 2.0 for n in (0, 1)]
    assert len(left_at_s) == 4


def test_requests_that_the_procedure_abandons_are_dropped() -> None:
    queue = queue_of(*REQUESTS, procedure=Stating(abandoned={REQUESTS[0], REQUESTS[3]}))
    queue.discard(REQUESTS[5])
    queue.discard(ProbeRequest(9, 9))
    left = [REQUESTS[1], REQUESTS[2], REQUESTS[4]]
    assert queue.take(UNLIMITED, 0.0, in_turn=False) == left
    assert queue.abandoned == 2


def test_abandoned_requests_do_not_wait_for_their_turns_before_they_are_dropped() -> None:
    requests = [ProbeRequest(0, ttl) for ttl in range(1, 9)]
    procedure = Stating()
    lane = Spacing(20.0).lane(ip_address("198.51.100.9"))
    queue = queue_of(*requests, procedure=procedure, spacing=lane)
    assert queue.take(UNLIMITED, 0.0, in_turn=False) == requests[:4]  # a burst
    assert 0.04 < queue.next_s(in_turn=False) < 0.06
    procedure.abandoned = {*requests[4:6], requests[7]}
    assert queue.take(UNLIMITED, 0.01, in_turn=False) == []
    assert queue.abandoned == 2
    assert 0.14 < queue.next_s(in_turn=False) < 0.16  # when the seventh has its turn
    assert queue.take(UNLIMITED, 0.16, in_turn=False) == [requests[6]]
    assert queue.abandoned == 3
    assert queue.next_s(in_turn=False) == float("inf")


def test_in_turn_each_flow_has_one_probe_in_flight() -> None:
    queue = queue_of(*REQUESTS)
    assert queue.may_leave_soon(0.0, in_turn=True)
    taken = queue.take(UNLIMITED, 0.0, in_turn=True)
    assert taken == REQUESTS[::2]
    for request in taken:
        queue.pending.add(queue.pending.reserve(), request, 0.0)
    assert queue.take(UNLIMITED, 0.0, in_turn=True) == []
    assert queue.next_s(in_turn=True) == float("inf")  # only an answer or a loss can free a flow
    assert not queue.may_leave_soon(0.0, in_turn=True)  # so the procedure may ask for others
    queue.pending.expire(1.0, lambda _: 0.5)
    assert queue.take(UNLIMITED, 1.0, in_turn=True) == REQUESTS[1::2]


def test_first_requests_to_a_ttl_that_has_fallen_quiet_wait_for_a_sign() -> None:
    queue = queue_of()
    queue.waits.replied(1, rtt_s=0.01, at_s=0.0)
    for flow in range(4):
        queue.pending.add(flow + 1, ProbeRequest(flow, 1), sent_at_s=1.0)
    first = [ProbeRequest(flow, 1) for flow in (7, 8)]
    others = [ProbeRequest(9, 2), ProbeRequest(0, 1, attempt=1)]
    queue.extend([*first, *others], 0.0)
    assert queue.take(2, 1.02, in_turn=False) == first  # replies are not yet overdue
    queue.extend(first, 0.0)
    assert queue.take(UNLIMITED, 1.03, in_turn=False) == others
    assert not queue.may_leave_soon(1.03, in_turn=False)  # nor does what waits for a sign
    assert queue.next_s(in_turn=False) == float("inf")
    queue.pending.expire(1.04, timeout_s=lambda _: 0.04)
    assert queue.take(UNLIMITED, 1.04, in_turn=False) == first
