"""The path of one flow to a service, with few probes at a time: a server answers all that arrive.

The first probes are for the nearest hops, and one has the last TTL. The reply to that one shows by
its own TTL, or by the one that it quotes, how far away the service is. So what arrives there beside
its own probes is little, and the path is known a round trip after the service first replied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.answers.distances import links_passed
from mda.explore.single_flow import SingleFlow
from mda.model import Loss, ProbeRequest, Reply, ReplyKind

if TYPE_CHECKING:
    from mda.model import IPAddress, Outcome

_AHEAD: Final = 2  # TTLs at first, and behind the last outcome if the distance is not shown


class ServicePath(SingleFlow):
    """As SingleFlow, but no TTL is asked that is likely to lie behind the service.

    The replies of the service to probes with higher TTLs count among its `queries`, unless all
    probes with its own TTL are lost. Where it answers, it is asked once at its own TTL, because
    each SYN half opens a connection there.

    `gap_limit` is for wires that can only ask TTL by TTL, where each silence has to be waited for:
    if the service is silent, so many silent hops in a row end the path. There a silence is waited
    for only once where the last router that is known says that it passes nothing on.
    """

    def __init__(
        self,
        *,
        first_ttl: int,
        max_ttl: int,
        queries: int,
        gap_limit: int | None = None,
        most: int | None = None,
    ) -> None:
        super().__init__(first_ttl=first_ttl, max_ttl=max_ttl, queries=queries, most=most)
        self._first_ttl = first_ttl
        self._far = ProbeRequest(0, max_ttl)
        self._known_to = first_ttl - 1  # the last TTL with an outcome, but for that of `_far`
        self._distance = 0  # of the service, by its reply to `_far`
        self._arrived: list[int] = []  # the TTLs of the probes that it replied to
        self._is_silent = self._is_served = False
        self._is_last_asked = True  # a service has no limit that other hosts have used up
        self._gap_limit = gap_limit
        self._last_hop = first_ttl - 1  # the last TTL at which a probe expired
        self._routers: dict[int, IPAddress] = {}  # by TTL, who said so
        self._refusing: set[IPAddress] = set()  # who passes nothing on
        self._silent: set[int] = set()  # TTLs of lost probes, and of those that were stopped before

    def wanted(self, room: int) -> list[ProbeRequest]:
        """See Procedure."""
        return super().wanted(room) or ([] if self._flying else self.wanted_in_silence())

    def wanted_in_silence(self) -> list[ProbeRequest]:
        """See Procedure; all TTLs may be asked now, because hops may follow that do reply."""
        self._is_silent = True
        return super().wanted(len(self._waiting))

    def on_outcome(self, outcome: Outcome) -> None:
        """See Procedure."""
        super().on_outcome(outcome)
        ttl = outcome.request.ttl
        is_stopped = isinstance(outcome, Reply) and outcome.kind is ReplyKind.UNREACHABLE
        if isinstance(outcome, Loss) or (is_stopped and outcome.request != self._far):
            self._silent.add(ttl)
        elif isinstance(outcome, Reply) and not outcome.ends_path:
            self._last_hop = max(self._last_hop, ttl)
            self._routers[ttl] = outcome.responder
        if isinstance(outcome, Reply) and outcome.is_refusal:
            self._refusing.add(outcome.responder)
        if isinstance(outcome, Reply) and outcome.ends_path:
            self._arrived.append(ttl)
            self._is_served |= outcome.is_open
            if outcome.request == self._far:
                self._distance = _distance(outcome)
                return
        if outcome.request != self._far:
            self._known_to = max(self._known_to, ttl)

    def _ask_in_doubt(self) -> None:
        """No hop gets more than `queries` probes: the trace says what stays in doubt."""

    def _is_due(self, request: ProbeRequest) -> bool:
        _, ttl, attempt = request
        if self._is_silent or request == self._far or ttl < self._distance:
            return True
        if ttl == self._distance:
            return attempt < self._tries or self._is_missed_at(ttl)
        if ttl <= self._known_to:
            return True
        if not self._arrived:  # the reply to `_far` shows more
            return attempt == 0 and ttl < self._first_ttl + _AHEAD
        ahead = 0 if self._known_to < self._distance else _AHEAD
        return attempt == 0 and ttl <= self._known_to + ahead

    def _is_beyond(self, request: ProbeRequest) -> bool:
        end = self._table.ended.get(0)
        others = sum(ttl != end for ttl in self._arrived)
        is_enough = (
            request.ttl == end
            and not self._repeats_lost
            and not self._is_missed_at(end)
            and 0 < request.attempt >= min(self._tries, self._queries - others)
        )
        return is_enough or self._is_behind_gap(request) or super()._is_beyond(request)

    def _is_behind_gap(self, request: ProbeRequest) -> bool:
        if self._gap_limit is None:
            return False
        is_refused = self._routers.get(self._last_hop) in self._refusing
        if is_refused and request.ttl > self._last_hop and request.ttl in self._silent:
            return True
        last = self._last_hop + self._gap_limit
        gap = {self._far.ttl, *range(self._last_hop + 1, last + 1)}
        return request.ttl > last and gap <= self._silent

    def _is_missed_at(self, ttl: int) -> bool:
        """Whether probes were lost at this TTL, and none reached the service."""
        return ttl in self._silent and ttl not in self._arrived

    @property
    def _tries(self) -> int:
        """How often the service is asked at its own TTL, after it replied to `_far`."""
        return 1 if self._is_served else max(1, self._queries - 1)


def _distance(reply: Reply) -> int:
    """How many hops away a reply comes from; 0 if it does not show it."""
    if reply.quoted_ttl is not None:
        return max(0, reply.request.ttl - reply.quoted_ttl + 1)
    return 0 if reply.reply_ttl is None else links_passed(reply.reply_ttl)
