"""The third law, MDA-Lite (Vermeulen et al., IMC 2018): all flows at a hop count for that hop.

Each hop is taken as one balancer, until two hops turn out meshed or uneven.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from mda.explore.steering import likely_width

if TYPE_CHECKING:
    from mda.answers.hop_pairs import HopPair
    from mda.answers.table import FlowsAt
    from mda.explore.search import Search
    from mda.model import Vertex
    from mda.statistics.stopping import StoppingPoints

_MESHING_FLOWS: Final = 2  # flows per vertex that the meshing test takes


def ask(hops: HopPair, search: Search) -> bool:
    """Ask what completes the hop if it is one balancer; return whether it may still be one.

    Flows need not show that a hop's only vertex follows every vertex before it more than once.
    """
    if not hops.near:
        return True
    ttl = hops.ttl
    if hops.has_one_successor:
        _prove_links(hops, search)
    elif len(hops.near) > 1:
        _test_meshing(hops, search)
    drawn = len(hops.far) + len(search.pending(ttl))
    target = hops.lite_target(search.bound, search.branching)
    if drawn < target:
        target = _likely_target(hops.far, search.points)
    lacking = target - drawn
    for flow in islice(search.unasked(ttl, target), max(lacking, 0)):
        search.wave.ask(flow, ttl)
    is_complete = lacking <= 0 and not search.pending(ttl) and not search.pending(ttl - 1)
    return hops.is_fit_for_lite(is_complete=is_complete)


def _prove_links(hops: HopPair, search: Search) -> None:
    """Ask a flow of each vertex that no flow joins to the only vertex of the next hop."""
    for samples in hops.near.values():
        if not samples.successors and not any(
            search.wave.is_asked(flow, hops.ttl) for flow in samples.flows
        ):
            search.wave.ask(min(samples.flows), hops.ttl)


def _test_meshing(hops: HopPair, search: Search) -> None:
    """Ask _MESHING_FLOWS at both TTLs for each vertex of the wider hop, one for the others."""
    met_by: dict[Vertex, list[int]] = {}
    for flow, vertex in hops.far.items():
        met_by.setdefault(vertex, []).append(flow)
    is_wider_near = len(hops.near) >= len(met_by)
    for samples in hops.near.values():
        for flow in sorted(samples.flows)[: _MESHING_FLOWS if is_wider_near else 1]:
            search.wave.ask_first(flow, hops.ttl)
    for flows in met_by.values():
        for flow in sorted(flows)[: 1 if is_wider_near else _MESHING_FLOWS]:
            search.wave.ask_first(flow, hops.ttl - 1)


def _likely_target(far: FlowsAt, points: StoppingPoints) -> int:
    """The flows that the hop will likely need: asking some of them now saves a round."""
    width = len(set(far.values()))
    if width == 0:
        return points.stop_at(0)  # wait for a first answer
    newcomers = likely_width(width, len(far)) - width
    return points.stop_at(width + newcomers // 2)
