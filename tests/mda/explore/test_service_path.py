"""The path to a service by a wire that asks TTL by TTL: how often a silence is waited for."""

from __future__ import annotations

from mda.explore.service_path import ServicePath
from mda.model import ProbeRequest, ReplyKind
from tests.support.outcomes import LEFT, NEAR, losses, reply


def asked(*, refuses: bool) -> list[tuple[int, int]]:
    """The TTLs and attempts behind two routers; the last one may refuse at the third TTL behind."""
    procedure = ServicePath(first_ttl=1, max_ttl=30, queries=3, gap_limit=3)
    found: list[tuple[int, int]] = []
    queue: list[ProbeRequest] = []
    while queue or (queue := procedure.wanted(64)):
        request = queue.pop(0)
        _, ttl, attempt = request
        if procedure.abandons(request):
            continue
        if ttl < 3:
            procedure.on_outcome(reply(0, ttl, (NEAR, LEFT)[ttl - 1], attempt))
            continue
        found.append((ttl, attempt))
        if refuses and ttl == 5:
            error = reply(0, 5, LEFT, attempt, ends=True)
            error = error._replace(kind=ReplyKind.UNREACHABLE, icmp_type=3, icmp_code=1)
            procedure.on_outcome(error)
        else:
            procedure.on_outcome(losses(0, ttl, attempt + 1)[-1])
    return found


def test_a_silence_is_waited_for_once_where_the_last_router_passes_nothing_on() -> None:
    assert sorted(asked(refuses=True)) == [(3, 0), (4, 0), (5, 0), (30, 0)]
    assert sorted(asked(refuses=False))[:6] == [(3, 0), (3, 1), (3, 2), (4, 0), (4, 1), (4, 2)]
