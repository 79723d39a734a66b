"""Whether a tunnel may hide hops before the destination, by the TTLs that it quotes.

A tunnel's entry may copy the TTL to its own header, which its end drops (RFC 2473, RFC 8986).
The TTL that the probe then has left is that of a nearer destination, but no probe with so small a
TTL gets there: it expires in the tunnel, and the router there reports that to the tunnel's entry.
A tunnel's end may also set the TTL to that of the tunnel's header, as Linux does for MPLS. Where
the destination quotes no TTL, only its replies then show that it is farther: by their own TTL they
come back over more links than those of the hop before. Another way back looks the same.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mda.answers.distances import MANY_LINKS, links_more
from mda.model import IPAddress, Loss, Reply, Vertices

if TYPE_CHECKING:
    from collections.abc import Collection

    from mda.findings.known import Known
    from mda.model import Vertex


def may_be_farther(known: Known, arrivals: Collection[Vertex]) -> bool:
    """Whether losses contradict what the destination quotes, or nothing else places it somewhere.

    The same holds where it quotes a higher TTL than the probe left with. In the other case enough
    probes with its TTL were lost to make a silence, and none was answered. Lost replies look the
    same.
    """
    contradicted = {number for _, number in known.table.ends.contradictions.found}
    if any(end.address is not None and int(end.address) in contradicted for end in arrivals):
        return True
    met, lost = set[tuple[int, IPAddress | None]](), Counter[int]()
    ttls = {end.ttl for end in arrivals}
    for outcome in known.plain:
        ttl = outcome.request.ttl
        if ttl not in ttls:
            continue
        if isinstance(outcome, Loss):
            lost[ttl] += 1
        else:
            if outcome.ends_path and (outcome.quoted_ttl or 0) > ttl:
                return True  # something raised its TTL, so hops before are hidden
            met.add((ttl, outcome.responder))
    attempts = known.record.plan.attempts
    return any((end.ttl, end.address) not in met and lost[end.ttl] >= attempts for end in arrivals)


def may_reply_from_behind(known: Known, arrivals: Collection[Vertex]) -> bool:
    """Whether a destination that quotes no TTL replies over many links more than the hop before.

    That hop has to have answered: behind a silent one, ways back often differ.
    """
    vertices = Vertices(known.table.ends.places)
    quoting = {vertices.of(own) for own in known.own_replies if own.quoted_ttl is not None}
    ends = [end for end in arrivals if end not in quoting]
    if not ends:
        return False
    at_end: dict[int, list[int]] = {}
    before: dict[int, list[int]] = {0: [0]}
    for outcome in known.plain:
        if isinstance(outcome, Reply):
            vertex = vertices.of(outcome)
            links = links_more(outcome, vertex.ttl)
            if links is not None:
                hops = at_end if vertex in ends else before
                hops.setdefault(vertex.ttl, []).append(links)
    return any(
        min(links) - max(before[ttl - 1]) >= MANY_LINKS
        for ttl, links in at_end.items()
        if ttl - 1 in before
    )
