"""Packets in a file: blocks come back as they were written, in either byte order."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest

from mda.model import Loss, ProbeRequest, StopReason
from mda.record import Table
from paris.errors import ExitCode, FormatError
from paris.formats import capture, pcapng
from paris.formats.capture import Writer
from paris.formats.pcapng import Direction, Names, Packet, Section, Statistics
from tests.support.traces import RAW_WIRE, assembled

CHECKOUT = Path(__file__).parents[3]
PLAN = assembled([]).plan
SOME = [
    Packet(1_700_000_000_123_456_789, Direction.SENT, b"\x45" + bytes(19), "a probe"),
    Packet(1_700_000_001_000_000_001, Direction.RECEIVED, b"\x60" + bytes(42)),
]


def test_pcapng_blocks_read_back_equal() -> None:
    named = {ip_address("192.0.2.1").packed: "one", ip_address("2001:db8::1").packed: "two"}
    data = pcapng.header("a comment", "a program") + b"".join(map(pcapng.packet, SOME))
    data += pcapng.names(named) + pcapng.statistics("the end", 1_700_000_002_000_000_000, 7)
    assert list(pcapng.read(data, "x")) == [
        Section("a comment"), *SOME, Names(named), Statistics("the end"),
    ]  # fmt: skip


def test_pcapng_in_the_other_byte_order_and_other_resolutions_is_read() -> None:
    def block(kind: int, body: bytes) -> bytes:
        size = struct.pack(">I", 12 + len(body))
        return struct.pack(">I", kind) + size + body + size

    section = block(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1))
    microseconds = block(1, struct.pack(">HHI", 101, 0, 0))
    halves = block(1, struct.pack(">HHIHHB3x", 101, 0, 0, 9, 1, 0x81))
    unknown = block(0xBAD, bytes(8))
    ticks = struct.pack(">II", 0, 3)
    packets = [
        block(6, struct.pack(">I", n) + ticks + struct.pack(">II", 2, 2) + b"hi\0\0")
        for n in (0, 1)
    ]
    found = list(pcapng.read(section + microseconds + unknown + halves + b"".join(packets), "x"))
    assert found == [
        Section(""),
        Packet(3_000, Direction.UNKNOWN, b"hi"),
        Packet(1_500_000_000, Direction.UNKNOWN, b"hi"),
    ]


def test_a_file_that_ends_within_a_block_is_read_up_to_that_block() -> None:
    data = pcapng.header("", "") + b"".join(map(pcapng.packet, SOME))
    assert list(pcapng.read(data[:-1], "x")) == [Section(""), SOME[0]]


@pytest.mark.parametrize("size", [0, 8, 13])
def test_a_block_with_an_impossible_size_raises_an_error(size: int) -> None:
    wrong = struct.pack("<II", 6, size) + bytes(20)
    with pytest.raises(FormatError, match=r"x\.pcapng: .*cannot be"):
        list(pcapng.read(pcapng.header("", "") + wrong, "x.pcapng"))


def test_a_capture_keeps_40_000_losses() -> None:
    # A comment holds 65,535 bytes: these are some thirty times as many.
    lost = [
        Loss(request=ProbeRequest(flow, 255, 0), sent_at_s=flow / 1e3, gave_up_at_s=flow / 1e3 + 1)
        for flow in range(40_000)
    ]
    file = io.BytesIO()
    writer = Writer(file)
    writer.begin(PLAN, RAW_WIRE, 1_700_000_000.0)
    for loss in lost:
        writer.sent([loss.request], [b"\x45" + bytes(19)], [loss.sent_at_s])
    writer.end(
        outcomes=lost,
        stopped=StopReason.COMPLETE,
        duration_s=42.0,
        wire=RAW_WIRE,
    )
    found = capture.read(file.getvalue(), "file")
    assert list(found.losses.values()) == [(loss.request, loss.gave_up_at_s) for loss in lost]
    assert [packet.at_s for packet in found.packets] == [loss.sent_at_s for loss in lost]
    assert (found.stopped, found.duration_s, found.plan) == (StopReason.COMPLETE, 42.0, PLAN)
    assert writer.fault is None


def test_send_times_that_became_known_late_are_corrected() -> None:
    file = io.BytesIO()
    writer = Writer(file)
    writer.begin(PLAN, RAW_WIRE, 0.0)
    request = ProbeRequest(1, 2, 0)
    writer.sent([request], [b"\x45" + bytes(19)], [0.5])
    loss = Loss(request=request, sent_at_s=0.75, gave_up_at_s=1.0)
    writer.end(
        outcomes=[loss],
        stopped=StopReason.COMPLETE,
        duration_s=1.0,
        wire=RAW_WIRE,
    )
    (packet,) = capture.read(file.getvalue(), "file").packets
    assert (packet.request, packet.at_s) == (request, 0.75)


@pytest.mark.parametrize(("told_s", "expected_s"), [(0.5005, [0.5005, 2.5]), (2.6, [0.5, 2.6])])
def test_the_nearest_send_time_of_a_probe_that_was_sent_twice_is_corrected(
    told_s: float, expected_s: list[float]
) -> None:
    file = io.BytesIO()
    writer = Writer(file)
    writer.begin(PLAN, RAW_WIRE, 0.0)
    request = ProbeRequest(1, 2, 0)
    for at_s in (0.5, 2.5):
        writer.sent([request], [b"\x45" + bytes(19)], [at_s])
    loss = Loss(request=request, sent_at_s=told_s, gave_up_at_s=3.0)
    writer.end(
        outcomes=[loss],
        stopped=StopReason.COMPLETE,
        duration_s=3.0,
        wire=RAW_WIRE,
    )
    assert [packet.at_s for packet in capture.read(file.getvalue(), "file").packets] == expected_s


def test_a_capture_keeps_names_and_facts() -> None:
    file = io.BytesIO()
    writer = Writer(file)
    writer.begin(PLAN, RAW_WIRE, 0.0)
    names = {ip_address("192.0.2.7"): "seven.example", ip_address("2001:db8::7"): "also"}
    facts = {"site": {ip_address("192.0.2.7"): "A"}, "empty": {}}
    writer.end(
        outcomes=[],
        stopped=StopReason.COMPLETE,
        duration_s=0.0,
        wire=RAW_WIRE,
    )
    tables = {"site": (Table("a", 1.5, is_built=False), Table("b", 2, is_built=True))}
    writer.found(names, facts, tables)
    read = capture.read(file.getvalue(), "file")
    assert (read.names, read.facts, read.tables) == (names, facts, tables)


def test_a_full_disk_ends_the_writing_but_not_the_measurement(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    ran = subprocess.run(
        [sys.executable, "-m", "paris", "--sim", "two-way", "--mda", "-o", "/dev/full",
         "--format", "pcapng", "-o", str(kept)],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == ExitCode.OUTPUT
    assert ran.stderr.startswith("paris-trace: cannot write /dev/full: No space left on device\n")
    assert ran.stderr.endswith(".pcapng, for --replay\n")  # the journal is kept
    assert json.loads(kept.read_text())["run"]["stopped"] == "complete"


@pytest.mark.lab
def test_tshark_reads_a_capture_with_its_comments(tmp_path: Path) -> None:
    assert shutil.which("tshark"), "tshark is needed"
    file = tmp_path / "some.pcapng"
    ran = subprocess.run(
        [sys.executable, "-m", "paris", "--sim", "mpls", "--mda", "-o", str(file),
         "-o", str(tmp_path / "some.json")],
        cwd=CHECKOUT, capture_output=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    fields = ("frame.comment", "frame.packet_flags_direction", "_ws.malformed", "frame.time_epoch")
    shown = subprocess.run(
        ["tshark", "-r", str(file), "-T", "fields", "-E", "separator=|",
         *(part for field in fields for part in ("-e", field))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = [line.split("|") for line in shown.stdout.splitlines()]
    document = json.loads((tmp_path / "some.json").read_text())
    sent = [json.loads(row[0]) for row in rows if int(row[1], 0) == 2]
    assert len(sent) == document["run"]["probes_sent"]
    assert all(set(probe) == {"flow", "ttl", "attempt"} for probe in sent)
    assert sum(int(row[1], 0) == 1 for row in rows) == document["run"]["answered"]
    assert not any(row[2] for row in rows)
