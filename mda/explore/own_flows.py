"""The first law: each vertex needs its own flows, known to go through it.

First come the flows already known to go through the vertex, sent one TTL on: these count for
certain. If they are too few, new flows are sent to the vertex's own TTL, enough that it should
receive what it lacks (node control), once no probe is in flight there that could bring it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from mda.explore.search import PATIENCE
from mda.explore.steering import aim_at, flows_towards

if TYPE_CHECKING:
    from mda.answers.hop_pairs import HopPair, Samples
    from mda.explore.search import Search
    from mda.explore.walk import Step
    from mda.model import Vertex


def ask(hops: HopPair, step: Step, search: Search) -> None:
    """For each open vertex, ask flows known to go through it, or new flows that may.

    `hops` are those of `step` without the abandoned vertices.
    """
    widest = max([samples.seen for samples in hops.near.values()], default=0)
    targets = search.points.up_to(widest)
    missing: dict[Vertex, int] = {}
    for vertex, samples in hops.near.items():
        if samples.answered < targets[samples.seen]:
            lacking = _ask_known(hops.ttl, samples, targets[samples.seen], search)
            if lacking > 0:
                missing[vertex] = lacking
    if missing:
        _ask_new(step, missing, PATIENCE * targets[widest], search)


def _ask_known(ttl: int, samples: Samples, target: int, search: Search) -> int:
    """Ask flows known to go through a vertex one TTL on; return how many it still lacks."""
    awaited = 0
    unasked: list[int] = []
    for flow in samples.waiting:
        if not search.wave.is_asked(flow, ttl):
            unasked.append(flow)
        elif search.may_be_answered(flow, ttl):
            awaited += 1
    if len(samples.flows) - len(unasked) > PATIENCE * target:
        return 0  # too many flows got no reply there: more of them will not help
    lacking = target - samples.answered - awaited
    if unasked and lacking > 0:
        search.wave.ask_all_first(sorted(unasked)[:lacking], ttl)
    return lacking - len(unasked)


def _ask_new(step: Step, missing: dict[Vertex, int], patience: int, search: Search) -> None:
    """Ask new flows for vertices; `missing` has the number of flows that each still lacks.

    Flows in flight one TTL on may bring some. At most `patience` flows per vertex are ever sent to
    the hop.
    """
    hops, wave = step.hops, search.wave
    ttl, only = hops.ttl, next(iter(missing))
    if hops.has_one_before and not search.table.ends_at(only, hops.predecessors):
        # Every flow goes through the only vertex there is, so none needs steering. A flow that was
        # lost there does not count as one of the vertex's until it is answered.
        unheard = search.unheard(ttl - 1)
        flying = {request.flow for request in wave.sent.flying_at(ttl)}
        coming = flying.difference(hops.predecessors, unheard)
        most = min(missing[only] - len(coming), patience - search.sent_to(ttl))
        if most <= 0:
            return
        flows = (flow for flow in search.unsent(ttl) if flow not in unheard)
        wave.ask_all_first(islice(flows, search.worth_asking(most)), ttl)
    elif not wave.sent.flying_at(ttl - 1):
        # Flows that are lost at the vertices' own TTL, and asked again, may bring some: a limit may
        # have taken the replies to them.
        lost = len(search.pending(ttl - 1) & search.table.hop(ttl - 1).losses.keys())
        missing = {vertex: count - lost for vertex, count in missing.items() if count > lost}
        if missing:
            _steer(step, missing, patience, search)


def _steer(step: Step, missing: dict[Vertex, int], patience: int, search: Search) -> None:
    """Ask new flows at the TTL of the vertices that still lack flows."""
    ttl, wave = step.hops.ttl - 1, search.wave
    onward = step.onward.counts(step.located_two_before, step.hops.predecessors)
    aim = aim_at(missing, onward, step.hops.met_before)
    most = search.worth_asking(patience * aim.width - search.sent_to(ttl))
    candidates = ((flow, step.located_two_before.get(flow)) for flow in search.unsent(ttl))
    flows = flows_towards(aim.needs, aim.share, aim.onward, candidates, most)
    # A star is known only by the vertex that its flows met before it.
    has_star = any(vertex.address is None for vertex in missing)
    wave.ask_all_first(flows, ttl)
    for flow in flows if has_star else ():
        _ask_before(flow, ttl, search)
    wave.ask_all_first(flows[: aim.useful_anywhere], ttl + 1)


def _ask_before(flow: int, ttl: int, search: Search) -> None:
    """Ask a flow at the hops before `ttl`, back to the first hop that answers."""
    for nearer in range(ttl - 1, search.reach.first_ttl - 1, -1):
        search.wave.ask_first(flow, nearer)
        if search.table.hop(nearer).answers:
            break
