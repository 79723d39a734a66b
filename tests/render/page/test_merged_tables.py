from __future__ import annotations

from mda.merging import merge
from render.page.merged_tables import tables
from render.page.table import html
from render.words.merged import merged_words
from tests.support.traces import DESTINATION, assembled, hops, outcomes
from tests.support.views import rows_of

GATEWAY, ELSEWHERE = "192.0.2.254", "203.0.113.77"
TRACES = [
    assembled(outcomes(hops(GATEWAY, *columns, flows=8), destination=end), destination=end)
    for end, *columns in (
        (DESTINATION, DESTINATION), (DESTINATION, "198.51.100.1", DESTINATION), (ELSEWHERE, "*"),
    )
]  # fmt: skip
WORDS = merged_words(merge(TRACES))
NUMBERS = {own.key: place for place, own in enumerate(sum(WORDS.steps.values(), ()))}


def test_sources_and_destinations_are_counted_and_those_with_most_traces_come_first() -> None:
    sources, destinations, _ = (rows_of(html(own, NUMBERS)) for own in tables(WORDS))
    assert sources == [
        ["source", "traces", "destinations", "reached"], ["192.0.2.1", "3", "2", "2"]
    ]  # fmt: skip
    assert destinations == [
        ["destination", "traces", "sources", "reached"],
        [DESTINATION, "2", "1", "2"], [ELSEWHERE, "1", "1", "0"],
    ]  # fmt: skip


def test_vertices_have_the_numbers_of_those_that_saw_them() -> None:
    head, *body = rows_of(html(tables(WORDS)[2], NUMBERS))
    assert head == ["step", "vertex", "traces", "sources", "destinations"]
    assert ["1", GATEWAY, "3", "1", "2"] in body
    assert len(body) == len(NUMBERS)
