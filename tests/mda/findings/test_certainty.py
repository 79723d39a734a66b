"""What a graph may still hide: by hand for small cases, and as the promise it is."""

from __future__ import annotations

from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.answers.graph import locate
from mda.answers.hop_pairs import pairs
from mda.answers.table import tabulate
from mda.findings.certainty import Certainty, Obstacle, certainty, obstacles
from mda.findings.loops import Cause, Revisit
from mda.model import NOBODYS, ProbeRequest, Reply, ReplyKind
from mda.procedure import Procedure
from mda.statistics.stopping import Bound
from tests.support.drive import SOURCE, full_mda, interface, layers, play, vertex

if TYPE_CHECKING:
    from mda.model import IPAddress, Outcome
    from tests.support.drive import Network


def after(*widths: int, failure_probability: float, per_vertex: bool, seed: int) -> Certainty:
    procedure = full_mda(failure_probability=failure_probability, per_vertex=per_vertex)
    played = play(procedure, layers(*widths).per_flow(Random(seed)))
    return certainty_of(played.outcomes, Bound(failure_probability, per_vertex))


def certainty_of(outcomes: list[Outcome], bound: Bound, end: IPAddress | None = None) -> Certainty:
    """The certainty of a graph; `end` is the destination, that of the network if None."""
    table = tabulate(outcomes, 3)
    located = locate(table, SOURCE, 1)
    replies = [outcome for outcome in outcomes if isinstance(outcome, Reply)]
    ends = [reply.responder for reply in replies if reply.ends_path] or [replies[-1].responder]
    return certainty(table, located, pairs(table, located, 30), bound, {end or ends[0]})


def test_the_bound_of_a_plain_path_is_that_of_one_balancer() -> None:
    known = after(1, 1, 1, failure_probability=0.05, per_vertex=True, seed=1)
    assert [vertex.vertex for vertex in known.vertices[1:]] == [vertex(1, 1), vertex(2, 2)]
    assert {(vertex.seen, vertex.flows) for vertex in known.vertices} == {(1, 6)}
    assert {vertex.miss_probability for vertex in known.vertices} == {1 / 32}
    # What the rule promises is more than what this vertex shows: any balancer may have been missed.
    assert known.miss_probability == pytest.approx(0.05)
    assert (known.unfinished, known.obstacles) == ((), ())


def test_each_balancer_found_raises_the_bound_if_it_holds_per_vertex() -> None:
    known = after(1, 2, 1, failure_probability=0.05, per_vertex=True, seed=3)
    (balancer,) = [vertex for vertex in known.vertices if vertex.seen == 2]
    assert balancer.vertex == vertex(1, 1)
    assert balancer.flows >= 11
    # Either of two balancers may hide a branch: the one found, or another one.
    assert known.miss_probability == pytest.approx(1 - 0.95**2)


@pytest.mark.parametrize("widths", [(1, 1), (1, 2, 1), (1, 4, 1, 3, 1), (1, 16, 1)])
def test_a_bound_for_the_graph_is_the_reported_probability(widths: tuple[int, ...]) -> None:
    for seed in range(10):
        known = after(*widths, failure_probability=0.05, per_vertex=False, seed=seed)
        assert known.unfinished == ()
        assert known.miss_probability == 0.05


def test_hidden_routers_and_rewritten_ttls_are_obstacles() -> None:
    def seen(cause: Cause) -> set[Obstacle]:
        return obstacles([Revisit(interface(1), (1, 2), (0,), cause)], [])

    assert seen(Cause.SEVERAL_MACHINES) == {Obstacle.SEVERAL_MACHINES}
    assert seen(Cause.EXPIRED_PASSED_ON) == {Obstacle.HIDDEN_ROUTER}
    assert seen(Cause.COUNTED_TWICE) == set()
    reply = Reply(
        ProbeRequest(0, 3), ReplyKind.TIME_EXCEEDED, interface(1), 0.0, 0.01, quoted_ttl=3
    )
    assert obstacles([], [reply]) == set()
    assert obstacles([], [reply._replace(quoted_ttl=4)]) == {Obstacle.REWRITTEN_TTL}
    # Some routers quote what they have already lowered; a host lowers nothing.
    assert obstacles([], [reply._replace(quoted_ttl=0)]) == set()
    arrived = reply._replace(kind=ReplyKind.UNREACHABLE, quoted_ttl=0)
    assert obstacles([], [arrived]) == {Obstacle.HIDDEN_ROUTER}


def test_nothing_is_promised_where_a_router_may_reply_in_the_name_of_a_destination() -> None:
    twice = Revisit(interface(1), (3, 4), (0,), Cause.ADJACENT)
    closed = Reply(ProbeRequest(0, 4), ReplyKind.RST, interface(1), 0.0, 0.01)
    assert obstacles([twice], [closed]) == {Obstacle.SHARED_DESTINATION}
    assert obstacles([twice], [closed._replace(reply_ttl=60)]) == set()
    assert obstacles([twice], [closed._replace(responder=interface(2))]) == set()


def test_unfinished_vertices_of_a_stopped_trace_are_named() -> None:
    procedure = full_mda()
    network = layers(1, 2, 1).per_flow(Random(1))
    first_wave = _first_wave(procedure, network)
    known = certainty_of(first_wave, Bound(0.05, per_vertex=True))
    assert {known_of_vertex.vertex.ttl for known_of_vertex in known.unfinished} == {0, 1, 2}
    assert (known.miss_probability, known.obstacles) == (None, (Obstacle.UNFINISHED,))


def test_nothing_is_promised_if_a_path_ends_before_the_destination() -> None:
    played = play(full_mda(), layers(1, 2, 1).per_flow(Random(3)))
    beyond = ip_address("203.0.113.77")
    known = certainty_of(played.outcomes, Bound(0.05, per_vertex=True), beyond)
    assert (known.miss_probability, known.obstacles) == (None, (Obstacle.REFUSED,))


def test_nothing_is_promised_if_routers_may_share_an_address() -> None:
    played = play(full_mda(), layers(1, 1, 1).per_flow(Random(3)))
    shared = [
        outcome._replace(responder=NOBODYS)
        if isinstance(outcome, Reply) and outcome.request.ttl == 1 else outcome
        for outcome in played.outcomes
    ]  # fmt: skip
    known = certainty_of(shared, Bound(0.05, per_vertex=True))
    assert (known.miss_probability, known.obstacles) == (None, (Obstacle.SHARED_ADDRESS,))


def _first_wave(procedure: Procedure, network: Network) -> list[Outcome]:
    class OneWave(Procedure):
        finished = True

        def __init__(self) -> None:
            self.waves = 0

        def wanted(self, room: int) -> list[ProbeRequest]:
            self.waves += 1
            return procedure.wanted(room) if self.waves == 1 else []

        def rate_pps(self, _: int) -> None:
            return None

        def on_outcome(self, outcome: Outcome) -> None:
            procedure.on_outcome(outcome)

    return play(OneWave(), network).outcomes
