"""What evidence is worth: classes from fields, and draws that are counted once."""

from __future__ import annotations

import pytest

from mda.model import HeaderField, Vertex
from mda.studies.balancer_evidence import Evidence, Family
from mda.studies.balancers import STEADY_ERROR, Kind, Verdict, judge
from tests.support.drive import vertex

LEFT, RIGHT = vertex(3, 11), vertex(3, 12)
TRIED = (
    HeaderField.SPORT,
    HeaderField.DPORT,
    HeaderField.SOURCE,
    HeaderField.DESTINATION,
    HeaderField.FLOW_LABEL,
)


def known(hashed: set[HeaderField], *, repeats: int = 17, answers: int = 12) -> Evidence:
    """Evidence in which the fields make a difference, and the others none of `answers` times."""
    plain = (
        {LEFT: [0, 2, 4], RIGHT: [1, 3]} if HeaderField.SPORT in hashed else {LEFT: list(range(13))}
    )
    evidence = Evidence(vertex(2, 2), plain, HeaderField.SPORT)
    evidence.repeats = repeats
    evidence.successors = {LEFT, RIGHT}
    for field in TRIED:
        members = dict.fromkeys(range(answers + 1), LEFT)
        if field in hashed:
            members[1] = RIGHT
        evidence.families[field] = {(0, 0): Family(members)}
    return evidence


@pytest.mark.parametrize(
    ("hashed", "kind"),
    [
        (
            {HeaderField.SPORT, HeaderField.DPORT, HeaderField.SOURCE, HeaderField.DESTINATION},
            Kind.PER_FLOW,
        ),
        ({HeaderField.SPORT, HeaderField.DESTINATION}, Kind.PER_FLOW),
        ({HeaderField.DPORT, HeaderField.FLOW_LABEL, HeaderField.SOURCE}, Kind.PER_FLOW),
        ({HeaderField.SPORT, HeaderField.DPORT}, Kind.PER_APPLICATION),
        ({HeaderField.SPORT, HeaderField.FLOW_LABEL}, Kind.PER_APPLICATION),
        ({HeaderField.SOURCE, HeaderField.DESTINATION}, Kind.PER_DESTINATION),
        ({HeaderField.DESTINATION}, Kind.PER_DESTINATION),
        ({HeaderField.FLOW_LABEL}, Kind.FLOW_LABEL),
        ({HeaderField.SOURCE, HeaderField.DESTINATION, HeaderField.FLOW_LABEL}, Kind.FLOW_LABEL),
    ],
)
def test_hashed_fields_decide_the_kind_of_a_balancer(hashed: set[HeaderField], kind: Kind) -> None:
    balancer = judge(known(hashed), TRIED, 0.05)
    assert balancer.kind is kind
    assert {field.field for field in balancer.fields if field.verdict is Verdict.HASHED} == hashed
    assert all(field.verdict is not Verdict.UNDECIDED for field in balancer.fields)
    assert balancer.error_probability <= 0.05


def test_a_field_stays_undecided_with_too_few_replies() -> None:
    # Five fields are judged: seven answers alike are worth 5 / 2^7, six of them 5 / 2^6.
    for answers, verdict in ((7, Verdict.IGNORED), (6, Verdict.UNDECIDED)):
        balancer = judge(known({HeaderField.SPORT}, answers=answers), TRIED, 0.05)
        assert balancer.verdict(HeaderField.DESTINATION) is verdict


def test_without_enough_repeats_no_kind_is_decided_unless_one_of_them_differs() -> None:
    few = known({HeaderField.SPORT, HeaderField.DESTINATION}, repeats=16)
    assert few.chance_if_per_packet() > STEADY_ERROR
    assert judge(few, TRIED, 0.05).kind is Kind.UNDECIDED
    few.is_per_packet = True
    balancer = judge(few, TRIED, 0.05)
    assert (balancer.kind, balancer.error_probability) == (Kind.PER_PACKET, 0.0)


def test_one_value_in_many_flows_is_one_draw_unless_the_flow_field_is_hashed() -> None:
    for hashed, draws in (({HeaderField.SPORT}, 20), ({HeaderField.DESTINATION}, 1)):
        evidence = known(hashed)
        evidence.families[HeaderField.PROTOCOL] = {
            (base, 0): Family({0: LEFT, 1: LEFT}) for base in range(1, 21)
        }
        assert evidence.compared(HeaderField.PROTOCOL) == draws
        assert evidence.chance_if_hashed(HeaderField.PROTOCOL) == pytest.approx(0.5**draws)


def test_companions_are_independent_draws_if_a_field_that_they_vary_is_hashed() -> None:
    for every, draws in (({0: LEFT, 1: RIGHT}, 6), ({0: LEFT, 1: LEFT}, 1)):
        evidence = known(set())
        evidence.families[HeaderField.ALL] = {(0, 0): Family(dict(every))}
        evidence.families[HeaderField.PROTOCOL] = {
            (0, companion): Family({0: LEFT, 1: LEFT}) for companion in range(6)
        }
        assert evidence.compared(HeaderField.PROTOCOL) == draws


def test_a_successor_that_most_flows_meet_is_likely_by_chance() -> None:
    evidence = Evidence(
        vertex(2, 2), {LEFT: list(range(90)), RIGHT: list(range(90, 100))}, HeaderField.SPORT
    )
    assert evidence.chance(LEFT) > 0.9
    assert evidence.chance(RIGHT) == 0.5
    assert evidence.chance(Vertex(3, None)) == 0.5
