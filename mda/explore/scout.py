"""The scout: one probe to each TTL, ahead of all others, to learn how far the path goes.

It is sent to the first TTLs and to the last one. The probe to the last TTL is answered by the
destination, usually from much nearer, and the answer quotes the TTL that was left: it counts at the
destination's hop, and shows the distance. Until that is known, or where losses contradict it, the
scout goes on a few TTLs behind its last answer, or more where these are silent and the far probe is
answered.

Hosts limit how often they answer: Linux sends six errors at once, and then one per second. So the
destination gets few probes in vain, and of the first TTLs and the last one each gets another one of
the flows that every hop needs: if a probe goes too far, its answer counts at the destination's hop
as one of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.model import ProbeRequest, Reply, ReplyKind

if TYPE_CHECKING:
    from mda.answers.table import FlowTable
    from mda.explore.search import Reach
    from mda.explore.wave import Wave
    from mda.model import Outcome

_FEW: Final = 3  # TTLs that the scout asks behind its last answer, or as many as may be silent
_MANY: Final = 12  # as many where the destination answers them all, or nothing answers


def first_ttls(gap_limit: int) -> int:
    """To how many of the first TTLs the scout is sent at once; and it is sent to the last one."""
    return max(_FEW, gap_limit)


class Scout:
    """Asks one of the first `flows` at each TTL in turn.

    It keeps the outcomes of its far probe out of the table until they count.
    """

    def __init__(self, table: FlowTable, reach: Reach, flows: int) -> None:
        self._table = table
        self._reach = reach
        self._flows = flows
        self.scouted_to = reach.first_ttl - 1  # all TTLs were asked up to here, and the last one
        self._ahead = self._first = first_ttls(reach.gap_limit)
        self._distance_hint = 0
        self._far_outcomes: list[Outcome] = []
        self._searching: set[ProbeRequest] = set()  # what it asked to find where paths end
        self._known_end: tuple[int, int | None] = (0, None)  # `_end`, at so many changes of ends

    @property
    def path_end(self) -> int:
        """The last TTL with an answer, up to where the scout has been or the nearest end."""
        answered = filter(self._is_answered, range(self._last(), 0, -1))
        return next(answered, self._reach.first_ttl - 1)

    def _last(self) -> int:
        """The last TTL that the scout asks by now, but for its far probe."""
        end = self._end
        return self.scouted_to if end is None else min(self.scouted_to, end)

    @property
    def _end(self) -> int | None:
        """The nearest TTL at which the path of one of the scout's flows ends."""
        ended, changes = self._table.ended, self._table.ends.changes
        if changes != self._known_end[0]:
            ends = (ended[flow] for flow in range(self._flows) if flow in ended)
            self._known_end = changes, min(ends, default=None)
        return self._known_end[1]

    def _flow(self, ttl: int) -> int:
        """The flow that the scout asks at a TTL: behind the first ones the same, to see loops."""
        if ttl == self._reach.max_ttl:
            return self._first % self._flows
        place = ttl - self._reach.first_ttl
        return place % self._flows if place < self._first else 0

    def _is_answered(self, ttl: int) -> bool:
        return bool(self._table.hop(ttl).answers)

    def is_far_probe(self, request: ProbeRequest) -> bool:
        """Whether this is the scout's probe to the last TTL and the path may end before it."""
        flow, ttl, _ = request
        return self.scouted_to < ttl == self._reach.max_ttl and flow == self._flow(ttl)

    def on_far_outcome(self, outcome: Outcome) -> None:
        """Take in an outcome of the far probe."""
        if isinstance(outcome, Reply) and outcome.ends_path and outcome.quoted_ttl:
            # The end quotes the TTL that was left, which shows how far away it is.
            self._distance_hint = outcome.request.ttl - outcome.quoted_ttl + 1
            if not outcome.is_refusal and 0 < self._distance_hint < self._reach.max_ttl:
                self._table.add(outcome)
                return
        elif isinstance(outcome, Reply) and outcome.kind is not ReplyKind.UNREACHABLE:
            # The path is long, or hosts send as many such replies as they are asked for.
            self._ahead = _MANY
        self._far_outcomes.append(outcome)

    def on_silence(self) -> None:
        """Go further at once, because no outcome has come for a while."""
        self._ahead = _MANY

    def ask(self, wave: Wave) -> None:
        """Ask at the first TTLs and at the last, then up to where the path seems to go."""
        max_ttl = self._reach.max_ttl
        last = self.scouted_to = self._last_to_ask()
        while self._far_outcomes and last >= max_ttl:
            # The path is that long: the answer is not a hint, but a hop's.
            self._table.add(self._far_outcomes.pop())
        path_end = self.path_end  # up to there, all first flows are asked
        for ttl in range(path_end + 1, self._last() + 1):
            request = ProbeRequest(self._flow(ttl), ttl)
            if not wave.is_asked(request.flow, ttl):
                wave.ask(request.flow, ttl)
                self._searching.add(request)
        if path_end < max_ttl:
            wave.ask_first(self._flow(max_ttl), max_ttl)

    def gives_up(self, request: ProbeRequest) -> bool:
        """Whether only the scout asked for this, and since then paths were found to end before."""
        is_behind = request.ttl > self._last() and request in self._searching
        if is_behind:
            self._searching.discard(request)
        return is_behind

    @property
    def _is_silence_on_the_way(self) -> bool:
        """Whether nothing answered behind the scout's last answer but the far probe."""
        if not any(isinstance(outcome, Reply) for outcome in self._far_outcomes):
            return False
        silent = range(self.path_end + 1, self.scouted_to + 1)
        return bool(silent) and all(
            self._flow(ttl) in self._table.hop(ttl).losses for ttl in silent
        )

    def _last_to_ask(self) -> int:
        """The last TTL that the scout is to ask by now."""
        hint, end = self._distance_hint, self._end
        if end is not None and end > max(hint, self.scouted_to):
            # The end quoted a TTL that losses contradict.
            hint, end, self._ahead = 0, None, _MANY
        if self._ahead < _MANY and self._is_silence_on_the_way:
            self._ahead = _MANY
        last_answer, last = self.path_end, max(self.scouted_to, hint)
        if last_answer >= hint and end is None:
            last = max(last, last_answer + self._ahead)
        return min(last, self._reach.max_ttl)
