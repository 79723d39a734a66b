"""Tunnels and changed TTLs, by the TTLs that quotes show.

A router at which a probe expires quotes a TTL of 1. In an MPLS tunnel only the label's TTL falls,
so its routers quote 1, 2, 3 and so on (Donnet et al., CCR 2012). Where the label's TTL is not that
of the packet, a router behind hidden ones may quote a TTL far above 1. A TTL only falls, so no
quote shows more than the probe left with: else something on the way raised it, as Linux does at the
end of a tunnel into which it did not propagate the TTL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.findings.changes.base import Change, Kind
from mda.findings.changes.beginnings import Values, beginnings, values_of
from mda.model import ReplyKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mda.findings.changes.base import Seen
    from mda.model import Reply, Vertex

_FULL: Final = 255  # the TTL of a label into which that of the packet is not propagated
_PLAUSIBLE: Final = 32  # hidden hops, at most; hardly any path is longer


def raised(seen: Seen) -> Iterator[Change]:
    """The vertices that quote a higher TTL than the probe left with."""

    def excess(_: Vertex, reply: Reply) -> int | None:
        left = reply.quoted_ttl
        if left is None or reply.kind not in (ReplyKind.TIME_EXCEEDED, ReplyKind.UNREACHABLE):
            return None
        return left if left > reply.request.ttl else 0

    for found in beginnings(seen, values_of(seen, excess), 0):
        left = int(found.behind)
        if left:
            sent = sorted({
                reply.request.ttl for vertex in found.vertices for reply in seen.replies[vertex]
                if reply.quoted_ttl == left and reply.request.ttl < left
            })  # fmt: skip
            yield Change(
                Kind.TTL_RAISED, found.after, found.vertices, found.flows, str(sent[0]), str(left),
                hops=hidden_hops(left),
            )  # fmt: skip


def tunnels(seen: Seen) -> Iterator[Change]:
    """Routers in tunnels that quote no label: where TTLs count up, and where they jump."""
    values = values_of(seen, _expired_with)
    inside: set[Vertex] = set()
    for found in beginnings(seen, values, 1):
        before, behind = int(found.before), int(found.behind)
        if behind <= 1 or inside.issuperset(found.vertices):
            continue
        passed = found.vertices[0].ttl - found.after[0].ttl  # silent ones are among them
        if before < behind <= before + passed:
            run = _counting_up(seen, values, found.vertices, behind)
            inside.update(run)
            last = max(int(values.agreed(vertex) or behind) for vertex in run)
            yield Change(Kind.IMPLICIT_TUNNEL, found.after, run, found.flows, "1", str(last))
        elif behind > before:
            yield Change(
                Kind.OPAQUE_TUNNEL, found.after, found.vertices, found.flows, str(before),
                str(behind), hops=hidden_hops(behind),
            )  # fmt: skip


def _counting_up(
    seen: Seen, values: Values, first: Iterable[Vertex], left: int
) -> tuple[Vertex, ...]:
    """The `first` vertices, which quote `left`, and those behind that quote one more per hop."""
    run: dict[Vertex, int] = dict.fromkeys(first, left)
    ahead = list(run.items())
    while ahead:
        vertex, left = ahead.pop()
        for far in seen.dag.successors(vertex):
            is_silent = not values.get(far)
            if far not in run and (is_silent or values.agreed(far) == left + 1):
                ahead.append((far, left + 1))
                if not is_silent:
                    run[far] = left + 1
    return tuple(sorted(run, key=lambda vertex: vertex.sort_key))


def _expired_with(_: Vertex, reply: Reply) -> int | None:
    """The quoted TTL of an expired probe that shows neither labels nor another tunnel."""
    is_plain = reply.kind is ReplyKind.TIME_EXCEEDED and not reply.mpls and not reply.in_tunnel
    left = reply.quoted_ttl
    return left if is_plain and left is not None and left <= reply.request.ttl else None


def hidden_hops(left: int) -> int:
    """How many hops a TTL that began at 255 has passed; 0 if it hardly began there."""
    return _FULL - left if _FULL - left <= _PLAUSIBLE else 0
