"""How many probes may be in flight to a TTL: few more than a usual limit lets be answered.

Linux sends six errors at once, and then one per second. What arrives beyond that is lost, and has
to be sent again. So a TTL gets as many, and a few more, which show whether there is such a limit:
once it has answered more than that, as many may follow as are asked for. So they may where several
vertices answer: each has its own limit, and flows spread over them by chance.

Once there may be a limit, nothing shows how high it is but replies. So it is tried by one probe at
a time, and by one more for every few replies in a row.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from mda.answers.rate_limits import USUAL_BURST, left_by_usual_limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.answers.hop import Hop
    from mda.answers.table import FlowTable
    from mda.explore.wave import Sent
    from mda.model import ProbeRequest

_MORE: Final = 4  # probes that show whether there is a limit


class Bursts:
    """Bounds the bursts to each TTL, given the outcomes (`table`) and the requests (`sent`)."""

    def __init__(self, table: FlowTable, sent: Sent) -> None:
        self._table = table
        self._sent = sent
        self._unbounded: set[int] = set()  # TTLs where there can be no such limit, or several

    def admitted(self, requests: Iterable[ProbeRequest]) -> list[ProbeRequest]:
        """Those that may leave now, in their order."""
        rooms: dict[int, int] = {}
        admitted = []
        for request in requests:
            ttl = request.ttl
            if request.attempt and (
                not self._are_repeats_bounded(ttl) or self._table.is_cut_off(request.flow, ttl)
            ):
                admitted.append(request)
                continue
            room = rooms[ttl] if ttl in rooms else self._room(ttl)
            rooms[ttl] = room - 1
            if room > 0:
                admitted.append(request)
        return admitted

    def _are_repeats_bounded(self, ttl: int) -> bool:
        """Whether probes were lost; where others ask as well, the replies to them show the rate."""
        return bool(self._table.hop(ttl).losses) and not self._table.hop_of_all(ttl).is_shared

    def _room(self, ttl: int) -> int:
        """How many more requests may leave to `ttl` now."""
        hop = self._table.hop(ttl)
        if len(hop.vertices) > 1:
            return sys.maxsize
        if self._are_repeats_bounded(ttl):
            most = self._table.limits(ttl).window()
        elif hop.losses:
            most = _MORE if self._table.limits(ttl).is_suspected() else None
        else:
            left = None if ttl in self._unbounded else _left(hop)
            most = None if left is None else left + _MORE
        if most is None:
            self._unbounded.add(ttl)
            return sys.maxsize
        return most - len(self._sent.flying_at(ttl))


def _left(hop: Hop) -> int | None:
    """How many more replies the usual limit allows a hop, at the time of its last one.

    None if it sent more than that allows.
    """
    if hop.replies <= USUAL_BURST:
        return USUAL_BURST - hop.replies
    answered_s = sorted(at_s for _, (at_s, _, _) in hop.all_answers())
    left = left_by_usual_limit(answered_s, answered_s[-1])
    return None if left is None else int(left)
