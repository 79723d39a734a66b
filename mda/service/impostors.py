"""Who answers by TCP in the destination's name from before it: boxes that reset, proxies, NATs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.answers.distances import links_passed
from mda.model import ReplyKind, Vertex
from mda.service.fates import drawn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mda.record import Control
    from mda.trace import Trace


class Nearer(NamedTuple):
    """A reply in the destination's name that comes from the distance of the vertex `like`.

    By its TTL (`reply_ttl`) it passed as many hops as the replies of that vertex, and a reply of a
    host behind that vertex would have passed more.
    """

    like: Vertex
    reply_ttl: int


def further_away(trace: Trace, ends: Iterable[Vertex]) -> Control | None:
    """The control that shows the host behind what answers in its name; None without one.

    Paths of several protocols may have several lengths, but then the replies of one host arrive
    with one TTL.
    """
    hops = {end.ttl for end in ends}
    reply_ttls = {
        ttl for end in ends for ttl in _reply_ttls(trace, end, (ReplyKind.RST, ReplyKind.SYN_ACK))
    }
    for control in trace.controls:
        is_host = control.fate.is_at_host and control.address == trace.plan.destination
        is_further = is_host and bool(hops) and (control.hop or 0) > max(hops)
        if is_further and control.reply_ttl not in reply_ttls:
            return control
    return None


def nearer_answer(trace: Trace, ends: Iterable[Vertex]) -> Nearer | None:
    """The evidence by TTLs that what answers by TCP in the destination's name stands before it.

    A reply of a machine one hop further passes one hop more. That proves something only where the
    replies of the hops before show this, so that the way back is the way there.
    """
    found: list[Nearer] = []
    for end in ends:
        own = _reply_ttls(trace, end, (ReplyKind.RST, ReplyKind.SYN_ACK))
        for before in trace.dag.predecessors(end):
            if before == trace.origin:
                return None
            passed = _passed(_reply_ttls(trace, before, (ReplyKind.TIME_EXCEEDED,)))
            further = {
                hops
                for vertex in trace.dag.predecessors(before)
                if vertex != trace.origin
                for hops in _passed(_reply_ttls(trace, vertex, (ReplyKind.TIME_EXCEEDED,)))
            }
            is_like = len(own) == 1 and _passed(own) == passed == {before.ttl}
            if not is_like or further - {before.ttl - 1}:
                return None
            found.append(Nearer(before, min(own)))
    return min(found, default=None, key=lambda known: known.like.sort_key)


def _passed(reply_ttls: Iterable[int]) -> set[int]:
    return set(map(links_passed, reply_ttls))


def _reply_ttls(trace: Trace, vertex: Vertex, kinds: tuple[ReplyKind, ...]) -> set[int]:
    return {
        reply.reply_ttl
        for reply in trace.replies
        if reply.kind in kinds and reply.reply_ttl is not None and drawn(trace, reply) == vertex
    }
