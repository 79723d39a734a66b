"""Files that scamper made are read as scamper's own sc_wartsdump reads them, and never half."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import paris
from mda.model import Loss, Reply, ReplyKind, StopReason
from mda.plan import Algorithm
from mda.trace import Trace
from paris import replay
from paris.errors import FormatError
from paris.formats import native
from paris.formats.readers import warts
from tests.support.commands import run
from tests.support.refusals import refusals_of_beginnings

if TYPE_CHECKING:
    from mda.record import Record

FILES = Path(__file__).parents[3] / "data" / "warts"
DUMPED = sorted({path.stem for path in FILES.glob("*.dump")})
_US = 1e-6


def read(stem: str) -> Record:
    file = FILES / f"{stem}.warts"
    (found,) = warts.read(file.read_bytes(), str(file))
    return found.record()


def near(seconds: float) -> Any:
    return pytest.approx(seconds, abs=_US)


def told_of_tracelb(dump: str) -> list[tuple[int, int, float, tuple[Any, ...] | None]]:
    """Flow id, TTL, time of sending, and reply of every probe in the words of sc_wartsdump."""
    probes = re.split(r"\n  probe ", dump)[1:]
    told = []
    for probe in probes:
        sent = re.match(r"flowid: (\d+), ttl: (\d+), attempt: \d+, tx: ([\d.]+)", probe)
        assert sent is not None
        reply = re.search(
            r"reply from: (\S+), rtt: ([\d.]+), ttl: (\d+)(?:, ipid: 0x(\w+))?\n"
            r"     (?:icmp: (\d+)/(\d+)|tcp flags 0x(\w+))(?:.*q-ttl: (\d+))?",
            probe,
        )
        told.append((
            int(sent[1]), int(sent[2]), float(sent[3]),
            None if reply is None else (
                reply[1], near(float(reply[2])), int(reply[3]),
                None if reply[4] is None else int(reply[4], 16),
                None if reply[5] is None else (int(reply[5]), int(reply[6])),
                None if reply[8] is None else int(reply[8]),
            ),
        ))  # fmt: skip
    return sorted(told, key=lambda probe: (*probe[:3], probe[3] is not None))


def told_of_trace(dump: str) -> list[tuple[int, int, tuple[Any, ...]]]:
    """TTL, attempt and reply of every answered probe in the words of sc_wartsdump."""
    return [
        (
            int(hop[1]), int(hop[3]) - 1,
            (
                hop[2], near(float(hop[4])), int(hop[5]), int(hop[6] or "0", 16) or None,
                None if hop[7] is None else (int(hop[7]), int(hop[8])),
            ),
        )
        for hop in re.finditer(
            r"hop +(\d+)  (\S+)\n attempt: (\d+).*rtt: ([\d.]+)s.*\n reply-ttl: (\d+), "
            r"reply-size: \d+(?:, reply-ipid: 0x(\w+))?.*\n "
            r"(?:icmp-type: (\d+), icmp-code: (\d+))?",
            dump,
        )
    ]  # fmt: skip


def icmp(reply: Reply) -> tuple[int, int] | None:
    return None if reply.icmp_type is None else (reply.icmp_type, reply.icmp_code or 0)


def lb_reply(reply: Reply) -> tuple[Any, ...]:
    return (
        str(reply.responder), reply.rtt_s, reply.reply_ttl, reply.reply_ip_id, icmp(reply),
        reply.quoted_ttl,
    )  # fmt: skip


@pytest.mark.parametrize("stem", [stem for stem in DUMPED if "trace-" not in stem])
def test_every_probe_and_reply_of_a_tracelb_is_what_sc_wartsdump_says(stem: str) -> None:
    dump, record = (FILES / f"{stem}.dump").read_text(), read(stem)
    probing = record.plan.probing
    bases = {"sport": probing.sport, "dport": probing.dport, "icmp-checksum": 1}
    first = bases[probing.flow_field]
    assert first is not None
    known = [
        (
            outcome.request.flow + first, outcome.request.ttl,
            near(outcome.sent_at_s + record.started_at_unix_s),
            lb_reply(outcome) if isinstance(outcome, Reply) else None,
        )
        for outcome in record.outcomes if outcome.is_timed
    ]  # fmt: skip
    known.sort(key=lambda probe: (*probe[:2], probe[2].expected, probe[3] is not None))
    assert known == told_of_tracelb(dump)
    stated = re.search(r"confidence: (\d+).*\n.*\n nodec: \d+, linkc: \d+, probec: (\d+)", dump)
    assert stated is not None
    assert round(100 * (1 - record.plan.bound.failure_probability)) == int(stated[1])
    if not stem.startswith("synth"):  # those count too few
        assert record.probes_sent == int(stated[2])
    assert record.plan.algorithm is Algorithm.MDA
    assert record.stopped is StopReason.COMPLETE


@pytest.mark.parametrize("stem", [stem for stem in DUMPED if "trace-" in stem])
def test_every_reply_of_a_trace_is_what_sc_wartsdump_says(stem: str) -> None:
    dump, record = (FILES / f"{stem}.dump").read_text(), read(stem)
    known = [
        (
            outcome.request.ttl, outcome.request.attempt,
            (
                str(outcome.responder), outcome.rtt_s, outcome.reply_ttl,
                outcome.reply_ip_id or None, icmp(outcome),
            ),
        )
        for outcome in record.outcomes if isinstance(outcome, Reply)
    ]  # fmt: skip
    assert known == told_of_trace(dump)
    stated = re.search(r"probec: (\d+)", dump)
    assert stated is not None
    if not stem.startswith("synth"):
        assert record.probes_sent == int(stated[1])
    is_classic = record.plan.probing.flow_field == "dport"
    assert record.plan.algorithm is (Algorithm.CLASSIC if is_classic else Algorithm.PARIS)


@pytest.mark.parametrize(
    ("stem", "vertices", "edges"),
    [
        ("tracelb-udp-sport", 8, 10),
        ("tracelb-tcp-sport", 8, 10),
        ("tracelb-udp-sport-v6", 11, 13),
        ("tracelb-udp-sport-v6-missed", 9, 10),
        ("tracelb-silent-balancer", 8, 10),
        ("tracelb-icmp-echo", 5, 4),
        ("trace-silent-merge", 5, 4),
    ],
)
def test_the_graph_is_that_of_the_network(stem: str, vertices: int, edges: int) -> None:
    """The figures are those of the network that was traced; the source is one vertex more."""
    graph = Trace.of(read(stem)).dag
    assert (len(graph) - 1, graph.number_of_edges() - 1) == (vertices, edges)


def test_what_a_record_leaves_out_is_not_invented() -> None:
    trace = Trace.of(read("tracelb-udp-sport"))
    (first,) = (reply for reply in trace.replies if reply.request.ttl == 1)
    assert (str(first.responder), first.rtt_s, first.quoted_ttl) == ("192.0.2.2", None, 1)
    assert trace.plan.seed is None
    assert trace.wire.tool == "scamper tracelb udp-sport"
    silent = [own for own in read("trace-silent-merge").outcomes if isinstance(own, Loss)]
    assert [(loss.request.ttl, loss.is_timed) for loss in silent] == [(4, False), (4, False)]
    shown = run(str(FILES / "tracelb-udp-sport.warts"), program="paris-render").stdout
    assert " 1    192.0.2.2\n" in shown
    assert "judged" not in shown  # the file says at what confidence it was measured
    assert "measured by scamper tracelb udp-sport, which keeps no rewritten headers" in shown


def test_python_reads_the_same_file() -> None:
    result = paris.read(str(FILES / "tracelb-udp-sport.warts"))
    assert [row["replies"] for row in result.hops()] == [1, 6, 11, 6, 5, 5, 24, 1]


def test_label_stacks_are_read() -> None:
    labels = {
        str(reply.responder): [(own.label, own.traffic_class, own.bottom, own.ttl) for own in mpls]
        for reply in Trace.of(read("synth-diamond-mpls")).replies
        if (mpls := reply.mpls)
    }
    assert labels == {"198.51.100.2": [(16001, 0, False, 1), (24017, 5, True, 254)]}


@pytest.mark.parametrize("stem", sorted(path.stem for path in FILES.glob("*.warts")))
def test_what_is_read_goes_through_json_or_is_refused_with_its_place(stem: str) -> None:
    file = str(FILES / f"{stem}.warts")
    if stem == "synth-bare-minimal":
        with pytest.raises(
            FormatError, match=r"byte \d+: a tracelb by method 0, which is not read"
        ):
            replay.saved(file)
        return
    trace = replay.saved(file)
    assert isinstance(trace, Trace)
    again = native.write(trace)
    assert native.write(native.read(again, "x")) == again


def test_silence_at_the_first_hop_is_a_star() -> None:
    """Scamper's own readers of 2021 refuse this file, which it wrote itself."""
    trace = Trace.of(read("tracelb-silent-first"))
    assert [vertex.address for vertex in trace.dag if vertex.ttl == 1] == [None]


def altered(stem: str, before: str, after: str) -> Trace:
    """A file with other bytes, given in hexadecimal digits, in one place."""
    data = (FILES / f"{stem}.warts").read_bytes()
    old, new = bytes.fromhex(before), bytes.fromhex(after)
    assert data.count(old) == 1
    (found,) = warts.read(data.replace(old, new), "x")
    return Trace.of(found.record())


# Attempts, hop limit, method, and the size of probes in the head of `trace-silent-merge`.
_UDP_PARIS = "02 00 05 002c"


@pytest.mark.parametrize(
    ("method", "field"), [("02", "dport"), ("01", "icmp-checksum")], ids=("udp", "icmp-echo")
)
def test_each_probe_of_a_classic_traceroute_is_another_flow(method: str, field: str) -> None:
    trace = altered("trace-silent-merge", _UDP_PARIS, f"02 00 {method} 002c")
    assert (trace.plan.algorithm, trace.plan.probing.flow_field) == (Algorithm.CLASSIC, field)
    sent = [(own.request.flow, own.request.ttl, own.request.attempt) for own in trace.outcomes]
    assert sorted(sent) == [(0, 1, 0), (1, 2, 0), (2, 3, 0), (3, 4, 0), (4, 4, 0), (5, 5, 0)]
    silent = [vertex for vertex in trace.dag if vertex.address is None]
    assert [vertex.ttl for vertex in silent] == [4]


def test_a_classic_traceroute_is_said_to_follow_no_path() -> None:
    file = str(FILES / "trace-udp-v6.warts")
    shown = run("--replay", file, "--paths").stdout
    assert "udp 33456 -> 33434, another flow for each probe, max 255 hops" in shown
    assert "\neach probe was another flow, so the hops may be of several paths\n" in shown
    assert "\n4 links assumed, not measured\n" in shown
    assert "\nno paths: each probe was another flow, so no ports select one\n" in shown


def test_a_reset_that_answers_an_ack_says_nothing_of_a_port() -> None:
    ran = run(str(FILES / "tracelb-tcp-ack-sport.warts"), program="paris-render")
    assert "tcp 50625 -> 80 ACK, flows by source port" in ran.stdout
    assert "(destination: reset)" in ran.stdout
    assert "port closed" not in ran.stdout
    assert run("--replay", str(FILES / "tracelb-tcp-ack-sport.warts")).returncode == 0


def test_how_the_destination_at_the_first_hop_answered_is_unknown(tmp_path: Path) -> None:
    """A record ends with its first node, which the destination is: its probes are left out."""
    whole = (FILES / "tracelb-icmp-echo.warts").read_bytes()
    body = whole[whole.index(b"\x12\x05\0\x08") + 8 :]
    for before, after in (
        ("00 0005 0004 00000014", "00 0001 0000 00000001"),  # nodes, links, probes
        ("04 01 cb007102 00000003", "04 01 c0000202 00000003"),  # destination, user
    ):
        assert body.count(bytes.fromhex(before)) == 1
        body = body.replace(bytes.fromhex(before), bytes.fromhex(after))
    body = body[: body.index(bytes.fromhex("1e000a01 0001 01 0401 c0000206"))]  # the second node
    file = tmp_path / "x.warts"
    file.write_bytes(struct.pack("!HHI", 0x1205, 8, len(body)) + body)
    trace = replay.saved(str(file))
    assert isinstance(trace, Trace)
    (reply,) = trace.replies
    assert (reply.kind, reply.rtt_s, reply.icmp_type) == (ReplyKind.UNKNOWN, None, None)
    assert "reached in 1 hop" in run(str(file), program="paris-render").stdout
    assert "(destination: answers)" in run(str(file), program="paris-render").stdout


@pytest.mark.parametrize(
    "stem", ["synth-diamond-mpls", "synth-trace-gap-mpls", "trace-tcp", "trace-icmp-paris-v6"]
)
def test_every_beginning_of_a_file_is_read_or_refused_with_its_place(stem: str) -> None:
    data = (FILES / f"{stem}.warts").read_bytes()
    said = refusals_of_beginnings(data, warts.read)
    assert len(said) > len(data) * 0.9
    assert [line for line in said if not re.match(r"x: byte \d+: cut short", line)] == []


def test_bytes_between_records_are_refused_with_their_place() -> None:
    data = (FILES / "trace-tcp.warts").read_bytes()
    with pytest.raises(FormatError, match=f"x: byte {len(data)}: no record begins here"):
        list(warts.read(data + b"\0\0\0\0", "x"))
