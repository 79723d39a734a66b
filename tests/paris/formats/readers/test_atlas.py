"""Results of RIPE Atlas are read as they say, and those of several flows taken together.

`atlas.ndjson` is made from the tracelb of a network in namespaces, in the layout of the results.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mda.model import Loss, MplsEntry, Reply, ReplyKind
from mda.plan import Algorithm
from mda.trace import Trace
from paris import replay
from paris.formats import native
from paris.formats.readers import atlas
from tests.support.commands import run
from tests.support.refusals import refusals_of_beginnings

if TYPE_CHECKING:
    from mda.record import Record

FILE = Path(__file__).parents[3] / "data" / "results" / "atlas.ndjson"
RESULTS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text().splitlines()]


def records(*results: dict[str, Any]) -> list[Record]:
    data = "\n".join(map(json.dumps, results)).encode()
    return [found.record() for found in atlas.read(data, "x")]


def result(*replies: dict[str, Any], **others: Any) -> dict[str, Any]:
    """A result with one hop."""
    return {**RESULTS[0], "paris_id": 1, **others, "result": [{"hop": 3, "result": [*replies]}]}


def test_every_reply_of_the_file_is_read() -> None:
    (found,) = atlas.read(FILE.read_bytes(), "x")
    record = found.record()
    assert record.plan.algorithm is Algorithm.MDA
    known = Counter(
        (own.request.flow, own.request.ttl, str(own.responder), own.reply_ttl,
         None if own.rtt_s is None else round(own.rtt_s * 1e6))
        for own in record.outcomes if isinstance(own, Reply)
    )  # fmt: skip
    expected = Counter(
        (told["paris_id"] - 1, hop["hop"], own["from"], own["ttl"], round(own["rtt"] * 1000))
        for told in RESULTS for hop in told["result"] for own in hop["result"] if "from" in own
    )  # fmt: skip
    assert known == expected
    lost = sum("x" in own for told in RESULTS for hop in told["result"] for own in hop["result"])
    assert sum(isinstance(own, Loss) for own in record.outcomes) == lost > 0


def test_results_of_several_flows_are_one_view_and_that_is_said() -> None:
    shown = run(str(FILE), program="paris-render").stdout
    assert "udp, ports unknown, flows as the file numbers them" in shown
    assert (
        "measured by RIPE Atlas probe 1, measurement 1000001, 24 results of one flow each" in shown
    )
    assert "(width 3, length 2)" in shown
    trace = replay.saved(str(FILE))
    assert isinstance(trace, Trace)
    again = native.write(trace)
    assert native.write(native.read(again, "x")) == again


def test_an_array_is_read_as_lines_are() -> None:
    array = json.dumps(RESULTS, indent=2, ensure_ascii=False).encode()
    (listed,), (lined,) = atlas.read(array, "x"), atlas.read(FILE.read_bytes(), "x")
    assert listed.record() == lined.record()
    assert atlas.recognises(array)


def test_a_flow_that_comes_again_begins_the_next_view() -> None:
    later = [{**own, "timestamp": own["timestamp"] + 900} for own in RESULTS[:3]]
    views = records(*later, *RESULTS[:5])
    assert [len({own.request.flow for own in view.outcomes}) for view in views] == [3, 5]
    assert views[0].started_at_unix_s == views[1].started_at_unix_s + 900


def test_without_a_number_each_probe_is_another_flow() -> None:
    told = {key: value for key, value in RESULTS[0].items() if key != "paris_id"}
    (record,) = records(told)
    assert record.plan.algorithm is Algorithm.CLASSIC
    flows = sorted(own.request.flow for own in record.outcomes)
    assert flows == list(range(len(flows)))


def test_results_of_two_probes_are_two_traces() -> None:
    assert len(records(RESULTS[0], {**RESULTS[1], "prb_id": 2})) == 2


@pytest.mark.parametrize(
    ("reply", "kind", "icmp"),
    [
        ({"from": "192.0.2.9"}, ReplyKind.TIME_EXCEEDED, None),
        ({"from": "192.0.2.9", "err": "A"}, ReplyKind.UNREACHABLE, (3, 13)),
        ({"from": "192.0.2.9", "err": 10}, ReplyKind.UNREACHABLE, (3, 10)),
        ({"from": "203.0.113.2", "err": "p"}, ReplyKind.UNREACHABLE, (3, 3)),
        ({"from": "203.0.113.2"}, ReplyKind.UNKNOWN, None),
        ({"from": "203.0.113.2", "flags": "SA"}, ReplyKind.SYN_ACK, None),
        ({"from": "203.0.113.2", "flags": "RA"}, ReplyKind.RST, None),
    ],
    ids=["no error", "letter", "number", "port", "destination", "SYN-ACK", "reset"],
)
def test_what_answered_is_what_the_reply_says(
    reply: dict[str, Any], kind: ReplyKind, icmp: tuple[int, int] | None
) -> None:
    (record,) = records(result({**reply, "rtt": 1.5, "ttl": 60}))
    (own,) = record.outcomes
    assert isinstance(own, Reply)
    assert (own.kind, own.reply_ttl) == (kind, 60)
    assert (own.icmp_type, own.icmp_code) == (icmp or (None, None))
    assert own.rtt_s == pytest.approx(0.0015)


def test_replies_to_no_probe_and_probes_that_were_not_sent_do_not_count() -> None:
    reply = {"from": "192.0.2.9", "rtt": 1.0, "ttl": 60}
    late = {"from": "192.0.2.9", "late": 2, "ttl": 60}
    error = {"error": "sendto failed: Network is unreachable"}
    (record,) = records(result(reply, {**reply, "dup": True}, late, error, {"x": "*"}))
    assert {type(own) for own in record.outcomes} == {Reply, Loss}
    assert len(record.outcomes) == 2
    assert sum(record.unmatched.values()) == 2


def test_labels_are_read() -> None:
    entry = {"label": 16001, "exp": 3, "s": 1, "ttl": 254}
    labels = {"version": 2, "rfc4884": 1, "obj": [{"class": 1, "type": 1, "mpls": [entry]}]}
    (record,) = records(result({"from": "192.0.2.9", "rtt": 1.0, "icmpext": labels}))
    (own,) = record.outcomes
    assert isinstance(own, Reply)
    assert own.mpls == (MplsEntry(16001, 3, bottom=True, ttl=254),)


@pytest.mark.parametrize("packed", ["lines", "array"])
def test_every_beginning_of_a_file_is_read_or_refused_with_its_place(packed: str) -> None:
    hops = [{**own, "result": own["result"][-1:]} for own in RESULTS[:2]]
    text = json.dumps(hops) if packed == "array" else "\n".join(map(json.dumps, hops))
    said = refusals_of_beginnings(text.encode(), atlas.read)
    assert len(said) > len(text) * 0.9
    assert [line for line in said if not line.startswith("x: byte ")] == []
