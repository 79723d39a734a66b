"""Pairs of hops that are kept between waves, against pairs that are built anew."""

from __future__ import annotations

from random import Random

import pytest

from mda.answers.hop_pairs import HopPair, Samples, pair
from mda.answers.table import FlowTable
from mda.explore.search import Reach
from mda.explore.walk import Walk
from mda.explore.wave import Sent
from mda.model import Loss, ProbeRequest, Reply, ReplyKind, Vertex
from tests.support.drive import SOURCE, interface, layers

REACH = Reach(first_ttl=1, max_ttl=8, attempts=3, gap_limit=3, flows=100)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_a_kept_pair_of_hops_is_the_one_that_all_outcomes_make(seed: int, loss: float) -> None:
    random = Random(seed)
    network = layers(1, 2, 6, 6, 1, 1, meshed=seed % 2 > 0).per_flow(random)
    # Some flows end a hop earlier, and all come late and in any order.
    paths = {
        flow: [*network(flow)[: 5 if flow % 3 == 0 else 6], interface(99)] for flow in range(60)
    }
    table, sent = FlowTable(3), Sent()
    walk = Walk(table, Vertex(0, SOURCE), sent, REACH)
    requests = [ProbeRequest(flow, ttl) for flow in paths for ttl in range(1, 8)]
    random.shuffle(requests)
    while requests:
        wave = [requests.pop() for _ in range(min(7, len(requests)))]
        sent.add(wave)
        for request in wave:
            path = paths[request.flow]
            left = request.ttl - len(path) + 1
            kind = ReplyKind.UNREACHABLE if left > 0 else ReplyKind.TIME_EXCEEDED
            sent_at_s = random.random()
            if random.random() < loss:
                table.add(Loss(request, sent_at_s, 9.0))
                continue
            responder = path[-1] if left > 0 else path[request.ttl - 1]
            table.add(Reply(request, kind, responder, sent_at_s, 9.0, quoted_ttl=max(left, 1)))
        for step in walk.steps():
            predecessors = table.predecessors(step.hops.ttl, step.located_before)
            here = table.located_next(step.hops.ttl, predecessors)
            anew = pair(table, step.hops.ttl, predecessors, here)
            assert _held(step.hops) == _held(anew)
            joined = [
                (step.located_two_before[flow], vertex)
                for flow, vertex in predecessors.items()
                if flow in step.located_two_before
            ]
            counts = step.onward.counts(step.located_two_before, step.hops.predecessors)
            assert counts == {
                near: {
                    far: joined.count((near, far)) for far in {b for a, b in joined if a == near}
                }
                for near, _ in joined
            }


def _held(value: object) -> object:
    """All that a pair of hops holds; answers may come to its vertices in any order."""
    if isinstance(value, HopPair | Samples):
        return {name: _held(getattr(value, name)) for name in value.__slots__}
    if isinstance(value, dict):
        return {key: _held(held) for key, held in value.items()}
    return sorted(value) if isinstance(value, list) else value
