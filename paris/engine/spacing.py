"""How soon each router may be asked again, whichever of a survey's destinations a probe is for.

Which router a probe will meet is known only where probes have met one. Until then, it is expected
to meet the one that probes to the same destination met at that TTL, or to its neighbours, or the
only one that any probe met there. Where even that is unknown, all such probes to a TTL share one
rate, as if one router had to answer them all. A reply corrects what was expected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.model import Reply

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from mda.model import IPAddress, Outcome, ProbeRequest

_BURST_S: Final = 0.2  # a router that was left alone for so long gets that many probes at once
_NEIGHBOURS: Final = {4: (8, 16), 16: (80, 96)}  # host bits in common prefixes, by bytes of address
_MOST_KEPT: Final = 200_000  # entries of each table
_END: Final = "end"  # the destination itself replied; another destination has its own address


class Spacing:
    """Says when a probe may leave, so that no address is asked more than `rate_pps` per second."""

    def __init__(self, rate_pps: float) -> None:
        self._every_s = 1 / rate_pps
        self._ahead_s = max(0.0, _BURST_S - self._every_s)
        # By router, or by TTL where it is unknown: when its next probe is due at the steady rate.
        self._due_s: dict[Hashable, float] = {}
        self._pruned = _MOST_KEPT
        self._met: dict[tuple[int, int, int], IPAddress | str] = {}  # by host bits, prefix and TTL
        self._only: dict[int, IPAddress | str | None] = {}  # by TTL; None if there are several

    def lane(self, destination: IPAddress) -> Lane:
        """The view of the probes to one destination."""
        return Lane(self, destination)

    def router(self, destination: IPAddress, ttl: int) -> Hashable:
        """What will answer a probe, judging by what other destinations show."""
        number = int(destination)
        for bits in _NEIGHBOURS[len(destination.packed)]:
            met = self._met.get((bits, number >> bits, ttl))
            if met is not None:
                break
        else:
            met = self._only.get(ttl)
        if met is None:
            return ttl
        return destination if met is _END else met

    def reserve(self, router: Hashable, now_s: float) -> float:
        """When the next probe to a router may leave; it counts as sent then."""
        due_s = max(self._due_s.get(router, 0.0), now_s)
        self._charge(router, due_s + self._every_s, now_s)
        return max(now_s, due_s - self._ahead_s)

    def is_shared(self, ttl: int) -> bool:
        """Whether all probes to a TTL have met the same router, if any."""
        return self._only.get(ttl, _END) not in (None, _END)

    def settle(self, charged: Iterable[Hashable], router: IPAddress, now_s: float) -> None:
        """A probe that took its turn at all of `charged` met `router`."""
        is_paid = False
        for own in charged:
            # What was unknown when it took its turn was counted for the router by `learn`.
            if own == router or (isinstance(own, int) and self._only.get(own) == router):
                is_paid = True
            elif own in self._due_s:
                self._due_s[own] -= self._every_s
        if not is_paid:
            self.reserve(router, now_s)

    def learn(self, destination: IPAddress, ttl: int, router: IPAddress, now_s: float) -> None:
        """A probe met a router, or its destination."""
        met: IPAddress | str = _END if router == destination else router
        number = int(destination)
        for bits in _NEIGHBOURS[len(destination.packed)]:
            self._met[bits, number >> bits, ttl] = met
        while len(self._met) > _MOST_KEPT:
            del self._met[next(iter(self._met))]
        if ttl not in self._only:
            self._only[ttl] = met
            # Whatever is under way to this TTL may be for this router.
            due_s = max(self._due_s.get(ttl, 0.0), self._due_s.get(router, 0.0))
            self._charge(router, due_s, now_s)
        elif self._only[ttl] != met:
            self._only[ttl] = None

    def _charge(self, router: Hashable, due_s: float, now_s: float) -> None:
        self._due_s[router] = due_s
        if len(self._due_s) > self._pruned:
            self._due_s = {own: at_s for own, at_s in self._due_s.items() if at_s > now_s}
            self._pruned = max(_MOST_KEPT, 2 * len(self._due_s))


class Lane:
    """The spacing of probes to one destination."""

    def __init__(self, spacing: Spacing, destination: IPAddress) -> None:
        self._spacing = spacing
        self._destination = destination
        self._met: dict[int, IPAddress] = {}  # by TTL
        self._charged: dict[ProbeRequest, list[Hashable]] = {}  # where each took its turn

    def own_turn_s(self, request: ProbeRequest, now_s: float) -> float:
        """When a probe may leave because of its destination, which may be what it meets."""
        if request.ttl in self._met or self._spacing.is_shared(request.ttl):
            return now_s
        self._charged[request] = [self._destination]
        return self._spacing.reserve(self._destination, now_s)

    def turn_s(self, request: ProbeRequest, now_s: float) -> float:
        """When a probe may leave; it counts as sent then."""
        router: Hashable = self._met.get(request.ttl)
        if router is None:
            router = self._spacing.router(self._destination, request.ttl)
        charged = self._charged.setdefault(request, [])
        if router in charged:
            return now_s
        charged.append(router)
        return self._spacing.reserve(router, now_s)

    def learn(self, outcome: Outcome, now_s: float) -> None:
        """Take in an outcome."""
        ttl = outcome.request.ttl
        charged = self._charged.pop(outcome.request, [])
        if not isinstance(outcome, Reply):
            return  # whoever it met may have been asked
        if self._met.get(ttl) != outcome.responder:
            self._met[ttl] = outcome.responder
            self._spacing.learn(self._destination, ttl, outcome.responder, now_s)
        self._spacing.settle(charged, outcome.responder, now_s)
