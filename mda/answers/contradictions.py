"""Which TTLs that final replies quote are contradicted by the losses of probes.

A quoted TTL places its responder at a hop, so a probe of that hop's TTL arrives too. A tunnel's
entry may copy the TTL to its own header, which its end drops (RFC 2473, RFC 8986): then the quote
is that of a nearer responder, and a probe of that hop's TTL expires in the tunnel.

Loss and limits on replies treat the probes of a flow alike, whatever their TTL. So a quote is
contradicted where a probe of its hop's TTL is lost, and the next one with TTL to spare is answered,
several times in a row: chance explains that with 2^-6 at most. One arrival settles the matter.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.model import Loss, Reply

_TURNS: Final = 6  # from a loss to an answer; each has a chance of one half at most
_MOST_LOST: Final = 6 * _TURNS  # probes of a flow that are lost in doubt


class Doubt(NamedTuple):
    """A responder at the TTL `near` by its quotes, where probes were lost and none was answered.

    `flow` has got its reply at the TTL `far`. So many `pairs` of probes, to `near` and right after
    to `far`, may decide; where so many have not, one at a time, as replies may be limited.
    """

    flow: int
    near: int
    far: int
    pairs: int


class Contradictions:
    """The places that quotes show and losses contradict; a pure function of the set of outcomes.

    `found` has each by its TTL and the number of the responder's address.
    """

    def __init__(self) -> None:
        self.found: set[tuple[int, int]] = set()
        self._met: set[tuple[int, int]] = set()  # a probe of that TTL got there
        self._spare: dict[int, dict[int, list[Reply]]] = {}  # by place: to probes of more TTL
        self._lost: dict[int, list[Loss]] = {}  # by TTL

    def add_loss(self, loss: Loss) -> set[int]:
        """Take in a loss; returns the numbers of the responders whose places it contradicts."""
        ttl = loss.request.ttl
        self._lost.setdefault(ttl, []).append(loss)
        return self._judge((ttl, number) for number in self._spare.get(ttl, ()))

    def add_final(self, reply: Reply, number: int) -> set[int]:
        """As `add_loss`; a reply that ends a path may also show that a place is right."""
        ttl, left = reply.request.ttl, reply.quoted_ttl
        places = [(ttl, number)]
        self._met.add(places[0])
        if left is not None and 1 < left <= ttl:
            places.append((ttl - left + 1, number))
            self._spare.setdefault(places[1][0], {}).setdefault(number, []).append(reply)
        return self._judge(places)

    def doubts(self) -> list[Doubt]:
        """What is in doubt, each with the lowest flow that shows it."""
        doubts = []
        for near in sorted(self._spare.keys() & self._lost.keys()):
            for number, replies in self._spare[near].items():
                if (near, number) in self._met or (near, number) in self.found:
                    continue
                flow = min(reply.request.flow for reply in replies)
                lost = sum(loss.request.flow == flow for loss in self._lost[near])
                if 0 < lost < _MOST_LOST:
                    far = min(r.request.ttl for r in replies if r.request.flow == flow)
                    lacking = _TURNS - self._turns(near, number)
                    doubts.append(Doubt(flow, near, far, lacking if lost <= _TURNS else 1))
        return doubts

    def _judge(self, places: Iterable[tuple[int, int]]) -> set[int]:
        """Decide anew on these places; returns the numbers where that changes."""
        changed = set()
        for ttl, number in places:
            is_found = (ttl, number) not in self._met and self._turns(ttl, number) >= _TURNS
            if is_found != ((ttl, number) in self.found):
                self.found ^= {(ttl, number)}
                changed.add(number)
        return changed

    def _turns(self, place: int, number: int) -> int:
        """How often a loss at `place` was followed by an answer from behind, in order of sending.

        Only flows count whose own replies quote that place.
        """
        if place not in self._lost:
            return 0
        replies = self._spare.get(place, {}).get(number, ())
        flows = {reply.request.flow for reply in replies}
        lost = (loss for loss in self._lost.get(place, ()) if loss.request.flow in flows)
        sent = sorted(
            (own.sent_at_s, own.request.attempt, own.request.flow, own.request.ttl)
            for own in (*replies, *lost)
        )
        return sum(a[-1] == place < b[-1] for a, b in pairwise(sent))
