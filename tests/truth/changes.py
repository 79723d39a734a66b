"""Changes of packets that a trace states, held against what the routers do."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.truth.networks import DESTINATION, SOURCE
from tests.truth.oracle import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.truth.claims import Claims, Json
    from tests.truth.oracle import Truth

Values = set[str]


class OfHosts(Enum):
    """Which replies of a host show a kind of changes."""

    NONE = "none"
    QUOTES = "those that quote"
    ALL = "all"


class Kind(NamedTuple):
    """A kind of changes: what a vertex shows of it, as text, and which of a host's replies do.

    A vertex that shows nothing is passed over. `may_show` is what else is true of it.
    """

    name: str
    shown: Callable[[Truth, Seen], Values]
    of_hosts: OfHosts
    may_show: Callable[[Truth, Seen], Values] = lambda _truth, _seen: set()


def _labels(truth: Truth, seen: Seen) -> Values:
    return {"/".join(map(str, keys.get("mpls", ()))) for keys in _keys(truth, seen)}


def _label_ttls(truth: Truth, seen: Seen) -> Values:
    left = {keys.get("label_ttl", 1) if "mpls" in keys else 1 for keys in _keys(truth, seen)}
    return {str(ttl) if ttl > 1 else "" for ttl in left} or {""}


def _quoted_ttls(truth: Truth, seen: Seen) -> set[int]:
    return truth.quoted_ttls.get(seen, {1})


def _clear_excesses(truth: Truth, seen: Seen) -> Values:
    """Nothing where packets meet the address at two hops in a row."""
    again = (seen._replace(ttl=seen.ttl - 1), seen), (seen, seen._replace(ttl=seen.ttl + 1))
    return set() if not truth.edges.isdisjoint(again) else _excesses(truth, seen)


def _excesses(truth: Truth, seen: Seen) -> Values:
    return {f"{excess:+d}" for excess in truth.excesses[seen]}


def _keys(truth: Truth, seen: Seen) -> Iterator[Json]:
    """The keys of the routers that may be a vertex."""
    return (truth.net.nodes[name] for name in truth.routers.get(seen, ()))


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            "source",
            lambda truth, seen: {own.source for own in truth.headers[seen]},
            OfHosts.QUOTES,
        ),
        Kind("dscp", lambda truth, seen: {own.dscp for own in truth.headers[seen]}, OfHosts.QUOTES),
        Kind("ecn", lambda truth, seen: {own.ecn for own in truth.headers[seen]}, OfHosts.QUOTES),
        Kind(
            "flow-label",
            lambda truth, seen: {own.flow_label for own in truth.headers[seen]},
            OfHosts.QUOTES,
        ),
        Kind("explicit-tunnel", lambda truth, seen: _labels(truth, seen) or {""}, OfHosts.NONE),
        Kind("label-ttl", _label_ttls, OfHosts.NONE),
        # A trace by TCP sees such an address only once, where it is the destination's.
        Kind("way-back", _clear_excesses, OfHosts.ALL, may_show=_excesses),
    )
}
_BY_KEY: Final = {"zero-ttl": "passes_expired", "copied-ttl": "copies_ttl"}
_TUNNELS: Final = ("implicit-tunnel", "opaque-tunnel", "ttl-raised")


def wrong_changes(truth: Truth, claims: Claims) -> Iterator[str]:
    """The changes that no router makes there, and those that some router makes and none is said."""
    told = claims.document.get("changes", [])
    for change in told:
        name = change["kind"]
        nodes = truth.net.nodes.values()
        if name in KINDS:
            is_true = _is_true(truth, claims, change)
        elif name in _TUNNELS:
            is_true = _is_true_tunnel(truth, claims, change)
        else:
            is_true = any(_BY_KEY.get(name, "") in keys for keys in nodes)
        if not is_true:
            yield f"{name} {change.get('sent', '')} to {change.get('shown', '')} between " \
                  f"{change['after']} and {change['vertices']}"  # fmt: skip
    for kind in KINDS.values():
        yield from _missing(truth, claims, kind)
    yield from _missing_tunnels(truth, claims)


def _is_true(truth: Truth, claims: Claims, change: Json) -> bool:
    """Whether the vertices show these values, and no router between them answers."""
    kind = KINDS[change["kind"]]
    nears, fars = _ends(claims, change)

    def is_next(near: Seen, far: Seen) -> bool:
        return truth.is_next(near, far, lambda seen: bool(kind.shown(truth, seen)))

    def is_true_of(seen: Seen, value: str) -> bool:
        return value in kind.shown(truth, seen) | kind.may_show(truth, seen)

    return (
        all(is_true_of(near, change.get("sent", "")) for near in nears)
        and all(is_true_of(far, change.get("shown", "")) for far in fars)
        and all(any(is_next(near, far) for near in nears) for far in fars)
        and all(any(is_next(near, far) for far in fars) for near in nears)
    )


def _is_true_tunnel(truth: Truth, claims: Claims, change: Json) -> bool:
    """Whether the vertices quote TTLs that count up, jump, or are above the one sent."""
    nears, fars = _ends(claims, change)
    quoted = {ttl for far in fars for ttl in _quoted_ttls(truth, far)}
    highest = max(quoted)
    if int(change["shown"]) != highest or min(quoted) <= 1:
        return False
    links = min(far.ttl for far in fars) - max(near.ttl for near in nears)
    before = max(ttl for near in nears for ttl in _quoted_ttls(truth, near))
    return {
        "implicit-tunnel": min(quoted) <= before + links,
        "opaque-tunnel": highest > before + links,
        "ttl-raised": highest > min(far.ttl for far in fars),
    }[change["kind"]]


def _ends(claims: Claims, change: Json) -> tuple[list[Seen], list[Seen]]:
    """The vertices before a change and those that show it."""
    nears, fars = ([claims.seen[name] for name in change[side]] for side in ("after", "vertices"))
    return nears, fars


def _missing(truth: Truth, claims: Claims, kind: Kind) -> Iterator[str]:
    """Links that change what all packets there show, and of which nothing is said."""
    told = {
        (near, far)
        for change in claims.document.get("changes", []) if change["kind"] == kind.name
        for near in change["after"] for far in change["vertices"]
    }  # fmt: skip
    (sent,) = kind.shown(truth, Seen(0, truth.net.source))
    for near, far, _ in claims.edges():
        ends = claims.seen[near], claims.seen[far]
        before, behind = (kind.shown(truth, seen) for seen in ends)
        is_clear = len(before) == len(behind) == 1 and before != behind and behind != {sent}
        if is_clear and (near, far) not in told and _do_show(truth, ends, kind.of_hosts):
            yield f"no {kind.name} from {before.pop()} to {behind.pop()} between {near} and {far}"


def _missing_tunnels(truth: Truth, claims: Claims) -> Iterator[str]:
    """Vertices that quote another TTL than one, right behind those that do not, without a word."""
    told = {
        name
        for change in claims.document.get("changes", []) if change["kind"] in _TUNNELS
        for name in change["vertices"]
    }  # fmt: skip
    for near, far, _ in claims.edges():
        ends = claims.seen[near], claims.seen[far]
        before, behind = (_quoted_ttls(truth, seen) for seen in ends)
        is_clear = before == {1} and min(behind) > 1 and not any(_labels(truth, ends[1]))
        if is_clear and far not in told and _do_show(truth, ends, OfHosts.QUOTES):
            yield f"no tunnel at {far}, which quotes a TTL of {max(behind)}"


def _do_show(truth: Truth, ends: tuple[Seen, Seen], of_hosts: OfHosts) -> bool:
    """Whether the replies of both ends surely show a kind of changes."""
    for seen in ends:
        routers = truth.routers.get(seen, {SOURCE} if seen.ttl == 0 else set())
        if len(routers) != 1 or seen.address is None:
            return False
        if DESTINATION in routers and not _does_host_show(truth, of_hosts):
            return False
    return True


def _does_host_show(truth: Truth, of_hosts: OfHosts) -> bool:
    """Whether the destination's replies show what these of a host's do; only by UDP they quote."""
    if of_hosts is OfHosts.QUOTES:
        return {"-I", "-T"}.isdisjoint(truth.net.options)
    return of_hosts is OfHosts.ALL
