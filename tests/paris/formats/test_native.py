"""Our JSON: loses nothing, follows its schema, and a broken file is one clear line."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

import paris
from mda.answers.rate_limits import RateLimit
from mda.errors import ParisTraceError
from mda.findings.certainty import Obstacle
from mda.model import Reply, Vertex, Way
from mda.record import Table
from mda.statistics.shares import Share
from mda.studies.registry import STUDIES
from mda.trace import Trace
from paris.errors import FormatError
from paris.formats import native, studies_json

SCHEMA = json.loads(Path(native.__file__).with_name("native.schema.json").read_text())


EVERY = {study.name: "1" if study.argument else None for study in STUDIES}


def traced(network: str, **options: Any) -> Trace:
    return paris.trace(network=network, multipath=True, **options)


@pytest.mark.parametrize(
    "network",
    [
        "plain",
        "two-way",
        "mpls",
        "named-interfaces",
        "lossy",
        "silent-branch",
        "per-packet",
        "ipv6-label",
    ],
)
def test_a_trace_reads_back_equal_and_its_json_follows_the_schema(network: str) -> None:
    trace = traced(network)
    written = native.write(trace)
    jsonschema.validate(json.loads(written), SCHEMA)
    again = native.read(written, "again.json")
    assert (again.plan, again.outcomes, again.unresolved) == (
        trace.plan, trace.outcomes, trace.unresolved
    )  # fmt: skip
    assert list(again.graph.edges(data=True)) == list(trace.graph.edges(data=True))
    assert again.certainty == trace.certainty
    assert again.diamonds == trace.diamonds
    assert native.write(again) == written


@pytest.mark.parametrize("network", ["two-way", "nested", "per-packet", "per-destination", "loop"])
def test_studies_read_back_equal_and_their_json_follows_the_schema(network: str) -> None:
    trace = traced(network, studies=EVERY, parameters={"rounds": 2})
    written = native.write(trace)
    jsonschema.validate(json.loads(written), SCHEMA)
    again = native.read(written, "again.json")
    assert again.studies == trace.studies
    assert native.write(again) == written


def test_files_from_before_there_were_studies_are_read() -> None:
    document = json.loads(native.write(traced("plain")))
    for later in ("prefix_len", "sources", "studies", "follow"):
        del document["plan"][later]
    assert native.read(json.dumps(document), "old.json").plan.studies == {}


def test_an_unfinished_trace_keeps_the_probes_that_were_in_flight() -> None:
    trace = traced("two-way", deadline_s=0.005)
    assert trace.unresolved
    written = native.write(trace)
    jsonschema.validate(json.loads(written), SCHEMA)
    assert native.read(written, "x").unresolved == trace.unresolved


def test_a_reply_from_a_tunnel_reads_back_equal() -> None:
    trace = traced("plain")
    inside = [
        outcome._replace(in_tunnel=True) if isinstance(outcome, Reply) else outcome
        for outcome in trace.outcomes
    ]
    written = native.write(Trace.of(trace.replace(outcomes=tuple(inside))))
    jsonschema.validate(json.loads(written), SCHEMA)
    again = native.read(written, "again.json")
    assert list(again.outcomes) == inside
    assert again.certainty.obstacles == (Obstacle.TUNNEL,)


def test_names_and_facts_read_back_equal() -> None:
    address = ip_address("192.0.2.254")
    trace = traced("plain").replace(
        names={address: "gw.example"},
        facts={"site": {address: "A"}, "empty": {}},
        tables={"site": (Table("a", 1.5, is_built=False), Table("b", 2, is_built=True))},
    )
    written = native.write(trace)
    jsonschema.validate(json.loads(written), SCHEMA)
    again = native.read(written, "x")
    assert (again.names, again.facts) == (trace.names, trace.facts)
    assert again.tables == trace.tables


def test_ways_and_what_was_chosen_of_them_read_back_equal() -> None:
    trace = traced("two-way")
    source = ip_address("192.0.2.1")
    probing = trace.plan.probing._replace(mark=7, interface="eth1", asked_source=source)
    probing = probing._replace(payload="ntp")
    ways = {
        0: Way(ip_address("192.0.2.1"), "eth1", ip_address("192.0.2.254")),
        1: Way(ip_address("198.51.100.1"), "tun0", None),
        2: Way(ip_address("192.0.2.1"), "eth1", ip_address("192.0.2.254")),
    }
    written = native.write(trace.replace(ways=ways, plan=trace.plan.replace(probing=probing)))
    jsonschema.validate(json.loads(written), SCHEMA)
    assert [way["flows"] for way in json.loads(written)["ways"]] == [[0, 2], [1]]
    again = native.read(written, "x")
    assert (list(again.ways.items()), again.plan.probing) == (list(ways.items()), probing)
    assert native.write(again) == written


@pytest.mark.parametrize("facts", [{"site": {"192.0.2.1": 5}}, {"site": {"x": "A"}}, {"site": 1}])
def test_facts_that_are_not_text_by_address_are_refused(facts: object) -> None:
    document = {**json.loads(native.write(traced("plain"))), "facts": facts}
    with pytest.raises(FormatError, match=r"x: facts\.site"):
        native.read(json.dumps(document), "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"x\.json:1: not JSON"),
        ("{", r"x\.json:1: not JSON"),
        ("[]", "not a paris-trace file"),
        ('{"format": "paris-trace", "version": 99}', "version 99"),
        ('{"format": "paris-trace", "version": 1}', "'plan' is missing"),
    ],
)
def test_a_file_that_is_not_a_trace_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as failure:
        native.read(text, "x.json")
    assert "\n" not in str(failure.value)


def test_a_thousand_damaged_files_are_refused_or_read_but_never_crash() -> None:
    random = Random(4)
    document = json.loads(native.write(traced("two-way")))
    odd: list[Any] = [None, -1, 1e308, "x", [], {}, True, 10**30, "192.0.2.1", 0]
    outcomes = {"read": 0, "refused": 0}
    for _ in range(1000):
        damaged = json.loads(json.dumps(document))
        for _ in range(random.randint(1, 3)):
            holder = damaged
            key = random.choice(list(holder))
            while isinstance(holder[key], dict | list) and holder[key] and random.random() < 0.9:
                holder = holder[key]
                keys = list(holder) if isinstance(holder, dict) else range(len(holder))
                key = random.choice(keys)
            holder[key] = random.choice(odd)
        try:
            native.read(json.dumps(damaged), "x.json")
            outcomes["read"] += 1
        except ParisTraceError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 50


def test_findings_without_a_writer_become_objects_of_their_fields() -> None:
    share = Share(Vertex(3, None, 1), flows=2, share=0.5, low=0.1, high=0.9)
    assert studies_json.values([share, {"limit": RateLimit(20.0, 5)}, ip_address("192.0.2.1")]) == [
        {"successor": "*1@3", "flows": 2, "share": 0.5, "low": 0.1, "high": 0.9},
        {"limit": {"rate_pps": 20.0, "burst": 5}},
        "192.0.2.1",
    ]
