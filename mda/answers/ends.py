"""Where the path of each flow ends, and at which hop the reply that ends it counts.

A final reply (any but time exceeded) to a probe of TTL t may come from a nearer hop than t. The
TTL that it quotes is what was left when the probe arrived (RFC 792, RFC 4443), so the responder is
t - left + 1 hops away. A router that refuses a packet only after it has taken one from its TTL
stands one hop nearer still: it is the router that sends time exceeded from there. Replies of one
machine arrive with the same TTL, and those of another machine behind the same address do not.

A probe that arrives with nothing left should have expired one hop before: the router there passes
on expired packets, and the responder is t + 1 hops away. It counts there if a probe of TTL t + 1 or
more shows it there, and at both hops its replies are drawn. A host that always quotes 0 is not.

A quote that losses contradict (see `contradictions`) shows nothing: its reply counts at the TTL of
its probe.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mda.answers.contradictions import Contradictions
from mda.answers.resets import Resets
from mda.model import ReplyKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from mda.answers.hop import Hop
    from mda.model import IPAddress, Loss, ProbeRequest, Reply


class Move(NamedTuple):
    """A final reply that counts at the TTL `to`, and no longer at `gone_from` (None: it is new).

    With None in `to` it counts nowhere: its probe is as good as lost.
    """

    reply: Reply
    gone_from: int | None
    to: int | None


class Ends:
    """The ends of paths; a pure function of the set of outcomes, whatever their order.

    `hops` has the outcomes by TTL, with what is taken in here unless it is a final reply.
    `at` has the TTL at which the path of a flow ends or loops, `ttls` all such TTLs, and `places`
    the TTL at which each final reply counts; `contradictions` says which quotes show none.
    `furthest` has the highest TTL at which each flow got a reply, and `most_places` the number of
    `places_of` the machine that has the most. A refusal ends no path where packets are seen to pass
    the router that sent it, and the reply to an expired packet none where its responder is seen one
    hop further. `changes` rises where any of that changes, and `revision` where more does than that
    a flow ends, at a TTL where others do, behind all its replies.
    """

    def __init__(self, hops: Mapping[int, Hop]) -> None:
        self.at: dict[int, int] = {}
        self.ttls: set[int] = set()
        self.places: dict[ProbeRequest, int] = {}
        self.furthest: dict[int, int] = {}
        self.changes = 0
        self.revision = 0
        self.contradictions = Contradictions()
        self._loops: dict[int, int] = {}  # flow -> TTL
        self._final: dict[int, list[Reply]] = {}  # by flow
        self._refusals: dict[int, list[Reply]] = {}  # by flow; those among `_final`
        self._early: dict[int, list[Reply]] = {}  # by flow; those to expired packets
        self._arrived: Counter[tuple[int, int]] = Counter()  # TTL, number; of all but those
        self._nearest: dict[int, int] = {}  # flow -> the nearest place of its final replies
        # By the number of an address and the TTL of its reply: where it sent time exceeded from.
        self._machines: dict[tuple[int, int | None], set[int]] = {}
        # No method of this object: it would keep itself alive.
        self._expired = partial(_expired, hops, self.furthest)
        self._resets = Resets(self._expired)
        self.most_places = 0
        self._flows_ended_by: dict[int, set[int]] = {}  # number of the address -> flows
        self._passing: set[tuple[int, int]] = set()  # TTL, number of the address
        self._behind: dict[int, int] | None = None  # until a path may end elsewhere

    def add_expired(self, reply: Reply, number: int) -> list[Move]:
        """Take in a reply of kind time exceeded; `number` is its responder's address."""
        flow, ttl, _ = reply.request
        if ttl > self.furthest.get(flow, 0):
            self.furthest[flow] = ttl
        places = self._machines.get((number, reply.reply_ttl))
        if places is None:
            places = self._machines[number, reply.reply_ttl] = set()
        is_beyond = ttl >= self._nearest.get(flow, ttl + 1)
        strays = self._resets.add(reply) if flow in self._resets.flows else ()
        if not is_beyond and not strays and ttl in places:
            return []
        places.add(ttl)
        self.most_places = max(self.most_places, len(places))
        changed = self._flows_ended_by.get(number, set()).union(strays)
        if is_beyond:
            changed.add(flow)
        return self._settle([final for own in sorted(changed) for final in self._final[own]])

    def places_of(self, number: int, reply_ttl: int | None) -> Collection[int]:
        """The TTLs at which a machine sent time exceeded: its address, and the TTL of its replies.

        `number` is that of the address.
        """
        return self._machines.get((number, reply_ttl), ())

    def add_loss(self, loss: Loss) -> list[Move]:
        """Take in a loss."""
        return self._settle(self._of(self.contradictions.add_loss(loss)))

    def add_final(self, reply: Reply, number: int) -> list[Move]:
        """Take in a reply of another kind; `number` is its responder's address."""
        if reply.request in self.places:  # it was asked for twice, and the first reply counts
            return []
        flow = reply.request.flow
        self._final.setdefault(flow, []).append(reply)
        self._flows_ended_by.setdefault(number, set()).add(flow)
        if reply.is_refusal:
            self._refusals.setdefault(flow, []).append(reply)
        if reply.quoted_ttl == 0:
            self._early.setdefault(flow, []).append(reply)
        changed = self._of(self.contradictions.add_final(reply, number)) or [reply]
        if reply.kind in (ReplyKind.RST, ReplyKind.SYN_ACK):
            strays = sorted(self._resets.add(reply))
            changed += [final for own in strays for final in self._final[own]]
        return self._settle([*dict.fromkeys(changed)])

    def add_loop(self, flow: int, ttl: int) -> None:
        """Record that the path of `flow` is known to loop from `ttl` on."""
        if ttl < self._loops.get(flow, ttl + 1):
            self._loops[flow] = ttl
            self._behind = None
            self._end(flow)

    def responders(self, flow: int) -> set[IPAddress]:
        """Who sent the final replies that count where the path of `flow` ends."""
        end = self.at.get(flow)
        replies = self._final.get(flow, ())
        return {reply.responder for reply in replies if self.places[reply.request] == end}

    def is_early(self, final: Reply) -> bool:
        """Whether a final reply is to an expired packet, so that its responder is a hop further."""
        place, number = self._where(final)
        return final.quoted_ttl == 0 and self._arrived[place + 1, number] > 0

    def doubtful_ends(self) -> dict[int, int]:
        """The flows whose next reply may show that the path goes on behind its end, and its TTL.

        An end is in doubt if it refused, or replied to an expired packet. It is the lowest flow
        that ends there, at the TTL behind the nearest such probe.
        """
        if self._behind is None:
            looks: dict[tuple[int, int], tuple[int, int]] = {}
            for flow in self._refusals.keys() | self._early.keys():
                for reply in self._doubtful(flow):
                    responder, look = self._where(reply), (flow, reply.request.ttl + 1)
                    if self.at.get(flow) == responder[0]:
                        looks[responder] = min(look, looks.get(responder, look))
            # Of a flow that one router refused at several TTLs, the nearest counts.
            self._behind = dict(sorted(looks.values(), reverse=True))
        return self._behind

    def _doubtful(self, flow: int) -> list[Reply]:
        """The replies after which the path of `flow` may go on."""
        return [*self._refusals.get(flow, ()), *self._early.get(flow, ())]

    def _where(self, reply: Reply) -> tuple[int, int]:
        """The TTL at which a final reply counts, and the number of its address."""
        return self.places[reply.request], int(reply.responder)

    def _settle(self, finals: list[Reply]) -> list[Move]:
        """Place these final replies again, and decide where the paths that they concern end."""
        if not finals:
            return []
        self._behind = None
        moves = []
        for reply in finals:
            known = self.places.get(reply.request)
            if self._resets.is_stray(reply):
                self._final[reply.request.flow].remove(reply)
                self.places[reply.request] = reply.request.ttl
                moves.append(Move(reply, known, None))
                continue
            to = self._place(reply)
            if to != known:
                self.places[reply.request] = to
                moves.append(Move(reply, known, to))
        flows = {reply.request.flow for reply in finals}
        for move in moves:
            self._measure(move)
            if self._count_arrival(move):
                flows |= self._flows_ended_by[int(move.reply.responder)]
        if self._refusals:
            passed = {router for flow in flows for router in self._passed(flow)} - self._passing
            self._passing |= passed
            for _, number in passed:
                flows |= self._flows_ended_by[number]
        for flow in flows:
            self._end(flow)
        return moves

    def _measure(self, move: Move) -> None:
        """Keep the nearest and the furthest place of a flow's replies, after one was placed."""
        flow = move.reply.request.flow
        if move.gone_from is None and move.to is not None:
            self._nearest[flow] = min(move.to, self._nearest.get(flow, move.to))
            self.furthest[flow] = max(move.to, self.furthest.get(flow, 0))
            return
        places = [self.places[reply.request] for reply in self._final[flow]]
        answered = (*places, *(own.request.ttl for own in self._expired(flow)))
        self._nearest.pop(flow, None)
        self.furthest.pop(flow, None)
        if places:
            self._nearest[flow] = min(places)
        if answered:
            self.furthest[flow] = max(answered)

    def _count_arrival(self, move: Move) -> bool:
        """Count where a responder is seen; whether that changes the places at which it is."""
        if move.reply.quoted_ttl == 0:
            return False
        number, changed = int(move.reply.responder), False
        if move.to is not None:
            self._arrived[move.to, number] += 1
            changed = self._arrived[move.to, number] == 1
        if move.gone_from is not None:
            self._arrived[move.gone_from, number] -= 1
            changed |= not self._arrived[move.gone_from, number]
        return changed

    def _of(self, numbers: Iterable[int]) -> list[Reply]:
        """The final replies to all flows that addresses with these numbers end."""
        flows = {flow for number in numbers for flow in self._flows_ended_by[number]}
        return [final for flow in sorted(flows) for final in self._final[flow]]

    def _place(self, reply: Reply) -> int:
        """The TTL at which a final reply counts: by default, that of its probe."""
        flow, ttl, _ = reply.request
        left = reply.quoted_ttl
        if left is None and reply.kind is ReplyKind.UNREACHABLE:
            left = 1  # as if the probe came just far enough: the machine shows whether it did
        if left is None or not 0 < left <= ttl:
            return ttl
        nearer = ttl - left
        seen_at = self.places_of(int(reply.responder), reply.reply_ttl)
        for place in (nearer, nearer + 1):
            if place in seen_at:
                return place
        if (nearer + 1, int(reply.responder)) in self.contradictions.found or any(
            expired.request.ttl < ttl for expired in self._expired(flow, nearer + 1)
        ):
            return ttl  # the quote cannot be right: the flow goes further
        return nearer + 1

    def _passed(self, flow: int) -> set[tuple[int, int]]:
        """The routers that refused `flow` although it got replies from beyond them."""
        passed = set()
        for reply in self._refusals.get(flow, ()):
            place, number = self.places[reply.request], int(reply.responder)
            is_behind = any(
                other.responder != reply.responder for other in self._expired(flow, place + 1)
            ) or any(
                self.places[other.request] > place and other.responder != reply.responder
                for other in self._final[flow]
            )
            if is_behind:
                passed.add((place, number))
        return passed

    def _end(self, flow: int) -> None:
        """Decide again where the path of `flow` ends."""
        ends = [self._nearest[flow]] if flow in self._nearest else []
        if flow in self._refusals or flow in self._early:
            ends = [
                self.places[reply.request]
                for reply in self._final[flow]
                if not self._is_passed(reply)
            ]
        if flow in self._loops:
            ends.append(self._loops[flow])
        end, known = min(ends, default=None), self.at.get(flow)
        if end == known:
            return
        self.changes += 1
        is_behind = end is not None and not any(self._expired(flow, end))
        if known is not None or end not in self.ttls or not is_behind:
            self.revision += 1
        if end is None:
            del self.at[flow]
        else:
            self.at[flow] = end
            self.ttls.add(end)
        if known is not None and known not in self.at.values():
            self.ttls.remove(known)

    def _is_passed(self, final: Reply) -> bool:
        """Whether the path goes on although it got this reply."""
        refused = final.is_refusal and self._where(final) in self._passing
        return refused or self.is_early(final)


def _expired(
    hops: Mapping[int, Hop], furthest: Mapping[int, int], flow: int, first_ttl: int = 1
) -> Iterator[Reply]:
    """The replies of kind time exceeded to a flow, from `first_ttl` on, up to the `furthest`."""
    for ttl in range(first_ttl, furthest.get(flow, 0) + 1):
        yield from hops[ttl].expired_of(flow)
