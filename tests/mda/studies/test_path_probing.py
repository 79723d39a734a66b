"""Paths from end to end: every one is found, measured and compared with the others."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.answers.graph import locate
from mda.answers.table import tabulate
from mda.model import HeaderField, Loss, ProbeRequest, Reply, ReplyKind
from mda.procedure import Chain
from mda.studies.path_probing import ChosenPath, EveryPath
from mda.studies.paths import Path, Seen, chosen, paths
from mda.studies.task import Task
from tests.support.drive import SOURCE, full_mda, interface, layers, play

if TYPE_CHECKING:
    from mda.model import Outcome
    from mda.procedure import History, Procedure
    from tests.support.drive import Network, Played

ROUNDS = 5


def task(argument: str | None = None) -> Task:
    return Task(
        source=SOURCE, first_ttl=1, max_ttl=30, attempts=3, failure_probability=0.001,
        flow_field=HeaderField.SPORT, values={}, flows=50_000, argument=argument,
        parameters={"rounds": ROUNDS},
    )  # fmt: skip


def found(
    network: Network, follow: str | None = None, *, loss: float = 0.0, seed: int = 1
) -> tuple[tuple[Path, ...], Played]:
    random = Random(seed)

    def after(history: History) -> Procedure:
        study = EveryPath if follow is None else ChosenPath
        return study(task(follow), history)

    mda = full_mda(failure_probability=0.001)
    played = play(Chain(mda, after), network, lost=lambda *_: random.random() < loss)
    table = tabulate(played.outcomes, 3)
    return paths(table, locate(table, SOURCE, 1), played.outcomes), played


@pytest.mark.parametrize(
    ("widths", "meshed", "number"),
    [((1, 2, 1), False, 2), ((1, 16, 1), False, 16), ((1, 2, 1, 3, 1), False, 6),
     ((1, 3, 3, 1), True, 9), ((1, 1, 1), False, 1)],
)  # fmt: skip
def test_every_path_is_found_with_its_flows_and_times(
    widths: tuple[int, ...], meshed: bool, number: int
) -> None:
    topology = layers(*widths, meshed=meshed)
    for seed in range(5):
        network = topology.per_flow(Random(seed))
        every, played = found(network)
        assert [path.number for path in every] == list(range(1, number + 1))
        for path in every:
            way = [vertex.address for vertex in path.vertices]
            assert all(list(network(flow)) == way for flow in path.flows)
            assert path.times.asked >= ROUNDS
            assert path.low < path.share < path.high or number == 1
        assert sum(path.share for path in every) == pytest.approx(1)
        assert played.rounds < 60


def test_flows_that_were_chosen_by_their_path_do_not_count_for_its_share() -> None:
    # One way is rare, so that flows through it are sent on purpose.
    def network(flow: int) -> list[object]:
        branch = 10 if Random(flow).random() < 0.25 else 11
        return [interface(1), interface(branch), interface(branch + 10), interface(3)]

    every, _ = found(network)  # type: ignore[arg-type]
    rare = next(path for path in every if path.vertices[1].address == interface(10))
    assert rare.low < 0.25 < rare.high


def test_there_are_no_paths_behind_a_per_packet_balancer() -> None:
    every, _ = found(layers(1, 2, 2, 1).per_packet(Random(3)))
    assert every == ()


def test_lost_probes_are_sent_again_and_a_late_reply_is_not_a_loss() -> None:
    for seed in range(5):
        every, _ = found(layers(1, 4, 1).per_flow(Random(seed)), loss=0.1, seed=seed)
        assert len(every) == 4
    request = ProbeRequest(0, 3, 0)
    lost = Loss(request=request, sent_at_s=0.0, gave_up_at_s=1.0)
    late = Reply(request=request, kind=ReplyKind.UNREACHABLE, responder=interface(1),
                 sent_at_s=0.0, received_at_s=1.5)  # fmt: skip
    assert Seen([lost]).times([0], 3).lost == 1
    times = Seen([lost, late]).times([0], 3)
    assert (times.asked, times.lost, times.rtts_s) == (1, 0, (1.5,))


def test_a_path_is_chosen_by_its_number_or_by_an_address_on_no_other_path() -> None:
    every, _ = found(layers(1, 2, 1).per_flow(Random(1)))
    assert chosen(every, "2") is every[1]
    assert chosen(every, str(every[0].vertices[1].address)) is every[0]
    for none in ("0", "3", "", str(interface(1)), "192.0.2.77", "nonsense"):
        assert chosen(every, none) is None


def test_a_chosen_path_is_measured_at_all_of_its_hops() -> None:
    every, played = found(layers(1, 2, 1).per_flow(Random(1)), "2")
    (flow, *_) = every[1].flows
    for ttl in (1, 2, 3):
        asked = [outcome for outcome in played.outcomes if outcome.request[:2] == (flow, ttl)]
        assert len(asked) >= ROUNDS
    others = [
        outcome.request for outcome in played.outcomes if outcome.request.flow in every[0].flows
    ]
    assert max(other.attempt for other in others if other.ttl == 1) == 0


def test_only_the_slow_and_the_lossy_path_differ_from_the_others() -> None:
    random = Random(5)
    outcomes: list[Outcome] = []
    for flow in range(16):
        way = [interface(1), interface(10 + flow % 8), interface(3)]
        for attempt in range(20):
            for ttl, responder in enumerate(way, start=1):
                request = ProbeRequest(flow, ttl, attempt)
                kind = ReplyKind.UNREACHABLE if ttl == 3 else ReplyKind.TIME_EXCEEDED
                rtt_s = 0.020 + 0.001 * random.random() + 0.005 * (flow % 8 == 2)
                if ttl == 3 and flow % 8 == 5 and random.random() < 0.4:
                    outcomes.append(Loss(request=request, sent_at_s=0.0, gave_up_at_s=1.0))
                    continue
                outcomes.append(Reply(request=request, kind=kind, responder=responder,
                                      sent_at_s=0.0, received_at_s=rtt_s))  # fmt: skip
    table = tabulate(outcomes, 3)
    every = paths(table, locate(table, SOURCE, 1), outcomes)
    assert [path.number for path in every if path.differs_in_rtt] == [3]
    assert [path.number for path in every if path.differs_in_loss] == [6]
    assert every[2].slower_s == pytest.approx(0.005, abs=0.0005)
    assert every[2].times.median_s == pytest.approx(0.0255, abs=0.0005)
    assert (every[5].times.p95_s or 0) >= (every[5].times.median_s or 1)


def test_paths_beside_a_lossy_one_do_not_differ_in_loss() -> None:
    outcomes: list[Outcome] = []
    for flow in range(4):
        way = [interface(1), interface(10 + flow), interface(3)]
        for attempt in range(60):
            for ttl, responder in enumerate(way, start=1):
                request = ProbeRequest(flow, ttl, attempt)
                kind = ReplyKind.UNREACHABLE if ttl == 3 else ReplyKind.TIME_EXCEEDED
                if ttl == 3 and flow == 0 and attempt % 2:
                    outcomes.append(Loss(request=request, sent_at_s=0.0, gave_up_at_s=1.0))
                    continue
                outcomes.append(Reply(request=request, kind=kind, responder=responder,
                                      sent_at_s=0.0, received_at_s=0.02))  # fmt: skip
    table = tabulate(outcomes, 3)
    every = paths(table, locate(table, SOURCE, 1), outcomes)
    assert all(path.loss_probability <= 0.01 for path in every)  # each against all the others
    assert [path.number for path in every if path.differs_in_loss] == [1]
    assert every[0].lossier == pytest.approx(0.5)


def test_there_are_no_paths_if_nothing_replies() -> None:
    every, played = found(layers(1, 2, 1).per_flow(Random(1)), loss=1.0)
    assert every == ()
    assert all(outcome.request.ttl >= 1 for outcome in played.outcomes)
