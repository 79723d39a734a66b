"""Where losses and delays begin, on networks whose truth is known: each by random draws."""

from __future__ import annotations

import json
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from mda.answers.rate_limits import Answering
from mda.findings.loss_places import are_of_way
from mda.findings.same_flows import LEVEL, Flows, Value, differences, more_often_above, proven
from mda.model import Loss, ProbeRequest, Reply, ReplyKind
from paris.formats import native, schemas
from tests.support.traces import assembled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import Outcome
    from mda.trace import Trace

TARGET = "203.0.113.9"
LEFT, RIGHT = ("10.1.0.1", "10.2.0.1", "10.3.1.1", "10.4.1.1"), ("10.1.0.1", "10.2.0.1", "10.3.2.1")
BRANCHES = ((*LEFT, "10.5.0.1", TARGET), (*RIGHT, "10.4.2.1", "10.5.0.1", TARGET))
SEEDS = range(20)
FEW, MANY = 60, 2000  # rounds


class Truth(NamedTuple):
    """What is wrong with a network, by address.

    A link is named by its far end on the left branch. `lost` is the share of probes that a link
    loses, `queued_s` the mean wait in its queue; `ignored` is the share of probes that a router
    does not answer, `limit_pps` its rate of answers, `slow_s` how long it takes over one.
    """

    lost: Mapping[str, float] = {}
    queued_s: Mapping[str, float] = {}
    ignored: Mapping[str, float] = {}
    limit_pps: Mapping[str, float] = {}
    slow_s: Mapping[str, float] = {}


def measured(truth: Truth, seed: int, rounds: int, *, every_s: float = 0.1) -> Trace:
    """Every hop of both branches is asked once a round, by one flow each."""
    random = Random(seed)
    found: list[Outcome] = []
    tokens, counted_s = dict.fromkeys(truth.limit_pps, 5.0), 0.0
    for attempt in range(rounds):
        start_s = attempt * every_s
        for name in tokens:
            tokens[name] = min(5.0, tokens[name] + (start_s - counted_s) * truth.limit_pps[name])
        counted_s = start_s
        for flow, path in enumerate(BRANCHES):
            for ttl, address in enumerate(path, start=1):
                request, sent_at_s = ProbeRequest(flow, ttl, attempt), start_s + 1e-5 * ttl
                is_answered = all(random.random() >= truth.lost.get(by, 0) for by in path[:ttl])
                if is_answered and address in tokens:
                    is_answered = tokens[address] >= 1
                    tokens[address] -= is_answered
                if not is_answered or random.random() < truth.ignored.get(address, 0):
                    found.append(Loss(request, sent_at_s, sent_at_s + 1))
                    continue
                rtt_s = 0.002 * ttl + abs(random.gauss(0, 0.0004)) + truth.slow_s.get(address, 0)
                rtt_s += sum(
                    random.expovariate(1 / truth.queued_s[by])
                    for by in path[:ttl]
                    if by in truth.queued_s
                )
                ends = address == TARGET
                kind = ReplyKind.UNREACHABLE if ends else ReplyKind.TIME_EXCEEDED
                found.append(
                    Reply(
                        request, kind, ip_address(address), sent_at_s, sent_at_s + rtt_s,
                        icmp_type=3 if ends else None, icmp_code=3 if ends else None, quoted_ttl=1,
                    )
                )  # fmt: skip
    return assembled(found)


def stated(trace: Trace) -> dict[str, list[str]]:
    """The addresses of which each kind of statement is made; of links, the far ends."""
    own = trace.behaviour
    return {
        "answers lost": [str(said.vertex.address) for said in own.answers_lost],
        "lost on the way": [str(said.far.address) for said in own.lost_on_way],
        "slow": [str(said.vertex.address) for said in own.slow_answers],
        "queue": [str(said.far.address) for said in own.queues],
    }


NOTHING: dict[str, list[str]] = {"answers lost": [], "lost on the way": [], "slow": [], "queue": []}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slow_router_a_queue_and_ignored_probes_are_told_apart(seed: int) -> None:
    truth = Truth(slow_s={"10.2.0.1": 0.02}, queued_s={"10.3.1.1": 0.01}, ignored={"10.4.2.1": 0.4})
    assert stated(measured(truth, seed, FEW)) == {
        "answers lost": ["10.4.2.1"],
        "lost on the way": [],
        "slow": ["10.2.0.1"],
        "queue": ["10.3.1.1"],
    }


def test_json_has_the_figures_of_vertices_and_links_and_what_is_proven() -> None:
    truth = Truth(slow_s={"10.2.0.1": 0.02}, lost={"10.3.1.1": 0.4}, ignored={"10.4.2.1": 0.4})
    trace = measured(truth, 1, FEW)
    document = json.loads(native.write(trace))
    schemas.check(document, "native.schema.json", "x.json")
    graph = document["graph"]
    vertices = {own["id"]: own["delays"] for own in graph["vertices"] if own["ttl"]}
    assert vertices["10.2.0.1@2"]["sent"] == 2 * FEW
    assert vertices["10.2.0.1@2"]["lost"] == 0
    edges = {(own["from"], own["to"]): own["delays"] for own in graph["edges"]}
    left, right = edges["10.2.0.1@2", "10.3.1.1@3"], edges["10.2.0.1@2", "10.3.2.1@3"]
    assert (left["sent"], right["sent"]) == (FEW, FEW)
    assert left["lost"] > 10
    assert right["lost"] == 0
    assert [own["vertex"] for own in graph["slow_answers"]] == ["10.2.0.1@2"]
    assert [own["vertex"] for own in graph["answers_lost"]] == ["10.4.2.1@4"]
    lost = [(own["from"], own["to"]) for own in graph["lost_on_way"]]
    assert lost == [("10.2.0.1@2", "10.3.1.1@3")]
    assert "queues" not in graph
    assert native.write(native.read(native.write(trace), "x.json")) == native.write(trace)


@pytest.mark.parametrize("seed", SEEDS)
def test_loss_at_a_link_of_one_branch_is_stated_of_that_branch(seed: int) -> None:
    said = stated(measured(Truth(lost={"10.3.1.1": 0.4}), seed, FEW))
    assert said == {**NOTHING, "lost on the way": ["10.3.1.1"]}


def test_what_gets_lost_on_the_way_explains_as_many_losses_of_the_hops_behind_it() -> None:
    trace = measured(Truth(lost={"10.3.1.1": 0.4}), 1, FEW)
    flows = Flows.of(trace.dag, trace.origin, trace.behaviour.tries, ())
    way = trace.behaviour.lost_on_way

    def is_explained(address: str, lost: int) -> bool:
        (vertex,) = (own for own in trace.dag if str(own.address) == address)
        return are_of_way(flows, way, vertex, Answering(FEW, lost, None, may_be_limited=True))

    assert is_explained("10.4.1.1", round(0.4 * FEW))
    assert not is_explained("10.4.1.1", round(0.9 * FEW))
    assert is_explained("10.5.0.1", round(0.2 * FEW))  # half of its flows come by that link
    assert not is_explained("10.5.0.1", round(0.6 * FEW))
    assert not is_explained("10.4.2.1", 1)
    assert not is_explained("10.2.0.1", 1)


@pytest.mark.parametrize(
    ("ignored", "first", "explained"),
    [(0.0, ("10.2.0.1", "10.3.1.1"), True), (0.5, ("10.2.0.1", "10.4.1.1"), False)],
)
def test_a_hop_that_may_be_limited_shows_a_loss_if_it_loses_no_more_than_those_behind(
    ignored: float, first: tuple[str, str], explained: bool
) -> None:
    truth = Truth(lost={"10.3.1.1": 0.4}, ignored={"10.3.1.1": ignored})
    own = measured(truth, 1, FEW).behaviour
    (vertex,) = (own for own in own.dag if str(own.address) == "10.3.1.1")
    suspected = own.answering[vertex]._replace(limit=None, may_be_limited=True)
    seen = own.replace(answering={**own.answering, vertex: suspected})
    (lost,) = seen.lost_on_way
    assert (str(lost.near.address), str(lost.far.address)) == first
    assert (vertex not in seen.may_be_limited) is explained


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_one_percent_of_real_loss_is_told_from_a_limit_of_50_answers_a_second(seed: int) -> None:
    truth = Truth(lost={"10.3.1.1": 0.01}, limit_pps={"10.2.0.1": 50.0})
    assert stated(measured(truth, seed, MANY, every_s=0.03)) == {
        **NOTHING,
        "answers lost": ["10.2.0.1"],
        "lost on the way": ["10.3.1.1"],
    }


def test_nothing_is_stated_of_200_networks_where_nothing_is_wrong() -> None:
    for seed in range(200):
        assert stated(measured(Truth(), seed, 25)) == NOTHING


def test_loss_at_every_hop_is_that_of_the_first_link() -> None:
    trace = measured(Truth(lost={"10.1.0.1": 0.3}), 1, FEW)
    assert stated(trace) == {**NOTHING, "lost on the way": ["10.1.0.1"]}
    assert trace.behaviour.lost_on_way[0].near == trace.origin


def test_loss_that_only_the_last_hop_shows_may_be_of_its_answers() -> None:
    assert stated(measured(Truth(lost={TARGET: 0.4}), 1, FEW)) == NOTHING


def test_few_probes_prove_nothing() -> None:
    assert stated(measured(Truth(lost={"10.3.1.1": 0.4}), 1, 8)) == NOTHING


def test_pairs_are_of_one_flow_and_one_moment() -> None:
    series = {
        (0, 1): [Value(0.0, 1.0), Value(1.0, 2.0), Value(2.0, 3.0)],
        (0, 2): [Value(0.9, 3.0), Value(9.0, 3.0)],
        (1, 2): [Value(0.0, 7.0)],
    }
    assert differences(series, [0, 1], 1, 2) == [2.0]
    assert differences(series, [0, 1], 1, 2, from_least=True) == [0.0]


def test_the_sign_test_is_exact_and_adjusted_for_the_number_of_statements() -> None:
    assert more_often_above([1.0] * 10) == pytest.approx(2**-10)
    assert more_often_above([1.0, -1.0, 0.0]) == pytest.approx(0.75)
    assert more_often_above([]) == 1.0
    assert proven([LEVEL, 1.0]) == [False, False]
    assert proven([LEVEL / 2, 1.0]) == [True, False]
