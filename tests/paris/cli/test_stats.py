"""--stats: a table of losses and round trips, notes, and tips in pictures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.commands import run


def test_stats_show_each_vertex_link_and_path() -> None:
    ran = run("--sim", "lossy", "--stats", "--rounds", "200")
    assert (ran.returncode, ran.stderr) == (0, "")
    table = ran.stdout.partition("losses and round trips of 6 vertices and 2 paths\n")[2]
    assert ", hop 5 0 %" in " ".join(ran.stdout.split())  # of "loses answers, not packets"
    first = [line.split()[0] for line in table.splitlines()]
    assert first == ["hop", "1", "2", "3.1", "3.2", "4", "5", "link", "2-3.1", "2-3.2", "3.1-4",
                     "3.2-4", "path", "1", "2"]  # fmt: skip
    assert max(map(len, ran.stdout.splitlines())) <= 80


def test_a_router_that_is_slow_to_answer_is_named_and_a_slow_link_is_not() -> None:
    said = " ".join(run("--sim", "slow-hop", "--stats").stdout.split())
    assert "slow to answer, not to forward: 68.0 ms more than hop 3" in said
    assert said.count("slow to answer") == 1


def test_tips_and_json_have_the_figures() -> None:
    dot = run("--sim", "slow-hop", "--stats", "--rounds", "3", "-o", "-", "--format", "dot").stdout
    assert "0 of 9 lost, p95 6.00 ms, standard deviation 0.000 ms, jitter 0.000 ms" in dot
    asked = ("--sim", "slow-hop", "--stats", "--rounds", "3", "--paths", "-j")
    document = json.loads(run(*asked).stdout)
    assert times(document) == [round(own_s, 9) for own_s in times(document)]
    assert {own["rtt_median_s"] for own in document["paths"]} == {0.049}
    assert document["stats"][0]["delays"]["median_s"] == pytest.approx(0.049)
    graph = document["graph"]
    of_graph = [own["delays"] for own in (*graph["vertices"][1:], *graph["edges"])]
    named = {f"{name}_s" for name in ("min", "median", "p95", "stdev", "jitter")}
    for figures in (*of_graph, *(own["delays"] for own in document["stats"])):
        assert figures.keys() >= {"sent", "lost", *named}
        assert all(figures[name] is not None for name in named)


def times(value: Any, name: str = "") -> list[float]:
    """All numbers of a document whose names end as those of times do."""
    if isinstance(value, dict):
        return [own_s for key, own in value.items() for own_s in times(own, key)]
    if isinstance(value, list):
        return [own_s for own in value for own_s in times(own, name)]
    return [value] if isinstance(value, float) and name.endswith("_s") else []
