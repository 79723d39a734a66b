"""The account of a watch: its size does not grow with its rounds."""

from __future__ import annotations

import tracemalloc
from ipaddress import ip_address
from random import Random

from mda.model import Loss, Outcome, ProbeRequest, Reply, ReplyKind, Vertex
from mda.rounds import WatchedPath
from mda.studies.watch import Watch

HOPS = 6
LEAST_S = 0.01  # a round trip, for each hop


def reply(request: ProbeRequest, address: str, sent_at_s: float, rtt_s: float) -> Reply:
    return Reply(
        request=request, kind=ReplyKind.TIME_EXCEEDED, responder=ip_address(address),
        sent_at_s=sent_at_s, received_at_s=sent_at_s + rtt_s, icmp_type=11, icmp_code=0,
        quoted_ttl=1, reply_ttl=64, reply_ip_id=0,
    )  # fmt: skip


def spend(watch: Watch, rounds: int, random: Random) -> None:
    """Rounds of which 2 % is lost; what replies changes every 500 rounds."""
    for _ in range(rounds):
        number = watch.count
        outcomes: dict[tuple[int, int], Outcome] = {}
        for path in watch.paths:
            for vertex in path.vertices:
                request = ProbeRequest(path.flows[0], vertex.ttl, number)
                address = f"10.{number // 500 % 2}.{vertex.ttl}.{path.number}"
                rtt_s = LEAST_S * vertex.ttl * (1 + random.expovariate(5))
                is_lost = random.random() < 0.02
                outcomes[path.number, vertex.ttl] = (
                    Loss(request, float(number), number + 1.0)
                    if is_lost
                    else reply(request, address, float(number), rtt_s)
                )
        watch.end_round(outcomes)


def watch_of_paths(paths: int) -> Watch:
    watch = Watch()
    watch.begin(
        WatchedPath(
            number,
            (number,),
            tuple(Vertex(ttl, ip_address(f"10.0.{ttl}.{number}")) for ttl in range(1, HOPS + 1)),
        )
        for number in range(1, paths + 1)
    )
    return watch


def test_more_rounds_take_no_more_memory() -> None:
    random, watch = Random(1), watch_of_paths(3)
    tracemalloc.start()
    try:
        spend(watch, 1100, random)
        before, _ = tracemalloc.get_traced_memory()
        spend(watch, 1000, random)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert watch.rounds.number == 2100
    assert watch.change_count >= 4 * HOPS * 3
    assert before < 6_000_000
    assert after - before < 500_000
