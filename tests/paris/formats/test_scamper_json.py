"""scamper's JSON of this program comes back equal; test_warts compares it with scamper's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mda.model import Loss, StopReason
from paris.formats import scamper_json, warts
from paris.formats.readers import scamper_json as reader
from paris.formats.readers import warts as warts_reader
from tests.support.scamper import KINDS, kept, multipath, planned, single_path

if TYPE_CHECKING:
    from mda.record import Record
    from mda.trace import Trace


def again(trace: Trace) -> Record:
    (found,) = reader.read(scamper_json.write(trace).encode(), "x.jsonl")
    return found.record()


def by_warts(trace: Trace) -> Record:
    (found,) = warts_reader.read(warts.write(trace), "x.warts")
    return found.record()


def line_of(trace: Trace) -> Any:
    return json.loads(scamper_json.write(trace).splitlines()[1])


@pytest.mark.parametrize("kind", KINDS)
def test_json_holds_the_same_probes_as_warts(kind: str) -> None:
    for trace in (multipath(kind), single_path(kind)):
        record, other = again(trace), by_warts(trace)
        assert kept(record.outcomes) == kept(other.outcomes, interfaces=False)
        assert planned(record) == planned(other)
        assert record.stopped == other.stopped


def test_the_lines_of_a_cycle_stand_around_those_of_the_traces() -> None:
    traces = [multipath("two-way"), single_path("two-way").replace(started_at_unix_s=1.7e9 + 60)]
    lines = [json.loads(line) for line in "".join(scamper_json.stream(traces)).splitlines()]
    assert [line["type"] for line in lines] == ["cycle-start", "tracelb", "trace", "cycle-stop"]
    assert (lines[0]["start_time"], lines[-1]["stop_time"]) == (1_700_000_000, 1_700_000_060)


def test_a_cell_names_who_replied_and_a_star_has_the_lost_probes() -> None:
    for node in line_of(multipath("per-packet"))["nodes"]:
        for cell in (cell for row in node["links"] for cell in row):
            replies = [own for own in cell["probes"] if "replies" in own]
            assert cell["addr"] != "*" or not replies
            assert all(own["replyc"] == len(own.get("replies", ())) for own in cell["probes"])
    silent = [
        own
        for node in line_of(multipath("silent-hop"))["nodes"]
        for row in node["links"]
        for cell in row
        if cell["addr"] == "*"
        for own in cell["probes"]
    ]
    lost = [own for own in multipath("silent-hop").outcomes if isinstance(own, Loss)]
    assert len(silent) == len(lost) > 0


def test_names_and_labels_are_written_as_scamper_writes_them() -> None:
    trace = multipath("mpls")
    address = next(own.responder for own in trace.replies if own.mpls)
    line = line_of(trace.replace(names={address: "evil\x1b[2J"}, stopped=StopReason.PROBE_BUDGET))
    assert line["probec"] == line["probec_max"] == trace.probes_sent
    assert [node.get("name") for node in line["nodes"] if node["addr"] == str(address)] == [
        "evil\x1b[2J"
    ]
    stacks = [
        part
        for node in line["nodes"]
        for row in node["links"]
        for cell in row
        for probe in cell["probes"]
        for reply in probe.get("replies", ())
        for part in reply.get("icmpext", ())
    ]
    assert stacks
    for part in stacks:
        assert (part["ie_cn"], part["ie_ct"], part["ie_dl"]) == (1, 1, 4 * len(part["mpls_labels"]))


def test_nothing_is_written_of_no_traces() -> None:
    assert "".join(scamper_json.stream([])) == ""
