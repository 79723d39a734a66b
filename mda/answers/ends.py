"""Where the path of each flow ends, and at which hop the reply that ends it counts.

A final reply (any but time exceeded) to a probe of TTL t may come from a nearer hop than t. The
TTL that it quotes is what was left when the probe arrived (RFC 792, RFC 4443), so the responder is
t - left + 1 hops away. A router that refuses a packet only after it has taken one from its TTL
stands one hop nearer still: it is the router that sends time exceeded from there. Replies of one
machine arrive with the same TTL, and those of another machine behind the same address do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.model import ReplyKind

if TYPE_CHECKING:
    from mda.model import ProbeRequest, Reply


class Move(NamedTuple):
    """A final reply that counts at the TTL `to`, and no longer at `gone_from` (None: it is new)."""

    reply: Reply
    gone_from: int | None
    to: int


class Ends:
    """The ends of paths; a pure function of the set of replies, whatever their order.

    `at` has the TTL at which the path of a flow ends or loops, `ttls` all such TTLs, and `places`
    the TTL at which each final reply counts. `furthest` has the highest TTL at which each flow got
    a reply. A refusal ends no path where packets are seen to pass the router that sent it.
    """

    def __init__(self) -> None:
        self.at: dict[int, int] = {}
        self.ttls: set[int] = set()
        self.places: dict[ProbeRequest, int] = {}
        self.furthest: dict[int, int] = {}
        self._loops: dict[int, int] = {}  # flow -> TTL
        self._final: dict[int, list[Reply]] = {}  # by flow
        self._expired: dict[int, dict[int, int]] = {}  # flow -> TTL -> number of the address
        self._machines: set[tuple[int, int, int | None]] = set()  # TTL, number, TTL of the reply
        self._flows_ended_by: dict[int, set[int]] = {}  # number of the address -> flows
        self._passing: set[tuple[int, int]] = set()  # TTL, number of the address
        self._behind: dict[int, int] | None = None  # until the next final reply

    def add_expired(self, reply: Reply, number: int) -> list[Move]:
        """Take in a reply of kind time exceeded; `number` is its responder's address."""
        flow, ttl, _ = reply.request
        self._expired.setdefault(flow, {})[ttl] = number
        if ttl > self.furthest.get(flow, 0):
            self.furthest[flow] = ttl
        machine = ttl, number, reply.reply_ttl
        changed: set[int] = set()
        if machine not in self._machines:
            self._machines.add(machine)
            changed |= self._flows_ended_by.get(number, set())
        if flow in self._final:
            changed.add(flow)
        return self._settle(changed) if changed else []

    def add_final(self, reply: Reply, number: int) -> list[Move]:
        """Take in a reply of another kind; `number` is its responder's address."""
        flow = reply.request.flow
        self._final.setdefault(flow, []).append(reply)
        self._flows_ended_by.setdefault(number, set()).add(flow)
        return self._settle({flow})

    def add_loop(self, flow: int, ttl: int) -> None:
        """Record that the path of `flow` is known to loop from `ttl` on."""
        if ttl < self._loops.get(flow, ttl + 1):
            self._loops[flow] = ttl
            self._end(flow)

    def behind_refusals(self) -> dict[int, int]:
        """The flows whose next reply may show that packets pass a router that refuses, and its TTL.

        It is the lowest flow that the router refused, at the TTL behind the nearest such probe.
        """
        if self._behind is None:
            refused: dict[tuple[int, int], tuple[int, int]] = {}
            for flow, replies in self._final.items():
                for reply in replies:
                    router = self.places[reply.request], int(reply.responder)
                    if reply.is_refusal and router not in self._passing:
                        look = flow, reply.request.ttl + 1
                        refused[router] = min(look, refused.get(router, look))
            self._behind = dict(refused.values())
        return self._behind

    def _settle(self, flows: set[int]) -> list[Move]:
        """Place the final replies of `flows`, and of all flows of which this shows more."""
        self._behind = None
        moves: list[Move] = []
        waiting = sorted(flows)
        while waiting:
            flow = waiting.pop()
            moves += self._place_all(flow)
            passed = self._passed(flow) - self._passing
            self._passing |= passed
            for _, number in passed:
                waiting += sorted(self._flows_ended_by[number] - {flow})
            self._end(flow)
        return moves

    def _place_all(self, flow: int) -> list[Move]:
        moves = []
        for reply in self._final[flow]:
            to, known = self._place(reply), self.places.get(reply.request)
            if to != known:
                self.places[reply.request] = to
                moves.append(Move(reply, known, to))
        placed = (self.places[reply.request] for reply in self._final[flow])
        self.furthest[flow] = max(*placed, *self._expired.get(flow, ()), 0)
        return moves

    def _place(self, reply: Reply) -> int:
        """The TTL at which a final reply counts: by default, that of its probe."""
        flow, ttl, _ = reply.request
        left = reply.quoted_ttl
        if left is None and reply.kind is ReplyKind.UNREACHABLE:
            left = 1  # as if the probe came just far enough: the machine shows whether it did
        if left is None or not 0 < left <= ttl:
            return ttl
        nearer = ttl - left
        if (nearer, int(reply.responder), reply.reply_ttl) in self._machines:
            return nearer
        if any(nearer < expired < ttl for expired in self._expired.get(flow, ())):
            return ttl  # the quote cannot be right: the flow went further
        return nearer + 1

    def _passed(self, flow: int) -> set[tuple[int, int]]:
        """The routers that refused `flow` although it got replies from beyond them."""
        passed = set()
        for reply in self._final[flow]:
            if not reply.is_refusal:
                continue
            place, number = self.places[reply.request], int(reply.responder)
            is_behind = any(
                ttl > place and other != number
                for ttl, other in self._expired.get(flow, {}).items()
            ) or any(
                self.places[other.request] > place and other.responder != reply.responder
                for other in self._final[flow]
            )
            if is_behind:
                passed.add((place, number))
        return passed

    def _end(self, flow: int) -> None:
        """Decide again where the path of `flow` ends."""
        ends = [
            self.places[reply.request]
            for reply in self._final.get(flow, ())
            if not (reply.is_refusal and self._is_passed(reply))
        ]
        if flow in self._loops:
            ends.append(self._loops[flow])
        end, known = min(ends, default=None), self.at.get(flow)
        if end == known:
            return
        if end is None:
            del self.at[flow]
        else:
            self.at[flow] = end
            self.ttls.add(end)
        if known is not None and known not in self.at.values():
            self.ttls.remove(known)

    def _is_passed(self, refusal: Reply) -> bool:
        return (self.places[refusal.request], int(refusal.responder)) in self._passing
