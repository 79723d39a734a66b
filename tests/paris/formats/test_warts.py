"""Warts that this program writes: scamper's own programs read them, and they come back equal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mda.model import Loss, ProbeRequest, StopReason
from mda.plan import Algorithm
from mda.trace import Trace
from paris import replay
from paris.errors import OutputError
from paris.formats import scamper_json, scamper_lacks, warts
from paris.formats.readers import warts as reader
from paris.formats.scamper_lattice import lattice
from tests.render.samples import TRACES
from tests.support.scamper import KINDS, kept, multipath, planned, said_by, single_path

if TYPE_CHECKING:
    from mda.record import Record

DATA = Path(__file__).parents[2] / "data"


def again(trace: Trace) -> Record:
    (found,) = reader.read(warts.write(trace), "x.warts")
    return found.record()


@pytest.mark.parametrize("kind", KINDS)
def test_a_multipath_trace_comes_back_but_for_the_probes_to_its_first_hop(kind: str) -> None:
    trace = multipath(kind)
    record, left_out = again(trace), set(lattice(trace).left_out)
    first, *others = kept(record.outcomes)
    assert others == kept(own for own in trace.outcomes if own not in left_out)
    assert planned(record) == planned(trace)
    nearest = min(own.request.ttl for own in trace.replies)
    assert {own.request.ttl for own in left_out} <= set(range(1, nearest + 1))
    assert first.request == (0, nearest, 0)
    assert first.answer is not None
    assert first.answer[1] in {own.responder for own in left_out if not isinstance(own, Loss)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_trace_of_one_flow_comes_back_up_to_its_last_hop(kind: str) -> None:
    trace = single_path(kind)
    record = again(trace)
    last_ttl = min((own.ttl for own in trace.arrivals), default=30)
    near = [own for own in trace.outcomes if own.request.ttl <= last_ttl]
    replied = [own for own in kept(record.outcomes) if own.answer is not None]
    assert replied == [own for own in kept(near) if own.answer is not None]
    lost = {own.request for own in record.outcomes if isinstance(own, Loss)}
    asked = range(trace.plan.attempts)  # further attempts follow from nothing that trace keeps
    assert lost >= {own.request for own in near
                    if isinstance(own, Loss) and own.request.attempt in asked}  # fmt: skip
    assert planned(record)[:-1] == planned(trace)[:-1]
    assert record.plan.max_ttl == trace.plan.max_ttl


@pytest.mark.parametrize("name", TRACES)
def test_whatever_was_found_is_written_and_read(name: str) -> None:
    trace = TRACES[name]
    if trace.plan.probing.flow_field == "flow-label":
        with pytest.raises(OutputError, match="hold no ICMP probes whose flows differ by flow-"):
            warts.write(trace)
        return
    record, left_out = again(trace), set(lattice(trace).left_out)
    if record.plan.algorithm is Algorithm.MDA:
        told = {own.request for own in trace.outcomes if own not in left_out}
        assert told <= {own.request for own in record.outcomes}


def test_names_budgets_and_an_end_by_force_come_back() -> None:
    trace = multipath("two-way")
    names = {node: f"r{ttl}.example" for ttl, node in enumerate(lattice(trace).nodes.values())}
    cut = trace.replace(names=names, stopped=StopReason.PROBE_BUDGET)
    assert (again(cut).names, again(cut).stopped) == (names, StopReason.PROBE_BUDGET)
    for stopped in (StopReason.INTERRUPTED, StopReason.WIRE_ERROR):
        assert again(single_path("two-way").replace(stopped=stopped)).stopped is stopped


def test_a_time_that_32_bits_do_not_hold_is_refused() -> None:
    for moment_s in (-1.0, 2.0**32, 1e300):
        with pytest.raises(OutputError, match="only times from 1970 to 2106"):
            warts.write(multipath("two-way").replace(started_at_unix_s=moment_s))


def every() -> list[Trace]:
    return [*map(multipath, KINDS), *map(single_path, KINDS)]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file of all traces."""
    file = tmp_path_factory.mktemp("warts") / "all.warts"
    file.write_bytes(b"".join(warts.stream(every())))
    return file


@pytest.mark.lab
def test_sc_wartsdump_says_every_probe_and_reply(archive: Path) -> None:
    parts = re.split(r"^(?=trace(?:lb|route) from )", said_by("sc_wartsdump", archive), flags=re.M)[
        1:
    ]
    assert len(parts) == 2 * len(KINDS)
    for part, kind in zip(parts, KINDS, strict=False):
        trace = multipath(kind)
        left_out = set(lattice(trace).left_out)
        base = {"sport": trace.plan.probing.sport, "dport": trace.plan.probing.dport}
        first = base.get(trace.plan.probing.flow_field) or 1
        told = [
            (int(flow) - first, int(ttl), int(attempt), reply or None)
            for flow, ttl, attempt, reply in re.findall(
                r"flowid: (\d+), ttl: (\d+), attempt: (\d+), tx: [\d.]+\n"
                r"(?:   reply from: (\S+),)?",
                part,
            )
        ]
        assert sorted(told, key=str) == sorted(
            (
                (*own.request, None if isinstance(own, Loss) else str(own.responder))
                for own in trace.outcomes
                if own not in left_out
            ),
            key=str,
        )


@pytest.mark.lab
def test_sc_warts2text_draws_every_link(archive: Path) -> None:
    text = said_by("sc_warts2text", archive)
    told = re.findall(r"^tracelb from \S+ to \S+, (\d+) nodes, (\d+) links, (\d+) probes, 95%$",
                      text, re.M)  # fmt: skip
    assert told == [
        (str(len(found.nodes)), str(len(found.links)), str(trace.probes_sent))
        for trace in map(multipath, KINDS)
        for found in [lattice(trace)]
    ]


@pytest.mark.lab
def test_sc_warts2json_writes_the_lines_that_this_program_writes(archive: Path) -> None:
    """But for labels, losses and later hops, which it leaves out, and what it adds as 0."""
    traces = every()
    own = "".join(scamper_json.stream(traces)).splitlines()
    others = said_by("sc_warts2json", archive).splitlines()
    assert len(own) == len(others) == 2 + len(traces)
    for line, other in zip(map(json.loads, own), map(json.loads, others), strict=True):
        same = line.keys() - {"nodes", "hops"}
        assert {name: line[name] for name in same} == {name: other[name] for name in same}
        for hop, told in zip(line.get("hops", ()), other.get("hops", ()), strict=True):
            assert hop.items() <= told.items()
        for node, told in zip(line.get("nodes", ()), other.get("nodes", ()), strict=True):
            assert (node["addr"], node["linkc"]) == (told["addr"], told["linkc"])
            (cells, *_), (shown, *_) = node["links"], told["links"]
            answered = {
                (own["flowid"], own["ttl"], own["attempt"], own["replies"][0]["rtt"])
                for cell in shown
                for own in cell.get("probes", ())
                if "replies" in own
            }
            ours = {
                (own["flowid"], own["ttl"], own["attempt"], own["replies"][0]["rtt"])
                for row in node["links"]
                for cell in row
                for own in cell["probes"]
                if "replies" in own
            }
            assert answered <= ours, cells


@pytest.mark.parametrize(
    "stem", ["tracelb-tcp-ack-sport", "tracelb-icmp-echo-v6", "trace-tcp", "trace-udp-v6"]
)
def test_a_record_of_scamper_is_written_again(stem: str) -> None:
    trace = replay.saved(str(DATA / "warts" / f"{stem}.warts"))
    assert isinstance(trace, Trace)
    again_read = again(trace)
    assert planned(again_read) == planned(trace)
    assert kept(again_read.outcomes) == kept(trace.outcomes)


def classic(protocol: str, flow_field: str) -> Trace:
    """The trace of one flow as a classic traceroute sends it: each probe is the next flow."""
    trace = single_path("silent-hop")
    probing = trace.plan.probing._replace(protocol=protocol, flow_field=flow_field)
    last_ttl = min(own.ttl for own in trace.arrivals)  # a classic traceroute ends there
    sent = [own for own in trace.outcomes if own.request.ttl <= last_ttl]
    sent.sort(key=lambda own: (own.request.ttl, own.request.attempt))
    outcomes = [
        own._replace(request=ProbeRequest(flow, own.request.ttl, 0))
        for flow, own in enumerate(sent)
    ]
    plan = trace.plan.replace(algorithm=Algorithm.CLASSIC, attempts=1, probing=probing)
    return Trace.of(trace.replace(plan=plan, outcomes=tuple(outcomes)))


@pytest.mark.parametrize(
    ("protocol", "flow_field", "method"),
    [("udp", "dport", "udp"), ("icmp", "icmp-checksum", "icmp-echo")],
)
def test_a_classic_trace_is_one_without_flows(protocol: str, flow_field: str, method: str) -> None:
    trace = classic(protocol, flow_field)
    record = again(trace)
    assert planned(record)[:-1] == planned(trace)[:-1]
    answered = [own for own in kept(trace.outcomes) if own.answer is not None]
    assert [own for own in kept(record.outcomes) if own.answer is not None] == answered
    assert {own.request for own in record.outcomes} == {own.request for own in trace.outcomes}
    (_, line, _) = scamper_json.write(trace).splitlines()
    assert json.loads(line)["method"] == method
    assert scamper_lacks.of_warts(trace)[-1] != "the order of the probes"


@pytest.mark.lab
@pytest.mark.parametrize("program", ["sc_warts2json", "sc_warts2text", "sc_wartsdump"])
def test_programs_of_scamper_read_classic_traces(program: str, tmp_path: Path) -> None:
    traces = [classic("udp", "dport"), classic("icmp", "icmp-checksum")]
    file = tmp_path / "classic.warts"
    file.write_bytes(b"".join(warts.stream(traces)))
    shown = said_by(program, file)
    for trace in traces:
        for reply in trace.replies:
            assert str(reply.responder) in shown
    if program == "sc_warts2json":
        lines = map(json.loads, shown.splitlines()[1:-1])
        own = map(json.loads, list(scamper_json.stream(traces))[1:-1])
        for line, told in zip(own, lines, strict=True):
            assert line["method"] == told["method"]
            for hop, other in zip(line["hops"], told["hops"], strict=True):
                assert hop.items() <= other.items()


def test_a_classic_trace_whose_flows_do_not_count_up_by_hop_says_so() -> None:
    trace = classic("udp", "dport")
    *others, last = trace.outcomes
    first = others[0]._replace(request=others[0].request._replace(flow=last.request.flow))
    last = last._replace(request=last.request._replace(flow=0))
    swapped = Trace.of(trace.replace(outcomes=(first, *others[1:], last)))
    assert "the order of the probes" in scamper_lacks.of_warts(swapped)
    assert {own.responder for own in again(swapped).outcomes if not isinstance(own, Loss)} == {
        own.responder for own in trace.replies
    }


def test_classic_probes_that_scamper_has_not_are_refused() -> None:
    with pytest.raises(OutputError, match="hold no TCP probes whose flows differ by sport"):
        warts.write(classic("tcp", "sport"))


def test_results_of_atlas_are_written_without_ports() -> None:
    trace = replay.saved(str(DATA / "results" / "atlas.ndjson"))
    assert isinstance(trace, Trace)
    record = again(trace)
    assert record.plan.probing.sport is trace.plan.probing.sport is None
    assert {own.responder for own in record.outcomes if not isinstance(own, Loss)} <= {
        own.responder for own in trace.replies
    }
