"""The sentences about changes of packets: each says where it begins, and what proves it."""

from __future__ import annotations

import json
from ipaddress import ip_address

import paris
from mda.findings.changes.base import Change, Kind
from mda.model import FROM_OURSELVES, Vertex
from paris.formats import native
from render.words.changes import change_lines
from render.words.summary import findings
from render.words.vertices import vertex_words
from tests.support.traces import DESTINATION, assembled, hops, outcomes

ORIGIN = Vertex(0, ip_address("192.0.2.1"))
LEFT, RIGHT = (Vertex(3, ip_address(f"198.51.100.{n}")) for n in (1, 2))
END = Vertex(4, ip_address("203.0.113.9"))


def line(kind: Kind, *, sent: str = "", shown: str = "", hops: int = 0, after: Vertex = ORIGIN,
         until: Vertex | None = None) -> str:  # fmt: skip
    change = Change(kind, (after,), (LEFT, RIGHT), (0,), sent, shown, hops, until)
    return "".join(change_lines([change], ORIGIN))


def test_a_field_is_named_with_both_values_and_the_quotes_around() -> None:
    assert line(Kind.ECN, sent="2", shown="0") == (
        "ECN rewritten from 2 (ECT(0)) to 0 (Not-ECT) between the source and 198.51.100.1 (hop 3) "
        "and 198.51.100.2 (hop 3), by what they quote"
    )
    assert line(Kind.SOURCE, sent="192.0.2.1", shown="198.18.0.1").startswith(
        "source address translated to 198.18.0.1 between "
    )


def test_a_quote_that_may_be_wrong_is_called_that() -> None:
    assert "and as sent again by 203.0.113.9 (hop 4)" in line(Kind.DSCP, shown="0", until=END)


def test_hidden_hops_are_counted_where_that_is_known() -> None:
    assert "so 5 hops before them are hidden" in line(
        Kind.TTL_RAISED, sent="2", shown="250", hops=5
    )
    assert line(Kind.OPAQUE_TUNNEL, sent="1", shown="7").startswith("hops before them are hidden")


def test_values_that_differ_between_flows_are_in_one_line() -> None:
    pool = [
        Change(Kind.SOURCE, (ORIGIN,), (LEFT,), (flow,), "192.0.2.1", f"198.18.0.{flow}")
        for flow in range(5)
    ]
    (said,) = change_lines(pool, ORIGIN)
    assert said.startswith(
        "source address translated to 198.18.0.0, 198.18.0.1, 198.18.0.2 and 2 more between "
    )


def test_a_way_back_that_is_one_link_longer_is_only_a_note() -> None:
    assert line(Kind.WAY_BACK, sent="+0", shown="+1", hops=4) == ""
    assert "come back over 4 links more" in line(Kind.WAY_BACK, sent="-1", shown="+3", hops=6)


def test_a_rewritten_field_whose_beginning_is_open_is_noted_where_it_is_first_quoted() -> None:
    gateway, near, far, destination = "192.0.2.254", "198.51.100.1", "198.51.100.2", DESTINATION
    changed = {"changed": ("traffic-class",)}  # an old file that lacks the value
    trace = assembled(
        outcomes(hops(gateway, near, "*", far, destination, flows=6),
                 answers={near: changed, far: changed, destination: changed})
    )  # fmt: skip
    notes = {own.address: own.notes for own in vertex_words(trace).values()}
    assert notes[near] == ("rewritten on the way: traffic class",)
    assert notes[gateway] == notes[far] == ()


def test_replies_of_this_machine_are_told_from_hops() -> None:
    trace = assembled(outcomes(hops("192.0.2.254", DESTINATION, flows=6)))
    assert not [line for line in findings(trace) if "this machine" in line]
    looped = trace.replace(unmatched={FROM_OURSELVES: 3})
    (said,) = [line for line in findings(looped) if "this machine" in line]
    assert said.startswith("3 replies came from an address of this machine, which is no hop")


def test_the_sample_shows_its_changes_in_notes_text_and_json() -> None:
    trace = paris.trace(network="changed", multipath=True, traffic_class=186)
    notes = {own.address: own.notes for own in vertex_words(trace).values()}
    assert "DSCP 46 to 0 from here on" in notes["198.51.100.1"]
    assert "ECN 2 to 0 from here on" in notes["198.51.100.21"]
    assert "source address translated from here on" in notes["203.0.113.101"]
    assert notes["198.51.100.2"] == notes["198.51.100.12"] == ()  # behind what is rewritten
    assert "back 13" in notes["203.0.113.1"]
    assert len(change_lines(trace.changes, trace.origin)) == 5
    text = native.write(trace)
    assert [own["kind"] for own in json.loads(text)["changes"]] == [
        "source", "dscp", "ecn", "implicit-tunnel", "way-back",
    ]  # fmt: skip
    assert native.write(native.read(text, "x.json")) == text
