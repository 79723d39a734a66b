"""The scout learns how far the path goes, and spends none of the destination's replies in vain."""

from __future__ import annotations

from random import Random

import pytest

from mda.answers.table import FlowTable
from mda.explore.scout import Scout, first_ttls
from mda.explore.search import Reach
from mda.explore.wave import Sent, Wave
from mda.model import ProbeRequest
from tests.support.drive import full_mda, graph_of, layers, play
from tests.support.outcomes import TARGET, reply

REACH = Reach(first_ttl=1, max_ttl=30, attempts=3, gap_limit=3, flows=100)


def asked(scout: Scout, sent: Sent) -> list[int]:
    """The TTLs that the scout asks next, ascending."""
    wave = Wave(sent)
    scout.ask(wave)
    sent.add(wave.requests)
    return sorted(request.ttl for request in wave.requests)


@pytest.mark.parametrize("hops", range(1, 25))
def test_the_destination_gets_no_probe_in_vain(hops: int) -> None:
    played = play(full_mda(), layers(*[1] * hops).per_flow(Random(1)))
    requests = [outcome.request for outcome in played.outcomes]
    beyond = [request.ttl for request in requests if hops < request.ttl < 30]
    assert len(beyond) == max(0, 3 - hops)
    to_end = [request.flow for request in requests if request.ttl >= hops]
    assert sorted(to_end) == [0, 1, 2, 3, 4, 5]  # as many as Linux answers at once


@pytest.mark.parametrize("first_ttl", [1, 4])
def test_in_silence_the_scout_asks_a_dozen_ttls(first_ttl: int) -> None:
    scout, sent = Scout(FlowTable(3), REACH._replace(first_ttl=first_ttl), 6), Sent()
    assert asked(scout, sent) == [*range(first_ttl, first_ttl + 3), 30]
    assert asked(scout, sent) == []
    scout.on_silence()
    assert asked(scout, sent) == list(range(first_ttl + 3, first_ttl + 12))


def test_in_silence_only_the_scout_goes_on() -> None:
    procedure = full_mda()
    first = procedure.wanted(1000)
    further = procedure.wanted_in_silence()
    assert sorted(first) == [ProbeRequest(*own) for own in ((0, 1), (1, 2), (2, 3), (3, 30))]
    assert sorted(further) == [ProbeRequest(0, ttl) for ttl in range(4, 13)]
    assert procedure.wanted_in_silence() == []
    assert not procedure.finished


@pytest.mark.parametrize("answering", [0, 2])
def test_silent_hops_end_no_path_whose_end_answers_without_a_distance(answering: int) -> None:
    network, silent = layers(*[1] * 8).per_flow(Random(1)), range(answering + 1, answering + 4)
    played = play(full_mda(), network, quotes=False, lost=lambda probe, _: probe.ttl in silent)
    shown = {vertex.ttl: vertex.address for vertex in graph_of(played.outcomes) if vertex.ttl}
    expected = dict(enumerate(network(0), start=1)) | dict.fromkeys(silent)
    assert shown == expected


def test_where_more_silent_hops_are_allowed_the_scout_asks_more_of_them() -> None:
    scout, sent = Scout(FlowTable(3), REACH._replace(gap_limit=7), 6), Sent()
    assert asked(scout, sent) == [*range(1, first_ttls(7) + 1), 30]
    assert first_ttls(7) == 7


def test_the_scout_gives_up_what_it_asked_behind_ends_that_were_found_since_then() -> None:
    table = FlowTable(3)
    scout, sent = Scout(table, REACH, 6), Sent()
    asked(scout, sent)
    scout.on_silence()
    ahead = [ProbeRequest(0, ttl) for ttl in asked(scout, sent)]
    assert not any(map(scout.gives_up, ahead))
    table.add(reply(1, 6, TARGET, ends=True))
    given_up = [own for own in ahead if scout.gives_up(own) and sent.forget(own)]
    assert [own.ttl for own in given_up] == [7, 8, 9, 10, 11, 12]
    # What is wanted for another reason later is not the scout's.
    sent.add(given_up)
    assert not any(map(scout.gives_up, given_up))
    sent.add([given_up[0]._replace(attempt=1)])
    assert [own.ttl for own in given_up if sent.forget(own)] == [8, 9, 10, 11, 12]
