"""What the hops of a trace under way have shown so far, from its outcomes as they come."""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING

from mda.model import Reply
from mda.statistics.stopping import flows_for_share

if TYPE_CHECKING:
    from mda.model import IPAddress, Outcome
    from mda.statistics.stopping import Bound


# A dataclass would delay the first probe by half a millisecond.
class HopSoFar:
    """What the probes to one hop have shown: `replies` in all, and round trips in seconds.

    `first` replied first of all interfaces. Of the `flows` that were answered, those `ended` have
    their end here or nearer.
    """

    __slots__ = ("ended", "first", "flows", "interfaces", "last_s", "lost", "min_s", "replies")

    def __init__(self) -> None:
        self.first: IPAddress | None = None
        self.interfaces: set[IPAddress] = set()
        self.flows: set[int] = set()
        self.ended: set[int] = set()
        self.last_s = self.min_s = 0.0
        self.lost: set[tuple[int, int]] = set()  # by flow and attempt
        self.replies = 0

    def add(self, outcome: Outcome) -> None:
        """Take in an outcome; a reply may follow the loss of its probe."""
        flow, _, attempt = outcome.request
        if not isinstance(outcome, Reply):
            self.lost.add((flow, attempt))
            return
        self.lost.discard((flow, attempt))
        self.last_s = outcome.rtt_s or 0.0  # what is measured here has its time
        self.min_s = min(self.min_s, self.last_s) if self.replies else self.last_s
        self.first = self.first or outcome.responder
        self.interfaces.add(outcome.responder)
        self.flows.add(flow)
        if outcome.ends_path:
            self.ended.add(flow)
        self.replies += 1

    @property
    def sent(self) -> int:
        """The probes whose outcome is known."""
        return self.replies + len(self.lost)

    @property
    def miss_probability(self) -> float:
        """At most the chance that these flows leave out one of so many equal interfaces and one.

        It is that of a hop behind a single balancer, by the union bound: quick to compute.
        """
        seen = len(self.interfaces)
        return min(1.0, (seen + 1) * (seen / (seen + 1)) ** len(self.flows))


class SoFar:
    """The hops of a trace by TTL. Another thread may read them while outcomes are added."""

    def __init__(self) -> None:
        self._hops: dict[int, HopSoFar] = {}

    def add(self, outcome: Outcome) -> None:
        """Take in an outcome."""
        ttl = outcome.request.ttl
        hop = self._hops.get(ttl)
        if hop is None:
            hop = self._hops[ttl] = HopSoFar()
        hop.add(outcome)

    @property
    def sent(self) -> int:
        """The probes whose outcome is known."""
        return sum(hop.sent for hop in self._hops.copy().values())

    @property
    def lost(self) -> int:
        """Those of them that got no reply."""
        return sum(len(hop.lost) for hop in self._hops.copy().values())

    @property
    def farthest(self) -> int:
        """The last TTL at which a path goes on, 0 without any."""
        going_on = (ttl for ttl, hop in self._hops.items() if len(hop.flows) > len(hop.ended))
        return max(going_on, default=0)

    def interfaces(self) -> set[IPAddress]:
        """All that replied."""
        return set().union(*(hop.interfaces for hop in self._hops.values()))

    def hops(self) -> list[tuple[int, HopSoFar]]:
        """Each TTL with its hop, the nearest first, but for those that are behind every end."""
        hops, ended = [], set[int]()
        for ttl, hop in sorted(self._hops.copy().items(), key=lambda own: own[0]):
            if not hop.flows or not hop.flows <= ended:
                hops.append((ttl, hop))
            ended |= hop.ended
        return hops

    def missing(self, bound: Bound) -> int:
        """About how many more flows the hops known so far need to keep `bound`.

        As many as find one more interface of a hop, and as many as find a second successor of each
        interface of the hop before.
        """
        hops = [hop for _, hop in self.hops()]
        failure_probability, least = bound.failure_probability, 1
        if not bound.per_vertex:
            failure_probability /= 1 + sum(len(hop.interfaces) > 1 for hop in hops)
        if bound.min_share is not None:
            least = flows_for_share(bound.min_share, failure_probability)
        missing, before = 0, 1
        for hop in hops:
            seen = len(hop.interfaces)
            if seen:
                needed = max(_flows_to_find(seen, failure_probability), least)
                behind_each = before * max(_flows_to_find(1, failure_probability), least)
                missing += max(0, needed - len(hop.flows), behind_each - len(hop.flows))
            before = seen or 1
        return missing


def _flows_to_find(seen: int, failure_probability: float) -> int:
    """After how many flows all of `seen` + 1 equal interfaces were met, by the union bound."""
    return ceil(log((seen + 1) / failure_probability) / log((seen + 1) / seen))
