"""The path to a service: how often it is asked, and a silence waited for, by each kind of wire."""

from __future__ import annotations

from collections import Counter

import pytest

from mda.explore.service_path import ServicePath
from mda.explore.single_flow import SingleFlow
from mda.model import ProbeRequest, ReplyKind
from tests.support.outcomes import LEFT, NEAR, TARGET, losses, reply


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


@pytest.mark.parametrize("kind", [ServicePath, SingleFlow])
@pytest.mark.parametrize(
    ("most", "expected"),
    [
        pytest.param(30, {1: 1, 2: 2, 3: 2, 4: 2, 5: 2, 9: 2}, id="as many as there are"),
        pytest.param(11, {1: 1, 2: 2, 8: 1}, id="as far as there are any"),
    ],
)
def test_a_lost_probe_is_sent_once_more_within_the_most_that_are_sent(
    kind: type[SingleFlow], most: int, expected: dict[int, int]
) -> None:
    procedure = kind(first_ttl=1, max_ttl=9, queries=1, most=most)
    asked: Counter[int] = Counter()
    while requests := procedure.wanted(64):
        for _, ttl, attempt in sorted(requests):
            asked[ttl] += 1
            if ttl == 1 or (ttl, attempt) == (2, 1):
                procedure.on_outcome(reply(0, ttl, (NEAR, LEFT)[ttl - 1], attempt))
            else:
                procedure.on_outcome(losses(0, ttl, attempt + 1)[-1])
    assert procedure.finished
    assert asked.total() <= most
    assert {ttl: asked[ttl] for ttl in expected} == expected


def test_no_hop_gets_more_probes_than_asked_for_where_losses_put_its_distance_in_doubt() -> None:
    procedure = ServicePath(first_ttl=1, max_ttl=9, queries=3)
    asked: Counter[int] = Counter()
    while requests := procedure.wanted(64):
        for _, ttl, attempt in sorted(requests):
            asked[ttl] += 1
            if ttl < 3:
                procedure.on_outcome(reply(0, ttl, (NEAR, LEFT)[ttl - 1], attempt))
            elif ttl == 3:
                procedure.on_outcome(losses(0, ttl, attempt + 1)[-1])
            else:
                end = reply(0, ttl, TARGET, attempt, ends=True)
                procedure.on_outcome(end._replace(quoted_ttl=ttl - 2))
    assert procedure.finished
    assert asked[3] == 3
    assert max(asked.values()) == 3
