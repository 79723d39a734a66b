"""Statements that name their own chance of being wrong, each with that chance and the truth.

Over any runs, at most the mean of the stated chances may be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.truth.branches import is_excepted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.truth.claims import Claims
    from tests.truth.oracle import Truth

Stated = tuple[float, bool]  # the chance, and whether the statement is wrong
# What the routers of a topology file hash unless it says otherwise.
_DEFAULT: Final = ("source", "destination", "protocol", "sport", "dport", "icmp-checksum")
_PORTS: Final = {"sport", "dport", "icmp-checksum"}
_NOTICED: Final = {
    "a router balances per packet",
    "probes end at an address that is not the destination's",
}
_PORTLESS: Final = ("per destination", "per flow label")


def _promise(truth: Truth, claims: Claims) -> Iterator[Stated]:
    """The chance that the graph lacks something.

    Where a per-packet balancer or a refusal is noticed, nothing is promised, and noticing it is
    what keeps the promise of the runs that do not. Where a hop hides that is assumed not to,
    nothing is promised.
    """
    chance = claims.document["certainty"]["miss_probability"]
    if not _NOTICED.isdisjoint(claims.document["certainty"]["obstacles"]):
        yield claims.document["plan"]["failure_probability"], False
    if chance is not None and not (truth.early_ends and claims.assumes_no_hidden_hop):
        yield chance, _is_incomplete(truth, claims)


def _is_incomplete(truth: Truth, claims: Claims) -> bool:
    """Whether an address or a link between addresses is missing, up to the last hop that replied.

    A silent router is missing where its branch begins.
    """
    found = set(claims.seen.values())
    links = {(claims.seen[near], claims.seen[far]) for near, far, _ in claims.edges()}
    last = max((seen.ttl for seen in found if seen.address is not None), default=0)
    if claims.document["run"]["reached"]:
        last = max(last, *truth.ends)
    vertices = {seen for seen in truth.vertices if seen.address is not None and seen.ttl <= last}
    edges = {
        (near, far)
        for near, far in truth.edges
        if near.address is not None and far.ttl <= last
        and (far.address is not None or far in truth.routers)
    }  # fmt: skip
    return bool(truth.hidden) or not (vertices <= found and edges <= links)


def _verdicts(truth: Truth, claims: Claims) -> Iterator[Stated]:
    """Whether a balancer hashes a field."""
    for balancer in claims.document["balancers"]:
        hashed = _hashed(truth, claims, balancer["vertex"])
        if hashed is None or balancer["kind"] == "per packet" or is_excepted(truth, balancer):
            continue
        for field in balancer["fields"]:
            if field["verdict"] in ("hashed", "ignored") and field["error_probability"] is not None:
                is_hashed = field["verdict"] == "hashed"
                yield field["error_probability"], is_hashed != (field["field"] in hashed)


def _kinds(truth: Truth, claims: Claims) -> Iterator[Stated]:
    """What a balancer keeps together."""
    for balancer in claims.document["balancers"]:
        seen, kind = claims.seen[balancer["vertex"]], balancer["kind"]
        chance, hashed = balancer["error_probability"], _hashed(truth, claims, balancer["vertex"])
        if chance is None or is_excepted(truth, balancer):
            continue
        if (kind == "per packet") != (seen in truth.packet):
            yield chance, True
        elif hashed is not None and kind in ("per flow", "per application", *_PORTLESS):
            yield chance, bool(hashed & _PORTS) == (kind in _PORTLESS)


def _hashed(truth: Truth, claims: Claims, name: str) -> set[str] | None:
    """The fields that all balancing routers at a vertex hash; None if it differs, or is unknown."""
    found = set()
    for router in truth.routers.get(claims.seen[name], ()):
        balance = truth.net.nodes[router].get("balance", {})
        if len(truth.net.after(router)) > 1 and balance.get("by", "flow") == "flow":
            found.add(tuple(balance.get("fields", _DEFAULT)))
    return set(found.pop()) if len(found) == 1 else None


CHANCES: Final[dict[str, Callable[[Truth, Claims], Iterator[Stated]]]] = {
    "something is missing": _promise,
    "a field's verdict": _verdicts,
    "a balancer's kind": _kinds,
}
