"""Whether a tunnel may hide hops before the destination, by the TTLs that it quotes.

A tunnel's entry may copy the TTL to its own header, which its end drops (RFC 2473, RFC 8986).
The TTL that the probe then has left is that of a nearer destination, but no probe with so small a
TTL gets there: it expires in the tunnel, and the router there reports that to the tunnel's entry.
A tunnel's end may also set the TTL to that of the tunnel's header, as Linux does for MPLS.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mda.model import IPAddress, Loss

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
