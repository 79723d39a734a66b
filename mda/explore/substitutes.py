"""Flows in place of others that this system refuses to send, as its firewall does by port.

Flows differ in one header field only, and routers choose by hashes of it. So a flow that was chosen
without knowledge of its path may stand for one that cannot leave. The inner procedure goes on with
its flow numbers; whoever sends probes, and every outcome in the record, has the substitutes'.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from mda.procedure import Procedure
from mda.variants import base_of, is_plain, with_base

if TYPE_CHECKING:
    from mda.model import Outcome, ProbeRequest

# Substitutes in a row that are withheld at a TTL before the system is taken to let none pass there.
_MOST_IN_A_ROW: Final = 32
# Steps between substitutes, which scatter over half of all flows: rules often name a range.
_STEP: Final = 7919


class Substituting(Procedure):
    """See Procedure: `procedure`, with another of its `flows` flows for each that is withheld."""

    def __init__(self, procedure: Procedure, flows: int) -> None:
        self._procedure = procedure
        self._flows = flows
        self._outer: dict[int, int] = {}  # by the procedure's flow, the substitute that is sent
        self._inner: dict[int, int] = {}  # and back, those that were withheld too
        self._withheld: set[int] = set()  # flows as sent
        self._in_a_row: Counter[int] = Counter()  # by TTL
        self._asked: set[int] = set()  # the procedure's flows
        self._again: list[ProbeRequest] = []  # the procedure's requests
        self._tried = 0

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure; first what was withheld, as another flow."""
        again, self._again = self._again[:room], self._again[room:]
        left = room - len(again)
        return self._as_sent([*again, *(self._procedure.wanted(left) if left else ())])

    def wanted_in_silence(self) -> list[ProbeRequest]:
        """See Procedure."""
        return self._as_sent(self._procedure.wanted_in_silence())

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        self._in_a_row.pop(outcome.request.ttl, None)
        if self._outer:
            outcome = outcome._replace(request=self._as_asked(outcome.request))
        self._procedure.on_outcome(outcome)

    def on_other(self, outcome: Outcome) -> None:
        """See Procedure."""
        self._procedure.on_other(outcome)

    def on_withheld(self, request: ProbeRequest, *, is_new: bool) -> bool:
        """See Procedure; the flow is replaced if nothing is known of it yet."""
        asked = self._as_asked(request)
        if request.flow not in self._withheld:
            self._in_a_row[request.ttl] += request.flow in self._inner
            may_pass = self._in_a_row[request.ttl] < _MOST_IN_A_ROW
            if not (is_new and is_plain(request.flow) and may_pass and self._replace(asked.flow)):
                return self._procedure.on_withheld(asked, is_new=is_new)
            self._withheld.add(request.flow)
            self._inner[request.flow] = asked.flow
        self._again.append(asked)
        return True

    def on_refusal(self, reason: str, at_s: float) -> bool:
        """See Procedure."""
        return self._procedure.on_refusal(reason, at_s)

    def rate_pps(self, ttl: int) -> float | None:
        """See Procedure."""
        return self._procedure.rate_pps(ttl)

    def cost(self, request: ProbeRequest) -> float:
        """See Procedure."""
        return self._procedure.cost(self._as_asked(request))

    @property
    def finished(self) -> bool:
        """See Procedure."""
        return not self._again and self._procedure.finished

    def abandons(self, request: ProbeRequest) -> bool:
        """See Procedure; a request of a flow that is withheld comes again as another flow."""
        asked = self._as_asked(request)
        if request.flow in self._withheld:
            self._again.append(asked)
            return True
        return self._procedure.abandons(asked)

    def silent_since_s(self) -> dict[int, float]:
        """See Procedure."""
        return self._procedure.silent_since_s()

    def silent_ends(self) -> set[int]:
        """See Procedure."""
        return self._procedure.silent_ends()

    def goes_on(self) -> bool:
        """See Procedure."""
        return self._procedure.goes_on()

    @property
    def is_recorded(self) -> bool:
        """See Procedure."""
        return self._procedure.is_recorded

    @property
    def resumes_s(self) -> float:
        """See Procedure."""
        return self._procedure.resumes_s

    def _replace(self, flow: int) -> bool:
        """Choose another substitute of the procedure's `flow`; returns whether there is one."""
        half = max(1, self._flows // 2)
        while self._tried < half:
            other = self._flows - 1 - self._tried * _STEP % half
            self._tried += 1
            if other != flow and other not in self._inner and other not in self._asked:
                self._outer[flow] = other
                self._inner[other] = flow
                return True
        return False

    def _as_sent(self, requests: list[ProbeRequest]) -> list[ProbeRequest]:
        """The procedure's requests, with the flows that are sent."""
        self._asked.update(base_of(request.flow) for request in requests)
        if not self._outer:
            return requests
        sent = []
        for request in requests:
            base = base_of(request.flow)
            is_substitute = base in self._inner and base not in self._outer
            if is_substitute and not self._replace(base):
                self._procedure.on_withheld(request, is_new=True)  # there are too few flows
            else:
                sent.append(request._replace(flow=_mapped(request.flow, self._outer)))
        return sent

    def _as_asked(self, request: ProbeRequest) -> ProbeRequest:
        """A request that is sent, with the procedure's flow."""
        if not self._inner:
            return request
        return request._replace(flow=_mapped(request.flow, self._inner))


def _mapped(flow: int, places: dict[int, int]) -> int:
    """The flow, or the variant of a flow, in the place of `flow`."""
    base = base_of(flow)
    place = places.get(base, base)
    return flow if place == base else with_base(flow, place)
