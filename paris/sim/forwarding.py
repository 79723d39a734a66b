"""Where a packet's way through a simulated network ends, and who replies to it there."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.model import HeaderField
from paris.packets import numbers
from paris.sim.balancers import Balance, draw, key, places
from paris.sim.filters import CODES, OF_TCP, Action, action_on
from paris.sim.rewriting import rewritten
from paris.sim.topology import DESTINATION, SOURCE, Router

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    from mda.model import IPAddress
    from paris.sim.balancers import HeaderFields
    from paris.sim.topology import Topology

_MOST_STEPS: Final = 64  # of a path; a loop has no end


class End(NamedTuple):
    """The end of a packet's way: router `name`, which it reached from `before`, replies to it.

    The router is `distance` hops away, however often the packet came by, and sees the packet with
    these `fields`, a TTL of `left` and from `source`. It refuses the packet with the code `refusal`
    of "destination unreachable" if there is one, or because it is longer than `mtu` if that is
    given, `after_s` seconds later than it would otherwise reply. Replies of a router that
    `is_masked` seem to come from the destination. A filter there stops the packet by any `action`
    but PASS.
    """

    name: str
    before: str
    fields: HeaderFields
    distance: int
    left: int
    source: IPAddress
    delay_s: float
    refusal: int | None = None
    after_s: float = 0.0
    is_masked: bool = False
    action: Action = Action.PASS
    mtu: int | None = None

    @property
    def stands_in(self) -> bool:
        """Whether the router replies in the destination's place."""
        return self.action in OF_TCP and self.name != DESTINATION

    def filtered(self, action: Action) -> End | None:
        """The end of a packet on which a filter here acts so; None if it gets lost."""
        if action is Action.DROP:
            return None
        code = CODES[action][self.source.version] if action in CODES else None
        return self._replace(refusal=code, action=action)


class _Way(NamedTuple):
    """Where a router forwards to: one of `after`, each with its share; `turn` from `turns_at_s` on.

    It hashes the header fields at the places `reads` with `key`; without a key it draws.
    """

    turn: str | None
    turns_at_s: float
    after: tuple[str, ...]
    shares: list[int]
    reads: tuple[int, ...]
    key: bytes | None


class Forwarding:
    """Forwards packets as the routers of `topology` do; `randoms` are their random numbers.

    Routers without a seed in the topology hash with keys from `seed`.
    """

    def __init__(self, topology: Topology, seed: int, randoms: Mapping[str, Random]) -> None:
        self._topology = topology
        self._randoms = randoms
        self._seed = seed
        self._ways: dict[str, _Way] = {}  # of the routers that packets have come to
        self._chosen: dict[tuple[str, HeaderFields], str] = {}

    def end_of(
        self, fields: HeaderFields, ttl: int, length: int, source: IPAddress, at_s: float
    ) -> End | None:
        """The end of a packet that leaves with this TTL at `at_s`; None if it gets lost.

        It has `length` bytes.
        """
        left, delay_s, is_masked = ttl, 0.0, False
        last: End | None = None
        distances: dict[str, int] = {}
        for name, before, seen in self._walk(fields, at_s):
            router = self._topology.routers[name]
            delay_s += router.delay_s
            distance = distances.setdefault(name, len(distances) + 1)
            here = End(name, before, seen, distance, left, source, delay_s, is_masked=is_masked)
            if name == DESTINATION:
                return self._at_destination(here, last)
            if router.prohibits is not None:
                return here._replace(refusal=router.prohibits)
            action = action_on(seen, router.rules)
            if action is Action.ANSWER:  # it is not forwarded, so its TTL does not matter
                return here.filtered(action)
            if left < 1 or (left == 1 and not router.passes_expired):
                return here
            left -= 1
            if router.counts_twice:
                if left == 1:
                    return here._replace(left=left)
                left -= 1
            last = here._replace(left=left)
            if router.refuses is not None:
                return last._replace(refusal=router.refuses)
            if action is not Action.PASS:
                return last.filtered(action)
            if router.mtu is not None and length > router.mtu:
                stated = router.mtu if router.states_mtu is None else router.states_mtu
                return None if router.black_hole else last._replace(mtu=stated)
            if not self._does_forward(router):
                return None
            source = router.rewrites_source or source
            left = left if router.sets_ttl is None else router.sets_ttl
            is_masked |= router.masks
        return None

    def path(self, fields: HeaderFields) -> Iterator[tuple[str, str]]:
        """The routers that packets with these fields pass, each with the router before it.

        What the destination's filter stops does not get there.
        """
        for name, before, seen in islice(self._walk(fields, 0.0), _MOST_STEPS):
            router = self._topology.routers[name]
            is_filtered = action_on(seen, router.rules) is not Action.PASS
            if is_filtered and name == DESTINATION:
                return
            yield name, before
            if router.refuses_all or router.drops or is_filtered:
                return

    def replies_from(self, name: str, before: str, fields: HeaderFields) -> IPAddress:
        """The address from which `name` replies to a packet with these fields, from `before`.

        A router that balances its replies hashes the packet that it quotes, as Linux does. It does
        so by another key than to forward it, unless it has a seed in the topology.
        """
        router = self._topology.routers[name]
        if router.way_back is None:
            return self._topology.interface(name, before)
        if router.way_back is Balance.PACKET:
            return self._randoms[name].choice(router.interfaces)
        values = [fields[place] for place in places(_hashed(router.way_back, router))]
        shares = [1] * len(router.interfaces)
        return router.interfaces[draw(self._key(f"way back {name}", router), values, shares)]

    def _at_destination(self, here: End, last: End | None) -> End | None:
        """The end at the destination; if it is down, the router before it finds that out."""
        host = self._topology.routers[DESTINATION]
        if host.down_after_s is None:
            return here.filtered(action_on(here.fields, host.rules))
        if last is None:
            return None
        return last._replace(
            refusal=numbers.HOST_UNREACHABLE[last.source.version], after_s=host.down_after_s
        )

    def _does_forward(self, router: Router) -> bool:
        """Whether a packet gets beyond `router`."""
        if router.drops:
            return False
        return not router.loses or self._randoms[router.name].random() >= router.loses

    def _walk(self, fields: HeaderFields, at_s: float) -> Iterator[tuple[str, str, HeaderFields]]:
        """The routers on a packet's path, each with the router before; endless in a loop.

        With each come the fields that the packet has there.
        """
        name = SOURCE
        while name != DESTINATION:
            before, name = name, self._successor(name, fields, at_s)
            yield name, before, fields
            fields = rewritten(fields, self._topology.routers[name])

    def _successor(self, name: str, fields: HeaderFields, at_s: float) -> str:
        """The router to which `name` forwards the next packet with these fields."""
        way = self._ways.get(name)
        if way is None:
            way = self._ways[name] = self._way(name)
        turn, turns_at_s, after, shares, reads, router_key = way
        if turn is not None and at_s >= turns_at_s:
            return turn
        if len(after) == 1:
            return after[0]
        known = self._chosen.get((name, fields))
        if known is not None:
            return known
        if router_key is None:
            return self._randoms[name].choices(after, shares)[0]
        chosen = after[draw(router_key, [fields[place] for place in reads], shares)]
        self._chosen[name, fields] = chosen
        return chosen

    def _way(self, name: str) -> _Way:
        """Where a router forwards to."""
        router = self._topology.routers.get(name, _SOURCE)
        after = tuple(
            other for other in self._topology.successors[name] if other != router.turns_to
        )
        return _Way(
            router.turns_to,
            router.turns_at_s,
            after,
            [router.weights.get(other, 1) for other in after],
            places(_hashed(router.by, router)),
            None if router.by is Balance.PACKET else self._key(name, router),
        )

    def _key(self, text: str, router: Router) -> bytes:
        """A router's hash key, from its own seed, or else from the run's seed and `text`."""
        return key(f"{self._seed} {text}" if router.seed is None else f"{router.seed}")


def _hashed(by: Balance, router: Router) -> tuple[HeaderField, ...]:
    """The fields that a router hashes to choose `by` flow or destination."""
    return (HeaderField.DESTINATION,) if by is Balance.DESTINATION else router.fields


_SOURCE: Final = Router(name=SOURCE, interfaces=())  # the source balances like any router
