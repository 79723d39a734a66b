"""First hops that all paths share are asked until they are known, and afterwards only checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paris.cli.exits import guarded
from paris.cli.survey import main
from paris.formats import native
from paris.survey.shared_hops import SharedHops
from tests.support.surveys import busiest, edges, traces, true_edges

if TYPE_CHECKING:
    from pathlib import Path

    from mda.trace import Trace

SIM = ("--sim", "internet:1", "--seed", "5", "--rate", "20000", "--no-progress")


def surveyed(folder: Path, *arguments: str) -> list[Trace]:
    """The traces of a survey, in the order in which they ended."""
    given = [*arguments, *SIM, "-o", str(folder)]
    assert guarded("paris-survey", main, given) == 0
    lines = (folder / "traces-00000.jsonl").read_text().splitlines()
    return [native.read(line, "line") for line in lines]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Trace]:
    folder = tmp_path_factory.mktemp("whole") / "out"
    return surveyed(folder, "10.0.0.0/28", "10.7.0.0/28", "--share-after", "0", "-q", "1")


def test_nothing_is_known_before_enough_traces(whole: list[Trace]) -> None:
    shared = SharedHops(5, 1)
    known = []
    for trace in whole[:8]:
        assert shared.learn(trace)
        known.append(shared.last_ttl)
    assert known[:4] == [1] * 4
    assert known[7] >= 3  # three routers lead out of the source's network
    never = SharedHops(0, 1)
    assert all(map(never.learn, whole))
    assert never.last_ttl == 1


def test_hops_at_which_paths_differ_are_not_known(whole: list[Trace]) -> None:
    shared = SharedHops(5, 1)
    assert all(map(shared.learn, whole))
    assert shared.last_ttl == 3  # the fourth router is another one for each of the two prefixes


def test_one_of_twenty_traces_is_whole(whole: list[Trace]) -> None:
    shared = SharedHops(5, 1)
    assert all(map(shared.learn, whole))
    begins = [shared.next_first_ttl() for _ in range(40)]
    assert begins.count(3) == 38
    assert begins.count(1) == 2


def test_what_begins_late_stands_if_it_met_the_known_router(
    whole: list[Trace], tmp_path: Path
) -> None:
    shared = SharedHops(5, 1)
    assert all(map(shared.learn, whole))
    (late,) = surveyed(tmp_path / "late", "10.0.1.1", "-f", "3", "-q", "1")
    (elsewhere,) = surveyed(tmp_path / "elsewhere", "10.0.1.1", "-f", "2", "-q", "1")
    assert shared.learn(late)
    assert shared.last_ttl == 3
    moved = SharedHops(5, 1)
    for trace in whole:
        moved.learn(trace)
    moved._routers[2] = late.plan.destination  # as if the route had been another one
    assert not moved.learn(elsewhere)
    assert moved.last_ttl == 1  # what is not so any more is asked again


def test_later_traces_ask_less_and_find_the_same(tmp_path: Path) -> None:
    given = ("10.0.0.0/27", "10.7.0.0/28", "--mda", "--window", "4", "--per-router", "0")
    found = surveyed(tmp_path / "shared", *given, "--share-after", "10")
    surveyed(tmp_path / "whole", *given, "--share-after", "0")
    from paris.sim.internet import internet

    net, complete = internet("1", 5), 0
    late = [trace for trace in found if trace.plan.first_ttl == 3]
    assert len(late) >= 25
    for trace in late:
        destination, source = trace.plan.destination, str(trace.plan.source)
        asked = edges(trace) - {(near, far) for near, far in edges(trace) if near == source}
        assert asked <= true_edges(net, destination)
        behind = {
            edge for edge in true_edges(net, destination, only_heard=True)
            if edge[0] not in (source, "100.64.0.1", "100.64.0.2")
        }  # fmt: skip
        complete += behind <= asked
    assert complete >= 0.85 * len(late)
    merged = {edge for trace in traces(tmp_path / "shared").values() for edge in edges(trace)}
    assert {("100.64.0.1", "100.64.0.2"), ("100.64.0.2", "100.64.0.3")} <= merged
    few, many = (busiest(tmp_path / name, 1e9)["100.64.0.1"] for name in ("shared", "whole"))
    assert few <= 0.5 * many
