"""An ordinary traceroute: which of its links exist, which do not, and which it misses."""

from __future__ import annotations

from random import Random

from mda.answers.graph import build, locate
from mda.answers.table import tabulate
from mda.model import HeaderField, Vertex
from mda.procedure import Chain, History
from mda.studies.classic import QUERIES, Classic, Reality, classic, requests
from mda.studies.classic_probing import ClassicProbing
from mda.studies.task import Task
from mda.variants import plain_outcomes, variant_of
from tests.support.drive import SOURCE, Network, full_mda, interface, layers, play, vertex
from tests.support.hashing import CASES, choose


def shown(network: Network) -> Classic:
    task = Task(
        source=SOURCE, first_ttl=1, max_ttl=30, attempts=3, failure_probability=0.001,
        flow_field=HeaderField.SPORT, values={}, flows=50_000,
    )  # fmt: skip

    def follow(history: History) -> ClassicProbing:
        return ClassicProbing(task, history)

    played = play(Chain(full_mda(failure_probability=0.001), follow), network)
    table = tabulate(plain_outcomes(played.outcomes), 3)
    located = locate(table, SOURCE, 1)
    return classic(build(table, located), located.origin, played.outcomes, HeaderField.SPORT)


def two_long_branches(key: str) -> Network:
    """Two branches of three hops each: a link from one to the other does not exist."""

    def walk(flow: int) -> list[object]:
        branch = 10 * (1 + choose(key, flow, CASES["flow"][0], [1, 1]))
        return [interface(1), *(interface(branch + hop) for hop in range(3)), interface(99)]

    return walk  # type: ignore[return-value]


def test_every_probe_of_a_classic_traceroute_is_another_flow() -> None:
    asked = list(requests(HeaderField.SPORT, 1, 4))
    assert [request.ttl for request in asked] == [1] * QUERIES + [2] * QUERIES + [3] * QUERIES + [
        4
    ] * 3
    numbers = [variant_of(request.flow) for request in asked]
    assert [number.number for number in numbers if number] == list(range(1, 13))
    assert {number.field for number in numbers if number} == {HeaderField.DPORT}
    by_dport = [variant_of(request.flow) for request in requests(HeaderField.DPORT, 1, 1)]
    assert {flow_number.field for flow_number in by_dport if flow_number} == {HeaderField.SPORT}


def test_links_across_branches_are_false_and_links_within_are_real() -> None:
    false = 0
    for seed in range(10):
        classic = shown(two_long_branches(f"{seed}"))
        assert len(classic.hops) == 5
        for link in classic.links:
            ends = [int(end.address or 0) - int(interface(0)) for end in (link.near, link.far)]
            crosses = 10 <= ends[0] < 99 and 10 <= ends[1] < 99 and ends[0] // 10 != ends[1] // 10
            assert link.reality is (Reality.FALSE if crosses else Reality.REAL)
        false += len(classic.false_links)
    assert false > 10  # of three columns and two pairs of hops half cross, on average


def test_a_plain_path_has_no_false_and_no_missed_links() -> None:
    classic = shown(layers(1, 1, 1, 1).per_flow(Random(1)))
    assert not classic.false_links
    assert not classic.missed
    assert {link.reality for link in classic.links} == {Reality.REAL}
    assert classic.hops[-1] == (vertex(4, 4),) * QUERIES
    assert len(classic.hops) == 4


def test_links_that_a_classic_traceroute_misses_are_counted() -> None:
    classic = shown(layers(1, 16, 1).per_flow(Random(1)))
    assert len(classic.missed) >= 2 * (16 - QUERIES)


def test_no_link_is_false_where_the_graph_proves_no_edges() -> None:
    classic = shown(layers(1, 2, 2, 1).per_packet(Random(2)))
    between = [link for link in classic.links if link.near.ttl == 2 and link.far.ttl == 3]
    assert all(link.reality is not Reality.FALSE for link in between)


def test_a_trace_without_replies_has_no_classic_hops() -> None:
    empty = classic(build(tabulate([], 3), locate(tabulate([], 3), SOURCE, 1)),
                    Vertex(0, SOURCE), [], HeaderField.SPORT)  # fmt: skip
    assert (empty.hops, empty.links, empty.missed) == ((), (), ())
