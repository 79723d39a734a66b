"""Whether branches may be one router, as the output says, held against the true routers."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from tests.truth.networks import DESTINATION
from tests.truth.oracle import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.truth.claims import Claims
    from tests.truth.oracle import Truth

_ENOUGH: Final = 10  # flows through each of two branches that show their successors to differ
_MOST_SUCCESSORS: Final = 4  # ... if these are no more
_INITIAL_TTL: Final = {True: 64, False: 255}  # of a host, and of a router


def wrong_branches(truth: Truth, claims: Claims) -> Iterator[str]:
    """Addresses of one router that are called different, and different routers that are not."""
    flows: dict[str, int] = {}
    for near, _, taken in claims.edges():
        flows[near] = flows.get(near, 0) + len(taken)
    for balancer in claims.document["balancers"]:
        groups = [set(group) for group in balancer["may_be_one_router"]]
        for pair in combinations(balancer["successors"], 2):
            is_grouped = any(group.issuperset(pair) for group in groups)
            if _are_one(truth, *pair) and not is_grouped:
                yield f"{' and '.join(pair)} are one router"
            is_known = all(flows.get(name, 0) >= _ENOUGH for name in pair)
            if set(pair) in groups and is_known and _do_differ(truth, *pair):
                yield f"{' and '.join(pair)} may be one router"
        yield from _wrong_ttls(truth, balancer)


def is_excepted(truth: Truth, balancer: dict[str, Any]) -> bool:
    """Whether the findings about a balancer have a condition, and it does not hold."""
    return any(
        _are_one(truth, *pair)
        for group in balancer["may_be_one_router"]
        for pair in combinations(group, 2)
    )


def _seen(name: str) -> Seen:
    address, _, ttl = name.rpartition("@")
    return Seen(int(ttl), None if address.startswith("*") else address)


def _are_one(truth: Truth, near: str, far: str) -> bool:
    """Whether a router replies from both addresses at this hop."""
    here, there = (truth.routers.get(_seen(name), set()) for name in (near, far))
    return any("way_back" in truth.net.nodes[name] for name in here & there)


def _do_differ(truth: Truth, near: str, far: str) -> bool:
    """Whether two vertices never lead to the same one, and lead to few, all of which reply."""
    here, there = (
        {after for before, after in truth.edges if before == _seen(name)} for name in (near, far)
    )
    is_clear = bool(here and there) and len(here | there) <= _MOST_SUCCESSORS
    is_clear &= all(after.address is not None for after in here | there)
    return is_clear and here.isdisjoint(there)


def _wrong_ttls(truth: Truth, balancer: dict[str, Any]) -> Iterator[str]:
    """Initial TTLs that are called different, and are not."""
    ttls = {
        truth.net.nodes[router].get("initial_ttl", _INITIAL_TTL[router == DESTINATION])
        for name in balancer["successors"]
        for router in truth.routers.get(_seen(name), ())
    }
    if "initial-ttl" in balancer["differ_by"] and len(ttls) < 2:
        yield f"replies from behind {balancer['vertex']} differ in their initial TTLs"
