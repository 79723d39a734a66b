"""What is true of a network, from its description alone: what replies where, and why not.

Every packet of a flow takes one path unless a router balances per packet. A packet with TTL t is
replied to by the router at distance t, unless something on its way refuses, drops or hides it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.truth.networks import DESTINATION, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.truth.networks import Net

_LONGEST = 40


class Seen(NamedTuple):
    """What a trace sees at a TTL: an address, or None where nothing replies."""

    ttl: int
    address: str | None


class Place(NamedTuple):
    """Where a packet's TTL ends: at `router`, behind `before`; or nowhere, if it is lost before.

    `loss` is the share of packets that get lost before they come here. With `is_masked`, a reply
    seems to come from the destination. A router that counts twice is at a second hop as well, where
    `is_second` is true.
    """

    router: str | None
    before: str = ""
    loss: float = 0.0
    is_masked: bool = False
    is_second: bool = False


@dataclass
class Truth:
    """The true statements about a network.

    `routers` are those that may reply as a vertex, `losses` the shares of probes that get no reply
    there, one for each way. `ends` are the hops at which the destination is, `early_ends` those at
    which it replies to packets that had expired one hop before. `dark` are hops that some packets
    do not reach because they are dropped, or at which the destination stays silent. `unclear` are
    vertices that a reply may come from although the router is elsewhere. `packet` are the vertices
    of routers that balance per packet, and `before_fickle` those before a router that balances its
    replies so.
    """

    net: Net
    vertices: set[Seen] = field(default_factory=set)
    edges: set[tuple[Seen, Seen]] = field(default_factory=set)
    routers: dict[Seen, set[str]] = field(default_factory=lambda: defaultdict(set))
    losses: dict[Seen, set[float]] = field(default_factory=lambda: defaultdict(set))
    ends: set[int] = field(default_factory=set)
    early_ends: set[int] = field(default_factory=set)
    lanes: set[tuple[Seen, Seen, Seen]] = field(default_factory=set)
    refusing: set[Seen] = field(default_factory=set)
    packet: set[Seen] = field(default_factory=set)
    before_fickle: set[Seen] = field(default_factory=set)


def truth(net: Net) -> Truth:
    """The truth of a network."""
    found = Truth(net)
    origin = Seen(0, net.source)
    found.vertices.add(origin)
    here: dict[tuple[Seen | None, Seen], set[Place]] = {(None, origin): {Place(SOURCE)}}
    for ttl in range(1, _LONGEST):
        there: dict[tuple[Seen | None, Seen], set[Place]] = defaultdict(set)
        for (before, near), places in here.items():
            for place in places:
                for far, next_place in _next(found, place, ttl):
                    found.vertices.add(far)
                    found.edges.add((near, far))
                    if before is not None:
                        found.lanes.add((before, near, far))
                    if next_place is not None:
                        there[near, far].add(next_place)
        if not there:
            break
        here = there
    _note_packets(found)
    return found


def _next(found: Truth, place: Place, ttl: int) -> Iterator[tuple[Seen, Place | None]]:
    """What is seen one TTL behind a place, and the place there; None where the path ends."""
    net = found.net
    if place.router is None:  # it was dropped: silence up to the last hop
        yield Seen(ttl, None), place
        return
    keys = net.nodes.get(place.router, {})
    if place.router == DESTINATION or "prohibits" in keys:
        return
    if "refuses" in keys:
        return
    if keys.get("drops"):
        yield Seen(ttl, None), Place(None)
        return
    if keys.get("counts_twice") and not place.is_second:
        yield from _seen_at(found, place._replace(is_second=True), ttl)
        return
    passing = 1 - (1 - place.loss) * (1 - keys.get("loses", 0.0))
    masked = place.is_masked or bool(keys.get("masks"))
    for name in net.after(place.router):
        there = Place(name, place.router, passing, masked)
        if name == DESTINATION and "down_after_ms" in net.nodes[DESTINATION]:
            continue  # the path ends at the router before
        yield from _seen_at(found, there, ttl)


def _seen_at(found: Truth, there: Place, ttl: int) -> Iterator[tuple[Seen, Place | None]]:
    """What is seen where a packet's TTL ends at a router, and whether packets go on from there."""
    assert there.router is not None
    keys = found.net.nodes[there.router]
    is_end = there.router == DESTINATION
    if is_end:
        found.ends.add(ttl)
    if keys.get("passes_expired"):
        # The next router replies, one hop early.
        for name in found.net.after(there.router):
            early = Place(name, there.router, there.loss, there.is_masked)
            if name == DESTINATION:
                found.early_ends.add(ttl)
            for seen, _ in _seen_at_router(found, early, ttl):
                yield seen, there
        return
    for seen, _ in _seen_at_router(found, there, ttl):
        goes_on = not is_end or keys.get("silent", False)
        yield seen, (Place(None) if is_end else there) if goes_on else None


def _seen_at_router(found: Truth, there: Place, ttl: int) -> Iterator[tuple[Seen, None]]:
    assert there.router is not None
    keys = found.net.nodes[there.router]
    for address in (None,) if keys.get("silent") else _addresses(found.net, there):
        seen = Seen(ttl, address)
        found.routers[seen].add(there.router)
        found.losses[seen].add(1 - (1 - there.loss) * (1 - keys.get("loss", 0.0)))
        if "prohibits" in keys or "refuses" in keys:
            found.refusing.add(seen)
        yield seen, None


def _addresses(net: Net, there: Place) -> tuple[str, ...]:
    """The addresses of the interfaces from which a router replies."""
    if there.router == DESTINATION or there.is_masked:
        return (net.destination,)
    assert there.router is not None
    keys = net.nodes[there.router]
    interfaces = keys["interfaces"]
    if "way_back" in keys:
        return tuple(interfaces)
    index = net.before(there.router).index(there.before)
    return (str(interfaces[index] if index < len(interfaces) else interfaces[0]),)


def _note_packets(found: Truth) -> None:
    """Note the vertices of routers that balance per packet, and those before such replies."""
    for seen, names in found.routers.items():
        for name in names:
            by = found.net.nodes[name].get("balance", {}).get("by")
            if by == "packet" and len(found.net.after(name)) > 1:
                found.packet.add(seen)
    for near, far in found.edges:
        for name in found.routers.get(far, ()):
            if found.net.nodes[name].get("way_back") == "packet":
                found.before_fickle.add(near)
