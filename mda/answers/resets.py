"""Which resets come from something on the way that resets only some SYNs, as a limit does.

A machine that resets is an address and the number of links that its resets pass, where that is
seen. It stands before the host if that address accepts SYNs from further away. It resets only some
if another SYN of a flow that it reset got further: it expired no nearer than where the reset
answered one, or was accepted with no higher TTL. So its resets say nothing of where a path ends, or
branches.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mda.answers.distances import links_passed
from mda.model import ReplyKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mda.model import Reply

_Machine = tuple[int, int]  # number of the address, links that its resets pass


class Resets:
    """What resets only some SYNs; a pure function of the set of outcomes, which only ever grows.

    A wire that does not show the TTLs of resets shows none of that. `expired` gives the replies of
    kind time exceeded to a flow, from a TTL on.
    """

    def __init__(self, expired: Callable[[int, int], Iterable[Reply]]) -> None:
        self._expired = expired
        self.flows: dict[int, list[Reply]] = {}  # the resets of each flow
        self._flows_of: defaultdict[_Machine, set[int]] = defaultdict(set)
        self._accepted: dict[int, int] = {}  # flow -> the lowest TTL of its accepted SYNs
        self._furthest: dict[int, int] = {}  # number of an address -> links, of its SYN-ACKs
        self._passed: set[_Machine] = set()  # a SYN of a flow that they reset got further
        self._partial: set[_Machine] = set()

    def add(self, reply: Reply) -> set[int]:
        """Take in any reply; returns the flows of which resets now count for nothing.

        `expired` gives one of kind time exceeded already.
        """
        flow, number = reply.request.flow, int(reply.responder)
        if reply.kind is ReplyKind.RST:
            self.flows.setdefault(flow, []).append(reply)
            self._flows_of[_machine(reply)].add(flow)
        elif reply.kind is ReplyKind.SYN_ACK:
            ttl = reply.request.ttl
            self._accepted[flow] = min(ttl, self._accepted.get(flow, ttl))
            self._furthest[number] = max(_links(reply), self._furthest.get(number, 0))
        own = self.flows.get(flow, ())
        self._passed.update(_machine(reset) for reset in own if self._gets_further(reset))
        found = {known for known in self._passed - self._partial if self._is_before_host(known)}
        self._partial |= found
        if reply.kind is ReplyKind.RST and self.is_stray(reply):
            found.add(_machine(reply))
        return set[int]().union(*(self._flows_of[known] for known in found))

    def is_stray(self, reply: Reply) -> bool:
        """Whether a reply is a reset that ends no path."""
        return reply.kind is ReplyKind.RST and _machine(reply) in self._partial

    def _gets_further(self, reset: Reply) -> bool:
        """Whether another SYN of the flow got further than what reset this one."""
        flow, ttl, _ = reset.request
        is_accepted = self._accepted.get(flow, ttl + 1) <= ttl
        return is_accepted or any(self._expired(flow, ttl))

    def _is_before_host(self, machine: _Machine) -> bool:
        number, links = machine
        furthest = self._furthest.get(number)
        return 0 < links < (furthest or 0)


def _machine(reset: Reply) -> _Machine:
    return int(reset.responder), _links(reset)


def _links(reply: Reply) -> int:
    """Over how many links a reply came; 0 if that is not seen."""
    return 0 if reply.reply_ttl is None else links_passed(reply.reply_ttl)
