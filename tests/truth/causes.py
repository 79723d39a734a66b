"""Sentences that explain why an address replies at several hops, held against the true reasons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.truth.claims import Claims
    from tests.truth.oracle import Truth

# A finding that begins with an address and a verb, up to the next one.
_SENTENCE: Final = re.compile(
    r"^(?=\S*[.:])[0-9a-f.:]+ (?!simulated)[a-z].*(?:\n  \S.*)*", re.MULTILINE
)
_SUBJECT: Final = re.compile(r": it forwards expired|^\S+ forwards expired")


class Cause(NamedTuple):
    """A cause: how sentences name it, and the keys of a router that is so."""

    named: str
    keys: frozenset[str]


CAUSES: Final = (
    Cause("forwards expired", frozenset({"passes_expired"})),
    Cause("rewritten", frozenset({"masks", "rewrites_source"})),
    Cause("several machines", frozenset({"masks"})),
    Cause("twice", frozenset({"counts_twice"})),
    Cause("refuses", frozenset({"refuses", "prohibits"})),
)


def wrong_causes(truth: Truth, claims: Claims) -> Iterator[str]:
    """The sentences none of whose causes is true, or that name another router; and all loops.

    No class of networks has a loop.
    """
    for revisit in claims.document["graph"]["revisits"]:
        if revisit["loop"]:
            yield f"a loop at {revisit['address']}, hops {revisit['ttls']}"
    nodes = truth.net.nodes.values()
    passing = [keys for keys in nodes if "passes_expired" in keys]
    owned = {address for keys in passing for address in keys["interfaces"]}
    for found in _SENTENCE.findall(claims.text):
        said = " ".join(found.split())
        named = [cause for cause in CAUSES if cause.named in said]
        if not any(cause.keys & keys.keys() for cause in named for keys in nodes):
            yield said
        elif passing and _SUBJECT.search(said) and said.split()[0] not in owned:
            yield f"the wrong router: {said}"
