"""The JSON of fast-mda-traceroute is read as it says.

The files are what its own code wrote of the replies of `dublin-traceroute.json`, whose ports were
swapped for that: of UDP with all replies, of ICMP with those of routers alone.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mda.model import Reply
from mda.plan import Algorithm
from mda.trace import Trace
from paris import replay
from paris.formats import native
from paris.formats.readers import fast_mda
from tests.support.commands import run
from tests.support.refusals import refusals_of_beginnings

FILES = Path(__file__).parents[3] / "data" / "results"
STEMS = ("fast-mda-udp", "fast-mda-icmp")


def measured(stem: str) -> Trace:
    trace = replay.saved(str(FILES / f"{stem}.json"))
    assert isinstance(trace, Trace)
    return trace


def answered() -> list[tuple[int, int, Any]]:
    """Flow, TTL and reply of every answered probe in the file of dublin-traceroute."""
    flows = json.loads((FILES / "dublin-traceroute.json").read_text())["flows"]
    return [
        (int(flow) - 33434, hop["sent"]["ip"]["ttl"], hop["received"])
        for flow, hops in flows.items() for hop in hops if hop["received"] is not None
    ]  # fmt: skip


@pytest.mark.parametrize(("stem", "most_ttl"), [("fast-mda-udp", 5), ("fast-mda-icmp", 4)])
def test_every_reply_that_the_file_keeps_is_read(stem: str, most_ttl: int) -> None:
    known = Counter(
        (own.request.flow, own.request.ttl, str(own.responder))
        for own in measured(stem).outcomes if isinstance(own, Reply)
    )  # fmt: skip
    kept = [(flow, ttl, reply) for flow, ttl, reply in answered() if ttl <= most_ttl]
    # A reply is kept where the one before it came: not that at TTL 2 behind the only lost probe.
    told = Counter(
        (flow, ttl, reply["ip"]["src"]) for flow, ttl, reply in kept if (flow, ttl) != (0, 2)
    )
    assert known == told


def test_the_first_hop_is_that_of_the_flows_which_passed_it() -> None:
    """The first node of the file is at hop 2, as its flow got no answer at hop 1."""
    trace = measured("fast-mda-udp")
    nodes = json.loads((FILES / "fast-mda-udp.json").read_text().splitlines()[1])["nodes"]
    assert nodes[0]["addr"] == "192.0.2.6"
    assert [str(vertex.address) for vertex in trace.dag if vertex.ttl == 1] == ["192.0.2.2"]


def test_round_trips_are_those_of_the_file() -> None:
    (reply,) = (own for own in measured("fast-mda-udp").replies if own.request[:2] == (0, 3))
    assert reply.rtt_s == pytest.approx(0.0014)
    assert reply.quoted_ttl == 1


@pytest.mark.parametrize("stem", STEMS)
def test_what_is_read_goes_through_our_json(stem: str) -> None:
    trace = measured(stem)
    assert trace.plan.algorithm is Algorithm.MDA
    assert trace.plan.probing.sport is None
    again = native.write(trace)
    assert native.write(native.read(again, "x")) == again


def test_what_is_missing_is_said() -> None:
    shown = run(str(FILES / "fast-mda-udp.json"), program="paris-render").stdout
    assert "udp, ports unknown, flows as the file numbers them" in shown
    assert "measured by fast-mda-traceroute udp-sport, which keeps no rewritten headers" in shown


def test_every_beginning_of_a_file_is_read_or_refused_with_its_place() -> None:
    cycle, line, _ = (FILES / "fast-mda-udp.json").read_text().splitlines()
    value = json.loads(line)
    value["nodes"] = value["nodes"][:1]
    for row in value["nodes"][0]["links"]:
        for cell in row:
            cell["probes"] = cell["probes"][:1]
    said = refusals_of_beginnings(f"{cycle}\n{json.dumps(value)}".encode(), fast_mda.read)
    assert said
    assert [own for own in said if not own.startswith("x: byte ")] == []
