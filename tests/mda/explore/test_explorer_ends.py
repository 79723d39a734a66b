"""Whatever a network does, exploring it ends, and draws no link that is not there."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.answers.table import tabulate
from mda.explore.explorer import Explorer
from mda.explore.search import Reach
from mda.explore.single_flow import SingleFlow
from mda.model import Outcome, Reply, ReplyKind
from mda.multiplex import Multiplexed
from mda.procedure import Procedure
from mda.statistics.stopping import Bound
from tests.support.drive import (
    SOURCE,
    Layers,
    edges_of,
    full_mda,
    graph_of,
    interface,
    layers,
    play,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address

    from mda.model import ProbeRequest
    from tests.support.drive import Edges, Network, Played

SEEDS = 40


def single() -> SingleFlow:
    return SingleFlow(first_ttl=1, max_ttl=30, queries=3)


BATCHES = 5


def some_layers(random: Random) -> Layers:
    widths = [random.choice((1, 1, 1, 2, 3, 4, 6)) for _ in range(random.randrange(1, 7))]
    return layers(1, *widths, 1, meshed=random.random() < 0.2)


def some_explorer(random: Random) -> Explorer:
    return Explorer(
        source=SOURCE,
        bound=Bound(random.choice((0.05, 0.01, 0.2)), random.random() < 0.5,
                    random.choice((None, None, 0.2))),
        reach=Reach(
            first_ttl=random.choice((1, 1, 2, 3)),
            max_ttl=random.choice((3, 5, 8, 30)),
            attempts=random.choice((1, 2, 3, 5)),
            gap_limit=random.choice((1, 2, 3)),
            flows=random.choice((8, 30, 300, 50_000)),
        ),
        is_lite=random.random() < 0.4,
    )  # fmt: skip


def explored(
    seed: int, network: Network, silent: set[IPv4Address], loss: float, explorer: Explorer
) -> Played:
    random = Random(-seed - 1)

    def lost(_: ProbeRequest, responder: IPv4Address) -> bool:
        return responder in silent or random.random() < loss

    return play(explorer, network, lost=lost, quotes=seed % 5 > 0)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_exploring_ends_despite_per_packet_balancers_route_changes_silence_and_loss(
    batch: int,
) -> None:
    for seed in range(batch * SEEDS, (batch + 1) * SEEDS):
        random = Random(seed)
        old, new = some_layers(random), some_layers(random)
        deal = random.random() < 0.3
        first = (old.per_packet if deal else old.per_flow)(Random(seed))
        then = new.per_flow(Random(seed + 1))
        left = random.choice((1 << 30, random.randrange(5, 200)))

        def network(flow: int, first: Network = first, then: Network = then) -> list[IPv4Address]:
            nonlocal left
            left -= 1
            return list((first if left >= 0 else then)(flow))

        silent = {
            router for router in old.successors if random.random() < random.choice((0, 0.1, 0.3))
        }
        loss = random.choice((0, 0.02, 0.1, 0.3, 0.6))
        graph_of(explored(seed, network, silent, loss, some_explorer(random)).outcomes)


def test_false_links_are_rarely_drawn() -> None:
    wrong = 0
    for seed in range(100):
        random = Random(seed)
        topology = some_layers(random)
        silent = {router for router in topology.successors if random.random() < 0.1}
        explorer = full_mda(per_vertex=False, lite=seed % 3 == 0)
        loss = random.choice((0, 0.02, 0.1))
        played = explored(seed, topology.per_flow(Random(seed)), silent, loss, explorer)
        wrong += not edges_of(graph_of(played.outcomes)) <= hidden(topology, silent)
    assert wrong <= 1


def hidden(topology: Layers, silent: set[IPv4Address]) -> Edges:
    """The true edges, silent interfaces unnamed, and a silence where the answers end."""

    def shown(address: object) -> IPv4Address | None:
        return None if address in silent else address  # type: ignore[return-value]

    edges = {(shown(near), shown(far)) for near, far in topology.edges}
    return edges | {(near, None) for near, _ in edges}


@pytest.mark.parametrize("lite", [False, True])
def test_requests_behind_the_end_of_a_flow_are_abandoned(*, lite: bool) -> None:
    saved = 0
    for seed in range(20):
        network = some_layers(Random(seed)).per_flow(Random(seed))
        procedure = Multiplexed([full_mda(lite=lite, failure_probability=0.001)])
        outcomes: list[Outcome] = []
        while wave := sorted(procedure.wanted(1_000_000)):
            for request in wave:  # nearer hops of a flow come first
                if not procedure.abandons(request):
                    outcomes += play(_Alone(procedure, request), network, quotes=False).outcomes
        assert procedure.finished
        whole = play(full_mda(lite=lite, failure_probability=0.001), network, quotes=False).outcomes
        assert edges_of(graph_of(outcomes)) == edges_of(graph_of(whole))
        saved += len(whole) - len(outcomes)
    assert saved >= 10  # the scout goes up to three TTLs too far


class _Alone(Procedure):
    """Hands one request to `play`, and its outcome to the procedure that wanted it."""

    finished = True

    def __init__(self, procedure: Procedure, request: ProbeRequest) -> None:
        self._requests = [request]
        self._procedure = procedure

    def on_outcome(self, outcome: Outcome) -> None:
        self._procedure.on_outcome(outcome)

    def rate_pps(self, ttl: int) -> float | None:
        return self._procedure.rate_pps(ttl)

    def wanted(self, room: int) -> list[ProbeRequest]:
        requests, self._requests = self._requests, []
        return requests[:room]


@pytest.mark.parametrize("lite", [False, True])
def test_every_edge_has_a_flow_that_got_replies_at_both_ends(*, lite: bool) -> None:
    for topology in (layers(1, 16, 1, 1), layers(1, 2, 4, 2, 1, 1), layers(1, 1, 1)):
        played = play(full_mda(lite=lite), topology.per_flow(Random(4)))
        answered = {
            (outcome.request.flow, outcome.request.ttl, outcome.responder)
            for outcome in played.outcomes
            if isinstance(outcome, Reply)
        }
        graph = graph_of(played.outcomes)
        assert edges_of(graph) == topology.edges
        for (near, far), facts in graph.edges.items():
            assert facts["flows"], (near, far)
            for flow in facts["flows"] if near.ttl else ():
                assert (flow, near.ttl, near.address) in answered


@pytest.mark.parametrize("loss", [0.3, 0.5])
@pytest.mark.parametrize("quotes", [False, True])
def test_loss_on_one_branch_causes_neither_a_false_star_nor_a_false_end(
    loss: float, *, quotes: bool
) -> None:
    topology = layers(1, 2, 4, 2, 1, 1)
    lossy = topology.successors[topology.first][0]
    for seed in range(40):
        network, random = topology.per_flow(Random(seed)), Random(-seed - 1)

        def lost(
            request: ProbeRequest, _: IPv4Address, network: Network = network,
            random: Random = random,
        ) -> bool:  # fmt: skip
            passed = network(request.flow)[: request.ttl]
            return lossy in passed and random.random() < loss

        graph = graph_of(play(full_mda(), network, lost=lost, quotes=quotes).outcomes)
        assert edges_of(graph) <= topology.edges
        assert {vertex.ttl for vertex in graph if not graph.out_degree(vertex)} == {6}


def refusing(request: ProbeRequest, *, passes: bool) -> Reply:
    """The reply of a path of four hops whose second router refuses probes that end there, or all.

    It asks for fragments (RFC 792), which no probe needs.
    """
    hop = min(request.ttl, 4) if passes else min(request.ttl, 2)
    kind = ReplyKind.UNREACHABLE if hop in (2, 4) else ReplyKind.TIME_EXCEEDED
    code = {2: 4, 4: 3}.get(hop)
    left = request.ttl - hop + 1
    return Reply(
        request,
        kind,
        interface(hop),
        0.0,
        0.01,
        icmp_code=code,
        quoted_ttl=left,
        reply_ttl=64 - hop,
    )


@pytest.mark.parametrize("passes", [False, True])
@pytest.mark.parametrize("make", [full_mda, lambda: full_mda(lite=True), single])
def test_a_refusal_ends_the_path_only_if_nothing_replies_from_behind(
    make: Callable[[], Procedure], *, passes: bool
) -> None:
    procedure, outcomes = make(), list[Outcome]()
    while wave := procedure.wanted(3):  # a few at a time, so that ends are known early
        for request in wave:
            if not procedure.abandons(request):
                outcomes.append(refusing(request, passes=passes))
                procedure.on_outcome(outcomes[-1])
    assert procedure.finished
    ends = {
        vertex.ttl for vertex in graph_of(outcomes) if not graph_of(outcomes).out_degree(vertex)
    }
    assert ends == {4 if passes else 2}


@pytest.mark.parametrize("law", ["mda", "lite", "single"])
@pytest.mark.parametrize(("hops", "spare"), [(3, 1), (4, 1), (6, 3), (6, 4), (12, 2), (12, 10)])
def test_behind_a_tunnel_the_end_is_where_probes_arrive_and_not_where_it_quotes(
    law: str, hops: int, spare: int
) -> None:
    """What the tunnel's routers say goes to its entry, and what arrives has TTL to spare."""
    path = [interface(n) for n in range(1, hops + 1)]
    procedure = single() if law == "single" else full_mda(lite=law == "lite")
    played = play(
        procedure, lambda _: path, spare=spare,
        lost=lambda _, responder: responder in path[1:-1],
    )  # fmt: skip
    assert tabulate(played.outcomes, 3).ended[0] == hops
    replies = [own for own in played.outcomes if isinstance(own, Reply) and own.ends_path]
    assert min(own.request.ttl for own in replies) == hops
    assert played.probes <= 8 * hops + 110
    assert played.rounds <= 16
