"""The scout: flow 0, sent ahead of all others to learn how far the path goes.

It is sent to the first TTLs and to the last one. The probe to the last TTL is answered by the
destination, usually from much nearer, and the answer quotes the TTL that was left: it counts at the
destination's hop, and shows the distance. Until that is known, or where losses contradict it, the
scout goes on a few TTLs behind its last answer, or more where these are silent and the far probe is
answered. So the destination gets few probes in vain: hosts limit how often they answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.model import Reply, ReplyKind

if TYPE_CHECKING:
    from mda.answers.table import FlowTable
    from mda.explore.search import Reach
    from mda.explore.wave import Wave
    from mda.model import Outcome, ProbeRequest

_FEW: Final = 3  # TTLs that the scout asks behind its last answer, or as many as may be silent
_MANY: Final = 12  # as many where the destination answers them all, or nothing answers


def first_ttls(gap_limit: int) -> int:
    """To how many of the first TTLs the scout is sent at once; and it is sent to the last one."""
    return max(_FEW, gap_limit)


class Scout:
    """Asks flow 0, and keeps the outcomes of its far probe out of the table until they count."""

    def __init__(self, table: FlowTable, reach: Reach) -> None:
        self._table = table
        self._reach = reach
        self.scouted_to = reach.first_ttl - 1  # flow 0 was asked up to here, and at the last TTL
        self._ahead = first_ttls(reach.gap_limit)
        self._distance_hint = 0
        self._far_outcomes: list[Outcome] = []

    @property
    def path_end(self) -> int:
        """The TTL at which flow 0 ends, or got its last answer, other than to its far probe."""
        last = min(self.scouted_to, self._table.ended.get(0, self.scouted_to))
        answered = (ttl for ttl in range(last, 0, -1) if 0 in self._table.hop(ttl).answers)
        return next(answered, self._reach.first_ttl - 1)

    def is_far_probe(self, request: ProbeRequest) -> bool:
        """Whether this is the scout's probe to the last TTL and the path may end before it."""
        return request.flow == 0 and request.ttl > self.scouted_to

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
        """Ask flow 0 at the first TTLs and at the last, then to where the path seems to go."""
        max_ttl = self._reach.max_ttl
        last = self.scouted_to = self._last_to_ask()
        while self._far_outcomes and last >= max_ttl:
            # The path is that long: the answer is not a hint, but a hop's.
            self._table.add(self._far_outcomes.pop())
        for ttl in range(self._reach.first_ttl, min(last, self._table.ended.get(0, last)) + 1):
            if 0 not in self._table.hop(ttl).answers:
                wave.ask_first(0, ttl)
        wave.ask_first(0, max_ttl)

    @property
    def _is_silence_on_the_way(self) -> bool:
        """Whether nothing answered behind the scout's last answer but the far probe."""
        silent = range(self.path_end + 1, self.scouted_to + 1)
        return (
            any(isinstance(outcome, Reply) for outcome in self._far_outcomes)
            and bool(silent)
            and all(0 in self._table.hop(ttl).losses for ttl in silent)
        )

    def _last_to_ask(self) -> int:
        """The last TTL that flow 0 is to be asked at by now."""
        hint, end = self._distance_hint, self._table.ended.get(0)
        if end is not None and end > max(hint, self.scouted_to):
            # The end quoted a TTL that losses contradict.
            hint, end, self._ahead = 0, None, _MANY
        if self._ahead < _MANY and self._is_silence_on_the_way:
            self._ahead = _MANY
        last_answer, last = self.path_end, max(self.scouted_to, hint)
        if last_answer >= hint and end is None:
            last = max(last, last_answer + self._ahead)
        return min(last, self._reach.max_ttl)
