"""The words for a trace under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.answers.so_far import SoFar
from mda.statistics.stopping import Bound
from render.words.progress import progress_words
from tests.support.outcomes import LEFT, NEAR, RIGHT, losses, reply

if TYPE_CHECKING:
    from mda.model import Outcome

BOUND = Bound(0.05)


def filled() -> SoFar:
    so_far = SoFar()
    outcomes: list[Outcome] = [reply(flow, 1, NEAR) for flow in range(6)]
    for outcome in (*outcomes, reply(0, 2, LEFT), reply(1, 2, RIGHT), *losses(0, 3, 2)):
        so_far.add(outcome)
    return so_far


def test_each_hop_is_a_row_with_its_figures() -> None:
    words = progress_words(filled(), "host", 1.0, BOUND, None)
    assert words.figures == ("sent", "loss", "sure", "last", "min")
    (table,) = words.tables
    assert table.rows == (
        ("1", f"{NEAR}", ("6", "0 %", "96.9 %", "10.0", "10.0")),
        ("2", f"{LEFT} and 1 more", ("2", "0 %", "0 %", "10.0", "10.0")),
        ("3", "*", ("2", "100 %", "", "", "")),
    )


def test_a_trace_of_one_flow_is_sure_of_nothing() -> None:
    words = progress_words(filled(), "host", 1.0, None, None)
    assert words.figures == ("sent", "loss", "last", "min")
    assert words.title == "host: 10 probes, 2 lost, times in ms"
    assert {len(row.figures) for row in words.tables[0].rows} == {4}


def test_seconds_left_follow_from_what_is_missing_and_from_a_deadline() -> None:
    def title(left_s: float | None) -> str:
        return progress_words(filled(), "host", 10.0, BOUND, left_s).title

    assert title(None) == "host: about 11 s left, 10 probes, 2 lost, times in ms"
    assert title(3.0).startswith("host: about 3 s left, ")
    assert title(0.4) == "host: 10 probes, 2 lost, times in ms"
