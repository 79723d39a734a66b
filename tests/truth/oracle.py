"""What is true of a network, from its description alone: what replies where, and why not.

Every packet of a flow takes one path unless a router balances per packet. A packet with TTL t is
replied to by the router at distance t, unless something on its way refuses, drops or hides it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.truth.networks import DESTINATION, SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.truth.networks import Keys, Net

_LONGEST = 40
LONGEST: Final = 1500  # bytes of a packet that leaves the source


class Seen(NamedTuple):
    """What a trace sees at a TTL: an address, or None where nothing replies."""

    ttl: int
    address: str | None


class Header(NamedTuple):
    """The fields of a packet that routers rewrite, as text."""

    source: str
    dscp: str
    ecn: str
    flow_label: str = ""  # as it was sent

    def forwarded(self, keys: Keys) -> Header:
        """What a router with these keys makes of it."""
        return Header(
            str(keys.get("rewrites_source", self.source)),
            str(keys.get("sets_dscp", self.dscp)),
            str(keys.get("sets_ecn", self.ecn)),
            str(keys.get("sets_flow_label", self.flow_label)),
        )


class Place(NamedTuple):
    """Where a packet's TTL ends: at `router`, behind `before`; or nowhere, if it is lost before.

    `loss` is the share of packets that get lost before they come here. With `is_masked`, a reply
    seems to come from the destination. A router that counts twice is at a second hop as well, where
    `is_second` is true. The packet has this `header` there, has passed `links`, and has at most
    `mtu` bytes. It has this TTL `left`, if its TTL was set on the way.
    """

    router: str | None
    before: str = ""
    loss: float = 0.0
    is_masked: bool = False
    is_second: bool = False
    header: Header = Header("", "0", "0")
    links: int = 0
    mtu: int = LONGEST
    left: int = 1

    def behind(self, name: str, keys: Keys) -> Place:
        """The next place, router `name`, behind the router here, which has these keys."""
        return Place(
            name,
            self.router or "",
            1 - (1 - self.loss) * (1 - keys.get("loses", 0.0)),
            self.is_masked or bool(keys.get("masks")),
            header=self.header.forwarded(keys),
            links=self.links + 1,
            mtu=min(self.mtu, keys.get("mtu", LONGEST)),
            left=self.left - 1 if self.left > 1 else keys.get("sets_ttl", 1),
        )


@dataclass
class Truth:
    """The true statements about a network.

    `routers` are those that may reply as a vertex, `losses` the shares of probes that get no reply
    there, one for each way. `ends` are the hops at which the destination is, `early_ends` those at
    which it replies to packets that had expired one hop before. `dark` are hops that some packets
    do not reach because they are dropped, or at which the destination stays silent. `unclear` are
    vertices that a reply may come from although the router is elsewhere. `packet` are the vertices
    of routers that balance per packet, and `before_fickle` those before a router that balances its
    replies so. `headers` are those with which packets come to a vertex, and `excesses` by how many
    links more than hops its replies come back; `mtus` are the longest packets that get there.
    `quoted_ttls` are the TTLs that packets have left there. `hidden` are routers that no packet
    shows, as all that get there go on to the destination.
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
    headers: dict[Seen, set[Header]] = field(default_factory=lambda: defaultdict(set))
    excesses: dict[Seen, set[int]] = field(default_factory=lambda: defaultdict(set))
    mtus: dict[Seen, set[int]] = field(default_factory=lambda: defaultdict(set))
    quoted_ttls: dict[Seen, set[int]] = field(default_factory=lambda: defaultdict(set))
    hidden: set[str] = field(default_factory=set)

    def is_next(self, near: Seen, far: Seen, do_show: Callable[[Seen], bool]) -> bool:
        """Whether packets come from `near` to `far` past nothing that surely shows anything.

        What answers to every probe does if `do_show` says so.
        """
        ahead = {near}
        for _ in range(near.ttl, far.ttl):
            after = {there for here, there in self.edges if here in ahead}
            if far in after:
                return True
            ahead = {
                seen for seen in after
                if seen.address is None or max(self.losses[seen]) > 0 or not do_show(seen)
            }  # fmt: skip
        return False


def truth(net: Net) -> Truth:
    """The truth of a network."""
    found = Truth(net)
    origin = Seen(0, net.source)
    found.vertices.add(origin)
    sent = Header(net.source, str(net.traffic_class >> 2), str(net.traffic_class & 3))
    found.headers[origin].add(sent)
    found.excesses[origin].add(0)
    found.mtus[origin].add(LONGEST)
    start = Place(SOURCE, header=sent)
    here: dict[tuple[Seen | None, Seen], set[Place]] = {(None, origin): {start}}
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
    for name in net.after(place.router):
        there = place.behind(name, keys)
        if name == DESTINATION and "down_after_ms" in net.nodes[DESTINATION]:
            continue  # the path ends at the router before
        if there.left == 1:
            yield from _seen_at(found, there, ttl)
            continue
        for end in _ends(found, there):
            found.ends.add(end.links)
            # Of one hidden router, or behind a silent one, the text only says that it assumes none.
            if end.links == ttl + 1 or keys.get("silent"):
                found.early_ends.add(ttl)
            yield from _seen_at_router(found, end, ttl)


def _ends(found: Truth, there: Place) -> Iterator[Place]:
    """Where packets get whose TTL was raised: none expires, so the routers before are hidden."""
    if there.router == DESTINATION:
        yield there
        return
    assert there.router is not None
    found.hidden.add(there.router)
    for name in found.net.after(there.router):
        yield from _ends(found, there.behind(name, found.net.nodes[there.router]))


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
            early = there.behind(name, keys)
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
        found.headers[seen].add(there.header)
        found.mtus[seen].add(there.mtu)
        found.quoted_ttls[seen].add(keys.get("quotes_ttl", there.left))
        found.excesses[seen].add(there.links + keys.get("longer_back", 0) - ttl)
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
