from __future__ import annotations

import re

import pytest

from mda.studies.paths import Recipe
from render.page import trace_tables
from render.page.table import Table, html
from render.words.routes import route_words
from tests.render.samples import HOSTILE, TRACES
from tests.support.views import rows_of, words_of


def written(table: Table, name: str) -> str:
    return html(table, numbers_of(name))


def numbers_of(name: str) -> dict[str, int]:
    vertices = (vertex for hop in words_of(TRACES[name]).hops for vertex in hop.vertices)
    return {vertex.key: number for number, vertex in enumerate(vertices)}


def test_hops_have_a_row_for_each_vertex_and_no_column_that_is_empty() -> None:
    head, *body = rows_of(written(trace_tables.hops(words_of(TRACES["two-way"]).hops), "two-way"))
    assert head == ["hop", "interface", "share", "rtt ms", "answers", "notes"]
    assert [row[:3] for row in body[1:4]] == [
        ["2", "198.51.100.1", "100 %"], ["3.1", "198.51.100.11", "50 %"],
        ["3.2", "198.51.100.12", "50 %"],
    ]  # fmt: skip


def test_balancers_have_their_ways_and_what_may_be_unseen() -> None:
    head, row = rows_of(
        written(trace_tables.balancers(words_of(TRACES["four-way"]).hops), "four-way")
    )
    assert head == ["hop", "interface", "ways", "may be unseen", "explored", "notes"]
    assert row[:3] == ["2", "198.51.100.1", "4"]
    assert re.fullmatch(r"[\d.]+ % of its flows", row[3])


def test_paths_name_their_branches() -> None:
    trace = TRACES["two-way"]
    routes = route_words(trace, lambda _: Recipe("", ()))
    assert rows_of(html(trace_tables.paths(routes, words_of(trace).hops), {})) == [
        ["path", "through", "flows"], ["1", "198.51.100.11", "8"], ["2", "198.51.100.12", "8"],
    ]  # fmt: skip


@pytest.mark.parametrize("name", TRACES)
def test_a_table_without_rows_is_nothing_and_every_other_one_is_well_formed(name: str) -> None:
    hops = words_of(TRACES[name]).hops
    table = written(trace_tables.balancers(hops), name)
    has_balancers = any(vertex.balancer for hop in hops for vertex in hop.vertices)
    assert bool(table) == has_balancers
    rows_of(table)
    rows_of(written(trace_tables.hops(hops), name))


def test_a_hostile_name_is_text() -> None:
    table = written(trace_tables.hops(words_of(TRACES["marks"]).hops), "marks")
    assert "<b>" not in table
    cells = [cell for row in rows_of(table) for cell in row]
    assert any("<b>&amp;" in cell for cell in cells)
    assert all(cell.isprintable() for cell in cells)
    assert HOSTILE not in cells
