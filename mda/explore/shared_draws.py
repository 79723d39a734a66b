"""The second law: where vertices are equally likely, all flows drawn at their hop count for each.

The lowest flow numbers are asked at both TTLs, as many as complete every vertex of the hop.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mda.answers.hop_pairs import HopPair
    from mda.explore.search import Search


def ask(hops: HopPair, target: int, search: Search) -> None:
    """Ask until `target` flows are drawn at the hop: low flow numbers, at both TTLs.

    Where there is only one successor it does not matter through which vertex a flow came, unless
    paths end there: they might have ended before.
    """
    ttl, wave = hops.ttl, search.wave
    needs_both = not hops.has_one_successor or ttl in search.table.end_ttls
    for samples in hops.near.values():
        if not samples.answered:
            wave.ask_first(min(samples.flows), ttl)
    lacking = target - _drawn(hops, search, needs_both=needs_both)
    waiting = (flow for samples in hops.near.values() for flow in samples.waiting)
    unasked = sorted(flow for flow in waiting if not wave.is_asked(flow, ttl))
    for flow in unasked[: max(lacking, 0)]:
        wave.ask(flow, ttl)
    lacking -= len(unasked)
    if needs_both:
        unasked = sorted(flow for flow in hops.far if not wave.is_asked(flow, ttl - 1))
        for flow in unasked[: max(lacking, 0)]:
            wave.ask(flow, ttl - 1)
        lacking -= len(unasked)
    for flow in islice(search.unasked(ttl, target), max(lacking, 0)):
        wave.ask(flow, ttl)
        if needs_both:
            wave.ask_first(flow, ttl - 1)


def _drawn(hops: HopPair, search: Search, *, needs_both: bool) -> int:
    """How many flows are, or will be, draws at the hop unless they are lost.

    With `needs_both`, only those that are, or will be, known at both TTLs.
    """
    flows = (*hops.far, *search.pending(hops.ttl))
    if not needs_both:
        return len(flows)
    pending_before = search.pending(hops.ttl - 1)
    return sum(flow in hops.predecessors or flow in pending_before for flow in flows)
