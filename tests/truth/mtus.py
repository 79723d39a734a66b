"""Path MTUs that are stated, held against what the routers take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.truth.oracle import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.truth.claims import Claims, Json
    from tests.truth.oracle import Truth


def wrong_mtus(truth: Truth, claims: Claims) -> Iterator[str]:
    """MTUs of hops and links that they do not have, and narrow links that are not found."""
    found = claims.document.get("mtu")
    if found is None:
        return
    known = {own["vertex"]: set(own["mtus"]) for own in found["vertices"]}
    for name, mtus in known.items():
        if not mtus <= truth.mtus[claims.seen[name]]:
            yield f"MTUs {mtus} at {name}, in truth {truth.mtus[claims.seen[name]]}"
    told = {(link["from"], link["to"]) for link in found["links"]}
    for link in found["links"]:
        if not _is_true(truth, claims, link):
            yield f"{link['mtu']} bytes from {link['from']} to {link['to']}: {link}"
    for near, far, _ in claims.edges():
        is_clear = claims.seen[near].address is not None and far in known
        true = [truth.mtus[claims.seen[name]] for name in (near, far)]
        is_clear &= all(len(own) == 1 for own in true) and max(true[0]) > max(true[1])
        if is_clear and (near, far) not in told:
            yield f"nothing about the link from {near} to {far}, of {true[1]} bytes"


def _is_true(truth: Truth, claims: Claims, link: Json) -> bool:
    """Whether a link is between routers that take so much, and who says so is the narrow one."""
    near, far = claims.seen[link["from"]], claims.seen[link["to"]]
    narrow = [keys for keys in truth.net.nodes.values() if keys.get("mtu") == link["mtu"]]
    is_hole = link["black_hole_probability"] is not None
    own = {address for keys in narrow for address in keys["interfaces"]}
    return (
        {link["before"]} <= truth.mtus[near] | {LONGEST}
        and link["mtu"] in truth.mtus[far]
        and truth.is_next(near, far, lambda _: True)
        and any(("black_hole" in keys or "silent" in keys) == is_hole for keys in narrow)
        and set(link["said_by"]) <= own
    )
