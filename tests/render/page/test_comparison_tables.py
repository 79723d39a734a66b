from __future__ import annotations

from mda.comparison import compare
from render.page.comparison_tables import tables
from render.page.table import html
from render.words.comparison import comparison_words
from tests.render.samples import TRACES
from tests.support.views import rows_of

WORDS = comparison_words(compare([(name, TRACES[name]) for name in ("two-way", "four-way")]))
NUMBERS = {
    own.key: place
    for place, own in enumerate(own for vertices in WORDS.hops.values() for own in vertices)
}


def shown(title: str) -> list[list[str]]:
    (table,) = (own for own in tables(WORDS) if own.title == title)
    return rows_of(html(table, NUMBERS))


def test_hops_have_the_share_and_the_round_trip_by_each_protocol() -> None:
    head, *body = shown("Hops")
    assert head == ["hop", "interface", "seen by", "two-way", "four-way"]
    seen = {row[1]: row[2:] for row in body}
    assert len(body) == len(NUMBERS) - 1
    assert seen["198.51.100.11"][0] == "all"
    assert [own[:4] for own in seen["198.51.100.11"][1:]] == ["50 %", "25 %"]
    assert seen["198.51.100.14"][:2] == ["four-way", "-"]


def test_balancers_have_their_ways_by_each_protocol() -> None:
    head, row = shown("Balancers")
    assert head == ["hop", "interface", "two-way", "four-way"]
    assert row[1:] == ["198.51.100.1", "2 ways", "4 ways"]


def test_services_are_a_table_only_where_services_are_compared() -> None:
    assert shown("Services") == []
    services = comparison_words(compare([("tcp/22", TRACES["path"]), ("udp/53", TRACES["path"])]))
    head, *body = rows_of(html(tables(services)[0], {}))
    assert head[0] == "service"
    assert [row[0] for row in body] == ["tcp/22", "udp/53"]
